// The least misses that any policy could have: what is needed again last goes first.
// Source: Belady, "A study of replacement algorithms for virtual-storage computers" (1966).

export function belady(keys: Uint32Array, capacity: number): number {
  const nextUse = nextUses(keys);
  const heap = new FarthestFirst();
  /** When each key that is held is needed next. */
  const held = new Map<number, number>();
  let misses = 0;
  keys.forEach((key, at) => {
    if (!held.has(key)) {
      misses++;
      if (held.size === capacity) {
        let [use, victim] = heap.pop();
        // What was used since has a later entry in the heap.
        while (held.get(victim) !== use) [use, victim] = heap.pop();
        held.delete(victim);
      }
    }
    held.set(key, nextUse[at]!);
    heap.push(nextUse[at]!, key);
  });
  return misses;
}

/** For each request the place of the next for the same key; unlike numbers beyond the end where there is none. */
function nextUses(keys: Uint32Array): Float64Array {
  const uses = new Float64Array(keys.length);
  const last = new Map<number, number>();
  for (let at = keys.length - 1; at >= 0; at--) {
    uses[at] = last.get(keys[at]!) ?? keys.length + at;
    last.set(keys[at]!, at);
  }
  return uses;
}

class FarthestFirst {
  readonly #items: [use: number, key: number][] = [];

  push(use: number, key: number): void {
    const items = this.#items;
    let at = items.length;
    items.push([use, key]);
    for (let up = (at - 1) >> 1; at > 0 && items[up]![0] < use; up = (at - 1) >> 1) {
      items[at] = items[up]!;
      items[up] = [use, key];
      at = up;
    }
  }

  pop(): [use: number, key: number] {
    const items = this.#items;
    const top = items[0];
    const moved = items.pop();
    if (!top || !moved) throw new Error('belady: nothing is held');
    if (items.length === 0) return top;
    let at = 0;
    for (;;) {
      let down = 2 * at + 1;
      if (down + 1 < items.length && items[down + 1]![0] > items[down]![0]) down++;
      if (down >= items.length || items[down]![0] <= moved[0]) break;
      items[at] = items[down]!;
      at = down;
    }
    items[at] = moved;
    return top;
  }
}
