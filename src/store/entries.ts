// The table of entries: one slot an entry, its fixed-size facts in typed arrays, no objects.
//
// The arrays are as long as the budget could ever need. The system backs their pages when they are first written,
// so an idle daemon pays for what it holds, not for what it might hold; and nothing ever grows with a pause.

import type { HashSeed } from './hash.ts';

/** The absence of a slot. */
export const NO_SLOT = -1;

/** What an entry costs in this table, the index, the recency list, eviction, the deadlines and the tag heads together. */
export const ENTRY_OVERHEAD_BYTES = 178;

export class Entries {
  readonly seed: HashSeed;
  readonly max: number;

  /** Keyed hash of the key. */
  readonly hash: Int32Array;
  readonly cacheId: Uint16Array;
  /** The cache's generation at the time of writing; an older one than the cache's is dead. */
  readonly generation: Uint32Array;
  /** Chain that begins with the key, then the origin's ETag, then the content type where it is not interned. */
  readonly head: Int32Array;
  /** Chain of the value, or NO_BLOCK where the value follows in the first chain. */
  readonly valueHead: Int32Array;
  readonly keyLength: Uint32Array;
  readonly valueLength: Uint32Array;
  readonly etagLength: Uint16Array;
  readonly typeLength: Uint8Array;
  readonly typeId: Uint16Array;
  /** Bytes charged for the entry. */
  readonly costBytes: Uint32Array;

  /** Number of the write, counting up over all caches: the entry's version, and what fences are compared with. */
  readonly version: Float64Array;
  /** Number that the clock of changes showed when the value's load began. */
  readonly asOf: Float64Array;
  readonly loadedAtMs: Float64Array;
  readonly readAtMs: Float64Array;
  /** From here on: served, and reloaded behind the reader. */
  readonly refreshAtMs: Float64Array;
  /** From here on: a read waits for a load. */
  readonly waitAtMs: Float64Array;
  /** From here on: not served even when the origin fails. */
  readonly errorUntilMs: Float64Array;
  /** From here on: never served. */
  readonly diesAtMs: Float64Array;
  /** NEGATIVE, READ_SINCE_LOAD, … */
  readonly flags: Uint8Array;

  #free = NO_SLOT;
  #highWater = 0;
  #live = 0;

  constructor(max: number, seed: HashSeed) {
    this.max = max;
    this.seed = seed;
    this.hash = new Int32Array(max);
    this.cacheId = new Uint16Array(max);
    this.generation = new Uint32Array(max);
    this.head = new Int32Array(max);
    this.valueHead = new Int32Array(max);
    this.keyLength = new Uint32Array(max);
    this.valueLength = new Uint32Array(max);
    this.etagLength = new Uint16Array(max);
    this.typeLength = new Uint8Array(max);
    this.typeId = new Uint16Array(max);
    this.costBytes = new Uint32Array(max);
    this.version = new Float64Array(max);
    this.asOf = new Float64Array(max);
    this.loadedAtMs = new Float64Array(max);
    this.readAtMs = new Float64Array(max);
    this.refreshAtMs = new Float64Array(max);
    this.waitAtMs = new Float64Array(max);
    this.errorUntilMs = new Float64Array(max);
    this.diesAtMs = new Float64Array(max);
    this.flags = new Uint8Array(max);
  }

  /** Slots that were ever in use; a scan goes from 0 to here. */
  get highWater(): number {
    return this.#highWater;
  }

  get live(): number {
    return this.#live;
  }

  take(): number {
    let slot = this.#free;
    if (slot !== NO_SLOT) this.#free = this.head[slot]!;
    else if (this.#highWater < this.max) slot = this.#highWater++;
    else throw new Error('entries: more slots taken than the budget has');
    this.#live++;
    return slot;
  }

  /** A free slot is told by its key length of NONE and keeps the link of the free list in `head`. */
  free(slot: number): void {
    this.head[slot] = this.#free;
    this.keyLength[slot] = NONE;
    this.#free = slot;
    this.#live--;
  }

  isUsed(slot: number): boolean {
    return this.keyLength[slot] !== NONE;
  }
}

const NONE = 0xffffffff;

/** The entry says that the origin has nothing under this key. */
export const NEGATIVE = 1;
/** Read at least once since its last load. */
export const READ_SINCE_LOAD = 2;
