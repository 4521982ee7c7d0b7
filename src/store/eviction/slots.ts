// What eviction knows of each slot, for all caches of a store: its segment, the links of the segment's list, and how
// often it was asked for.

import { Recency } from '../recency.ts';
import { HIGHEST_COUNT } from './frequency.ts';

export const WINDOW = 0;
export const PROBATION = 1;
export const PROTECTED = 2;
export const SEGMENTS = [WINDOW, PROBATION, PROTECTED] as const;
export type Segment = typeof WINDOW | typeof PROBATION | typeof PROTECTED;

/** Links and facts of one slot. */
export const EVICTION_SLOT_BYTES = 10;

/** Halved so often, no count is left of anything. */
const HALVINGS_TO_NONE = 4;

export class EvictionSlots extends Recency {
  /** Bits 0 to 3: the count. 4 and 5: the segment. 6 to 15: the epoch of the count, which is halved when looked at. */
  readonly #facts: Uint16Array;

  constructor(max: number) {
    super(max);
    this.#facts = new Uint16Array(max);
  }

  segment(slot: number): Segment {
    return ((this.#facts[slot]! >>> 4) & 3) as Segment;
  }

  setSegment(slot: number, segment: Segment): void {
    this.#facts[slot] = (this.#facts[slot]! & ~0x30) | (segment << 4);
  }

  count(slot: number, epoch: number): number {
    const facts = this.#facts[slot]!;
    const halvings = (epoch - (facts >>> 6)) & 0x3ff;
    return (facts & HIGHEST_COUNT) >>> Math.min(halvings, HALVINGS_TO_NONE);
  }

  setCount(slot: number, count: number, epoch: number): void {
    this.#facts[slot] = Math.min(count, HIGHEST_COUNT) | (this.#facts[slot]! & 0x30) | ((epoch & 0x3ff) << 6);
  }
}
