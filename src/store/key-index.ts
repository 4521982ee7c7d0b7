// Hash index from key bytes to slot: open addressing with linear probing in one typed array, at most half full.
// A removal moves later entries back, so there are no tombstones and a miss stays short.

import type { Entries } from './entries.ts';
import { NO_SLOT } from './entries.ts';

export class KeyIndex {
  readonly #entries: Entries;
  /** Slot + 1 at each place; 0 = empty. */
  readonly #table: Int32Array;
  readonly #mask: number;

  constructor(entries: Entries) {
    this.#entries = entries;
    const size = 2 ** Math.ceil(Math.log2(Math.max(16, entries.max * 2)));
    this.#table = new Int32Array(size);
    this.#mask = size - 1;
  }

  /** Place of the first candidate for `hash`; go on with `candidate(place)` and `nextPlace`. */
  firstPlace(hash: number): number {
    return hash & this.#mask;
  }

  nextPlace(place: number): number {
    return (place + 1) & this.#mask;
  }

  candidate(place: number): number {
    return this.#table[place]! - 1;
  }

  insert(slot: number): void {
    let place = this.firstPlace(this.#entries.hash[slot]!);
    while (this.#table[place] !== 0) place = this.nextPlace(place);
    this.#table[place] = slot + 1;
  }

  remove(slot: number): void {
    let place = this.firstPlace(this.#entries.hash[slot]!);
    while (this.candidate(place) !== slot) {
      if (this.candidate(place) === NO_SLOT) throw new Error('index: removing a slot that is not there');
      place = this.nextPlace(place);
    }
    this.#closeGap(place);
  }

  #closeGap(hole: number): void {
    let gap = hole;
    for (let place = this.nextPlace(gap); this.#table[place] !== 0; place = this.nextPlace(place)) {
      const home = this.firstPlace(this.#entries.hash[this.candidate(place)]!);
      const distanceFromHome = (place - home) & this.#mask;
      const distanceFromGap = (place - gap) & this.#mask;
      if (distanceFromHome < distanceFromGap) continue;
      this.#table[gap] = this.#table[place]!;
      gap = place;
    }
    this.#table[gap] = 0;
  }
}
