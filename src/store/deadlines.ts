// Slots by the time at which something is due for them: a binary heap in typed arrays, each slot in it at most once.
// Setting, clearing and popping cost O(log n); when nothing is due there is nothing to look at.

const ABSENT = 0;

export class Deadlines {
  readonly #heap: Int32Array;
  /** Place in the heap + 1, by slot. */
  readonly #place: Int32Array;
  readonly #atMs: Float64Array;
  #size = 0;

  constructor(max: number) {
    this.#heap = new Int32Array(max);
    this.#place = new Int32Array(max);
    this.#atMs = new Float64Array(max);
  }

  /** When the next slot is due, Infinity where none is. */
  get nextAtMs(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : this.#atMs[this.#heap[0]!]!;
  }

  /** The slot that is due first; only where `nextAtMs` is finite. */
  get first(): number {
    return this.#heap[0]!;
  }

  /** When the slot is due, Infinity for never. */
  atMs(slot: number): number {
    return this.#place[slot] === ABSENT ? Number.POSITIVE_INFINITY : this.#atMs[slot]!;
  }

  /** Infinity clears. */
  set(slot: number, atMs: number): void {
    if (atMs === Number.POSITIVE_INFINITY) {
      this.clear(slot);
      return;
    }
    this.#atMs[slot] = atMs;
    if (this.#place[slot] === ABSENT) this.#put(this.#size++, slot);
    this.#settle(this.#place[slot]! - 1);
  }

  clear(slot: number): void {
    if (this.#place[slot] === ABSENT) return;
    const place = this.#place[slot]! - 1;
    this.#place[slot] = ABSENT;
    const last = this.#heap[--this.#size]!;
    if (last === slot) return;
    this.#put(place, last);
    this.#settle(place);
  }

  #put(place: number, slot: number): void {
    this.#heap[place] = slot;
    this.#place[slot] = place + 1;
  }

  #at(place: number): number {
    return this.#atMs[this.#heap[place]!]!;
  }

  #settle(from: number): void {
    let place = from;
    const slot = this.#heap[place]!;
    const atMs = this.#atMs[slot]!;
    while (place > 0 && atMs < this.#at((place - 1) >> 1)) {
      this.#put(place, this.#heap[(place - 1) >> 1]!);
      place = (place - 1) >> 1;
    }
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#at(child + 1) < this.#at(child)) child++;
      if (this.#at(child) >= atMs) break;
      this.#put(place, this.#heap[child]!);
      place = child;
    }
    this.#put(place, slot);
  }
}
