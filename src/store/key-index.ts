// Hash index from a key's hash to its slot: chains of slots, two entries to a bucket on the average.
//
// Buckets are added one by one, each by splitting an older one (linear hashing, Litwin 1980), so the index grows with the
// entries and never with a pause. A link is one word: the slot and, above it, the upper bits of the hash, so that
// hardly any entry is looked at for another's key. Hashes are not kept: who owns the entries is asked for them.

import { NO_SLOT } from './entries.ts';
import { NEXT, SLOT_WORDS } from './slot-words.ts';

const CHUNK_BUCKETS = 4096;
const ENTRIES_PER_BUCKET = 2;
/** Links that are followed for many hashes at one time: most chains end within so many. */
const STEPS_TOGETHER = 4;
/** What the index costs an entry beyond the slot's link: its part of a bucket. */
export const BUCKET_BYTES_PER_ENTRY = Math.ceil(4 / ENTRIES_PER_BUCKET);

export class KeyIndex {
  readonly #hashOf: (slot: number) => number;
  /** First link of each bucket; 0 = none. */
  readonly #chunks: Int32Array[] = [new Int32Array(CHUNK_BUCKETS)];
  /** Those of the slots: each has the link to the next of its bucket. */
  readonly #words: Int32Array;
  readonly #slotMask: number;
  /** A power of two; the buckets beyond it, `#split` of them, were split off the first ones. */
  #base = CHUNK_BUCKETS;
  #split = 0;
  #entries = 0;

  constructor(words: Int32Array, hashOf: (slot: number) => number) {
    const maxSlots = words.length / SLOT_WORDS;
    this.#hashOf = hashOf;
    this.#words = words;
    this.#slotMask = 2 ** (32 - Math.clz32(maxSlots)) - 1;
  }

  /** The first slot whose hash may be `hash`, NO_SLOT where there is none; go on with `next`. */
  first(hash: number): number {
    const bucket = this.#bucket(hash);
    return this.#candidate(this.#chunks[(bucket / CHUNK_BUCKETS) | 0]![bucket % CHUNK_BUCKETS]!, hash);
  }

  next(slot: number, hash: number): number {
    return this.#candidate(this.#words[slot * SLOT_WORDS + NEXT]!, hash);
  }

  /**
   * Says in `slots` for each of the first `count` hashes what `first` would, a step for all of them before the next step:
   * the memory that one needs comes while the others ask for theirs. Where a chain is long it gives up: NO_SLOT.
   */
  firstOfAll(hashes: Int32Array, slots: Int32Array, count: number): void {
    const words = this.#words;
    const mask = this.#slotMask;
    for (let i = 0; i < count; i++) {
      const bucket = this.#bucket(hashes[i]!);
      slots[i] = this.#chunks[(bucket / CHUNK_BUCKETS) | 0]![bucket % CHUNK_BUCKETS]!;
    }
    for (let step = 0; step < STEPS_TOGETHER; step++) {
      for (let i = 0; i < count; i++) {
        const link = slots[i]!;
        if (link !== 0 && ((link ^ hashes[i]!) & ~mask) !== 0)
          slots[i] = words[((link & mask) - 1) * SLOT_WORDS + NEXT]!;
      }
    }
    for (let i = 0; i < count; i++) {
      const link = slots[i]!;
      slots[i] = ((link ^ hashes[i]!) & ~mask) === 0 ? (link & mask) - 1 : NO_SLOT;
    }
  }

  insert(slot: number, hash: number): void {
    if (++this.#entries > (this.#base + this.#split) * ENTRIES_PER_BUCKET) this.#addBucket();
    this.#push(this.#bucket(hash), slot, hash);
  }

  remove(slot: number, hash: number): void {
    const bucket = this.#bucket(hash);
    const chunk = this.#chunks[(bucket / CHUNK_BUCKETS) | 0]!;
    let at = this.#slotOf(chunk[bucket % CHUNK_BUCKETS]!);
    if (at === slot) {
      chunk[bucket % CHUNK_BUCKETS] = this.#words[slot * SLOT_WORDS + NEXT]!;
    } else {
      let before = at;
      while (at !== slot) {
        if (at === NO_SLOT) throw new Error('index: removing a slot that is not there');
        before = at;
        at = this.#slotOf(this.#words[at * SLOT_WORDS + NEXT]!);
      }
      this.#words[before * SLOT_WORDS + NEXT] = this.#words[slot * SLOT_WORDS + NEXT]!;
    }
    this.#entries--;
  }

  #slotOf(link: number): number {
    return (link & this.#slotMask) - 1;
  }

  #candidate(from: number, hash: number): number {
    let link = from;
    while (link !== 0) {
      const slot = this.#slotOf(link);
      if (((link ^ hash) & ~this.#slotMask) === 0) return slot;
      link = this.#words[slot * SLOT_WORDS + NEXT]!;
    }
    return NO_SLOT;
  }

  #bucket(hash: number): number {
    const bucket = hash & (this.#base * 2 - 1);
    return bucket < this.#base + this.#split ? bucket : bucket - this.#base;
  }

  #push(bucket: number, slot: number, hash: number): void {
    const chunk = this.#chunks[(bucket / CHUNK_BUCKETS) | 0]!;
    this.#words[slot * SLOT_WORDS + NEXT] = chunk[bucket % CHUNK_BUCKETS]!;
    chunk[bucket % CHUNK_BUCKETS] = (hash & ~this.#slotMask) | (slot + 1);
  }

  #addBucket(): void {
    const added = this.#base + this.#split;
    if (added % CHUNK_BUCKETS === 0) this.#chunks.push(new Int32Array(CHUNK_BUCKETS));
    const source = this.#split;
    const chunk = this.#chunks[(source / CHUNK_BUCKETS) | 0]!;
    let slot = this.#slotOf(chunk[source % CHUNK_BUCKETS]!);
    chunk[source % CHUNK_BUCKETS] = 0;
    if (++this.#split === this.#base) {
      this.#base *= 2;
      this.#split = 0;
    }
    while (slot !== NO_SLOT) {
      const next = this.#slotOf(this.#words[slot * SLOT_WORDS + NEXT]!);
      const hash = this.#hashOf(slot);
      this.#push(this.#bucket(hash), slot, hash);
      slot = next;
    }
  }
}
