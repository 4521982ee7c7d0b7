// What eviction knows of each slot, for all caches of a store: its segment, the links of the segment's list, and how
// often it was asked for.

import { Recency } from '../recency.ts';
import { SLOT_WORDS, TOUCH } from '../slot-words.ts';
import { HIGHEST_COUNT } from './frequency.ts';

export const WINDOW = 0;
export const PROBATION = 1;
export const PROTECTED = 2;
export const SEGMENTS = [WINDOW, PROBATION, PROTECTED] as const;
export type Segment = typeof WINDOW | typeof PROBATION | typeof PROTECTED;

/** Halved so often, no count is left of anything. */
const HALVINGS_TO_NONE = 4;

export class EvictionSlots extends Recency {
  /** Low half of a word: bits 0 to 3 the count, 4 and 5 the segment, 6 to 15 the epoch of the count, halved when looked at. */
  readonly #words: Int32Array;

  constructor(words: Int32Array) {
    super(words);
    this.#words = words;
  }

  segment(slot: number): Segment {
    return ((this.#words[slot * SLOT_WORDS + TOUCH]! >>> 4) & 3) as Segment;
  }

  setSegment(slot: number, segment: Segment): void {
    this.#words[slot * SLOT_WORDS + TOUCH] =
      (this.#words[slot * SLOT_WORDS + TOUCH]! & ~0x30) | (segment << 4);
  }

  count(slot: number, epoch: number): number {
    const facts = this.#words[slot * SLOT_WORDS + TOUCH]!;
    const halvings = (epoch - ((facts >>> 6) & 0x3ff)) & 0x3ff;
    return (facts & HIGHEST_COUNT) >>> Math.min(halvings, HALVINGS_TO_NONE);
  }

  setCount(slot: number, count: number, epoch: number): void {
    const at = slot * SLOT_WORDS + TOUCH;
    const kept = this.#words[at]! & ~0xffcf;
    this.#words[at] = kept | Math.min(count, HIGHEST_COUNT) | ((epoch & 0x3ff) << 6);
  }
}
