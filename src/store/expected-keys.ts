// Keys that will be looked for in a moment, one after the other, as in a pipeline or an MGET. A processor waits for the
// memory of one look-up after that of another; known beforehand, all of it can be on its way at one time.
//
// So each step is taken for all keys before the next: their buckets, their slots, the heads of their records, the records.
// Nothing is decided here: who then looks for a key finds its memory in the processor's caches, and its hash made.
// Source: Chen, Ailamaki, Gibbons and Mowry, "Improving Hash Join Performance through Prefetching" (2004).

import { NO_SLOT } from './entries.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import type { KeyIndex } from './key-index.ts';
import { lengthAt } from './record.ts';
import type { Records } from './records.ts';
import { PLACE, SLOT_WORDS } from './slot-words.ts';

/** More of them would not stay in the nearest cache until it is their turn. */
export const MOST_EXPECTED = 64;
/** Of a record; what lies behind follows by itself. */
const MOST_LINES = 6;

export class ExpectedKeys {
  readonly #seed: HashSeed;
  readonly #index: KeyIndex;
  readonly #words: Int32Array;
  readonly #records: Records;
  /** What the keys are places of; undefined: none is expected. */
  #bytes: Uint8Array | undefined;
  readonly #starts = new Int32Array(MOST_EXPECTED);
  readonly #ends = new Int32Array(MOST_EXPECTED);
  readonly #hashes = new Int32Array(MOST_EXPECTED);
  /** Where the entry of each may be. */
  readonly #slots = new Int32Array(MOST_EXPECTED);
  readonly #places = new Int32Array(MOST_EXPECTED);
  #count = 0;
  #next = 0;
  /** What was read only to be near, so that it is not found to be of no use. */
  #read = 0;
  /** After `hashOf`: the slot in which the key's entry may be, NO_SLOT where there is none to be named. */
  slot = NO_SLOT;

  constructor(parts: { seed: HashSeed; index: KeyIndex; words: Int32Array; records: Records }) {
    this.#seed = parts.seed;
    this.#index = parts.index;
    this.#words = parts.words;
    this.#records = parts.records;
  }

  /** From now on keys in these bytes are expected, in the order of `add`. They must not change until `forget`. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.#next = 0;
  }

  /** At most MOST_EXPECTED of them. */
  add(start: number, end: number): void {
    const i = this.#count++;
    this.#starts[i] = start;
    this.#ends[i] = end;
    this.#slots[i] = NO_SLOT;
    this.#hashes[i] = hashBytes(this.#bytes!, start, end, this.#seed, 0);
  }

  /** Has the memory of all of them come. */
  fetch(): void {
    const count = this.#count;
    if (count < 2) return;
    const slots = this.#slots;
    const places = this.#places;
    const words = this.#words;
    this.#index.firstOfAll(this.#hashes, slots, count);
    let found = 0;
    for (let i = 0; i < count; i++) {
      const slot = slots[i]!;
      if (slot >= 0) places[found++] = words[slot * SLOT_WORDS + PLACE]!;
    }
    this.#read ^= this.#readRecords(found);
  }

  /** Reads a byte of each line of the first records of `#places`, and says something that depends on all of them. */
  #readRecords(count: number): number {
    const records = this.#records;
    const places = this.#places;
    let read = 0;
    for (let i = 0; i < count; i++) read ^= records.byteOfLine(places[i]! >>> 0, 0);
    for (let i = 0; i < count; i++) {
      const place = places[i]! >>> 0;
      const lines = Math.min(records.linesOf(place, lengthAt(records, place)), MOST_LINES);
      for (let line = 1; line < lines; line++) read ^= records.byteOfLine(place, line);
    }
    return read;
  }

  hashAt(i: number): number {
    return this.#hashes[i]!;
  }

  forget(): void {
    this.#bytes = undefined;
    this.#count = 0;
    this.#next = 0;
  }

  /** Hash of `bytes[start, end)`. */
  hashOf(bytes: Uint8Array, start: number, end: number): number {
    if (bytes === this.#bytes) {
      // Some may be passed over: a command that was refused did not look for its key.
      for (let i = this.#next; i < this.#count; i++) {
        if (this.#starts[i] !== start || this.#ends[i] !== end) continue;
        this.#next = i + 1;
        this.slot = this.#slots[i]!;
        return this.#hashes[i]!;
      }
    }
    this.slot = NO_SLOT;
    return hashBytes(bytes, start, end, this.#seed, 0);
  }
}
