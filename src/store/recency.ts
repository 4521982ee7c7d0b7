// Doubly linked lists of slots in typed arrays, most recently read first: one list a cache, one for the doomed.

import { NO_SLOT } from './entries.ts';

export interface RecencyList {
  newest: number;
  oldest: number;
}

export function emptyList(): RecencyList {
  return { newest: NO_SLOT, oldest: NO_SLOT };
}

export class Recency {
  readonly #newer: Int32Array;
  readonly #older: Int32Array;

  constructor(max: number) {
    this.#newer = new Int32Array(max);
    this.#older = new Int32Array(max);
  }

  older(slot: number): number {
    return this.#older[slot]!;
  }

  newer(slot: number): number {
    return this.#newer[slot]!;
  }

  pushNewest(list: RecencyList, slot: number): void {
    this.#newer[slot] = NO_SLOT;
    this.#older[slot] = list.newest;
    if (list.newest === NO_SLOT) list.oldest = slot;
    else this.#newer[list.newest] = slot;
    list.newest = slot;
  }

  remove(list: RecencyList, slot: number): void {
    const newer = this.#newer[slot]!;
    const older = this.#older[slot]!;
    if (newer === NO_SLOT) list.newest = older;
    else this.#older[newer] = older;
    if (older === NO_SLOT) list.oldest = newer;
    else this.#newer[older] = newer;
  }

  /** Moves the whole of `from` to the old end of `to`. */
  append(to: RecencyList, from: RecencyList): void {
    if (from.newest === NO_SLOT) return;
    if (to.oldest === NO_SLOT) {
      to.newest = from.newest;
    } else {
      this.#older[to.oldest] = from.newest;
      this.#newer[from.newest] = to.oldest;
    }
    to.oldest = from.oldest;
    from.newest = NO_SLOT;
    from.oldest = NO_SLOT;
  }
}
