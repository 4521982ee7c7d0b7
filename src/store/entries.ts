// The table of entries: one slot an entry, its fixed-size facts in typed arrays, no objects.
//
// The arrays are as long as the budget could ever need. The system backs their pages when they are first written,
// so an idle daemon pays for what it holds, not for what it might hold; and nothing ever grows with a pause.

/** The absence of a slot. */
export const NO_SLOT = -1;

/** What a slot costs in this table; the index and eviction have arrays of their own. */
export const SLOT_BYTES = 18;

/** Flags of an entry. It says that the origin has nothing under this key. */
export const NEGATIVE = 1;
/** Read at least once since its last load. */
export const READ_SINCE_LOAD = 2;
/** It is being loaded. */
export const LOADING = 4;
/** Its reload ahead of readers is due, and nobody read it since its load. */
export const AHEAD_DUE = 8;
/** Marked old by a refresh. */
export const OLD = 16;
/** Its record has times. */
export const TIMED = 32;
export const TAGGED = 64;
const USED = 128;
/** What says how the entry is kept, whatever becomes of it. */
const KEPT = TIMED | TAGGED | USED;

/** Times are counted in units of so many milliseconds, and told apart over half of 2^32 of them: 248 days. */
const UNIT_MS = 10;
const LONGEST_MS = 2 ** 31 * UNIT_MS - 1;
/** When an entry was read is kept here to so much, and told apart over 36 hours: enough to compare two. */
const READ_UNIT_MS = 4000;

export class Entries {
  readonly max: number;
  /** Where the entry's record is, in words. */
  readonly place: Uint32Array;
  /** The generation of its cache that it belongs to (cohorts.ts). */
  readonly cohort: Uint16Array;
  readonly typeId: Uint8Array;
  readonly flags: Uint8Array;
  /** Number of the write, counting up over all caches and round again: the entry's version. */
  readonly version: Uint32Array;
  readonly #loadedAt: Int32Array;
  readonly #readAt: Int16Array;

  #free = NO_SLOT;
  #highWater = 0;
  #live = 0;

  constructor(max: number) {
    this.max = max;
    this.place = new Uint32Array(max);
    this.cohort = new Uint16Array(max);
    this.typeId = new Uint8Array(max);
    this.flags = new Uint8Array(max);
    this.version = new Uint32Array(max);
    this.#loadedAt = new Int32Array(max);
    this.#readAt = new Int16Array(max);
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
    if (slot !== NO_SLOT) this.#free = this.place[slot]! - 1;
    else if (this.#highWater < this.max) slot = this.#highWater++;
    else throw new Error('entries: more slots taken than the budget has');
    this.flags[slot] = USED;
    this.#live++;
    return slot;
  }

  /** A free slot keeps the link of the free list in `place`. */
  free(slot: number): void {
    this.flags[slot] = 0;
    this.place[slot] = this.#free + 1;
    this.#free = slot;
    this.#live--;
  }

  isUsed(slot: number): boolean {
    return (this.flags[slot]! & USED) !== 0;
  }

  has(slot: number, flag: number): boolean {
    return (this.flags[slot]! & flag) !== 0;
  }

  setFlag(slot: number, flag: number, on: boolean): void {
    if (on) this.flags[slot]! |= flag;
    else this.flags[slot]! &= ~flag;
  }

  /** As if it had just been stored. */
  clearFlags(slot: number): void {
    this.flags[slot]! &= KEPT;
  }

  // --- times

  /** Rounded down to 10 ms. */
  setLoadedAt(slot: number, loadedAtMs: number, nowMs: number): void {
    this.#loadedAt[slot] = units(Math.max(loadedAtMs, nowMs - LONGEST_MS / 2));
  }

  loadedAtMs(slot: number, nowMs: number): number {
    return momentOf(this.#loadedAt[slot]!, nowMs);
  }

  setReadAt(slot: number, nowMs: number): void {
    this.#readAt[slot] = Math.floor(nowMs / READ_UNIT_MS);
  }

  readAtMs(slot: number, nowMs: number): number {
    const nowUnits = Math.floor(nowMs / READ_UNIT_MS);
    return (nowUnits - int16(nowUnits - this.#readAt[slot]!)) * READ_UNIT_MS;
  }

  /** Below 0 where the one was read before the other, 0 where that cannot be told. */
  compareRead(slot: number, other: number): number {
    return int16(this.#readAt[slot]! - this.#readAt[other]!);
  }
}

/** Units of 10 ms, rounded up: what counts from there never ends too early. */
export function roundedUp(atMs: number): number {
  return units(atMs + UNIT_MS - 1);
}

function int16(number: number): number {
  return (number << 16) >> 16;
}

function units(atMs: number): number {
  return Math.floor(atMs / UNIT_MS) | 0;
}

/** The moment nearest to now that is `at` units, units being counted round. */
export function momentOf(at: number, nowMs: number): number {
  const nowUnits = Math.floor(nowMs / UNIT_MS);
  return (nowUnits - (((nowUnits | 0) - at) | 0)) * UNIT_MS;
}
