// The table of entries: one slot an entry, its fixed-size facts in words of one typed array, no objects.
//
// It is as long as the budget could ever need. The system backs its pages when they are first written, so an idle
// daemon pays for what it holds, not for what it might hold; and nothing ever grows with a pause.

import { LOADED, PLACE, SLOT_WORDS, STATE, TOUCH, VERSION } from './slot-words.ts';

/** The absence of a slot. */
export const NO_SLOT = -1;

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
/** What is said of what was stored last; the others say how the entry is kept. */
const PASSING = NEGATIVE | READ_SINCE_LOAD | LOADING | AHEAD_DUE | OLD;
/** Above the flags, in the same word. */
const TYPE_SHIFT = 8;
const COHORT_SHIFT = 16;

/** Times are counted in units of so many milliseconds, and told apart over half of 2^32 of them: 248 days. */
const UNIT_MS = 10;
const LONGEST_MS = 2 ** 31 * UNIT_MS - 1;
/** When an entry was read is kept here to so much, and told apart over 36 hours: enough to compare two. */
const READ_UNIT_MS = 4000;

export class Entries {
  readonly max: number;
  /** All that is known of the slots: one slot's words lie together, so that a look at one is a look at all (slot-words.ts). */
  readonly words: Int32Array;

  #free = NO_SLOT;
  #highWater = 0;
  #live = 0;

  constructor(max: number) {
    this.max = max;
    this.words = new Int32Array(max * SLOT_WORDS);
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
    if (slot !== NO_SLOT) this.#free = this.words[slot * SLOT_WORDS + PLACE]! - 1;
    else if (this.#highWater < this.max) slot = this.#highWater++;
    else throw new Error('entries: more slots taken than the budget has');
    this.words[slot * SLOT_WORDS + STATE] = USED;
    this.#live++;
    return slot;
  }

  /** A free slot keeps the link of the free list as its place. */
  free(slot: number): void {
    this.words[slot * SLOT_WORDS + STATE] = 0;
    this.words[slot * SLOT_WORDS + PLACE] = this.#free + 1;
    this.#free = slot;
    this.#live--;
  }

  isUsed(slot: number): boolean {
    return this.has(slot, USED);
  }

  /** Where the entry's record is, in words of the records. */
  place(slot: number): number {
    return this.words[slot * SLOT_WORDS + PLACE]! >>> 0;
  }

  setPlace(slot: number, place: number): void {
    this.words[slot * SLOT_WORDS + PLACE] = place;
  }

  /** Number of the write, counting up over all caches and round again: the entry's version. */
  version(slot: number): number {
    return this.words[slot * SLOT_WORDS + VERSION]! >>> 0;
  }

  setVersion(slot: number, version: number): void {
    this.words[slot * SLOT_WORDS + VERSION] = version;
  }

  /** The generation of its cache that the entry belongs to (cohorts.ts). */
  cohort(slot: number): number {
    return this.words[slot * SLOT_WORDS + STATE]! >>> COHORT_SHIFT;
  }

  setCohort(slot: number, cohort: number): void {
    const at = slot * SLOT_WORDS + STATE;
    this.words[at] = (this.words[at]! & 0xffff) | (cohort << COHORT_SHIFT);
  }

  typeId(slot: number): number {
    return (this.words[slot * SLOT_WORDS + STATE]! >>> TYPE_SHIFT) & 0xff;
  }

  setTypeId(slot: number, typeId: number): void {
    const at = slot * SLOT_WORDS + STATE;
    this.words[at] = (this.words[at]! & ~(0xff << TYPE_SHIFT)) | (typeId << TYPE_SHIFT);
  }

  has(slot: number, flag: number): boolean {
    return (this.words[slot * SLOT_WORDS + STATE]! & flag) !== 0;
  }

  setFlag(slot: number, flag: number, on: boolean): void {
    if (on) this.words[slot * SLOT_WORDS + STATE]! |= flag;
    else this.words[slot * SLOT_WORDS + STATE]! &= ~flag;
  }

  /** As if it had just been stored. */
  clearFlags(slot: number): void {
    this.words[slot * SLOT_WORDS + STATE]! &= ~PASSING;
  }

  // --- times

  /** Rounded down to 10 ms. */
  setLoadedAt(slot: number, loadedAtMs: number, nowMs: number): void {
    this.words[slot * SLOT_WORDS + LOADED] = units(Math.max(loadedAtMs, nowMs - LONGEST_MS / 2));
  }

  loadedAtMs(slot: number, nowMs: number): number {
    return momentOf(this.words[slot * SLOT_WORDS + LOADED]!, nowMs);
  }

  setReadAt(slot: number, nowMs: number): void {
    const at = slot * SLOT_WORDS + TOUCH;
    this.words[at] = (this.words[at]! & 0xffff) | (Math.floor(nowMs / READ_UNIT_MS) << 16);
  }

  /** Whether the entry was not read yet in the unit of time, of 4 s, that is now. */
  isReadBefore(slot: number, nowMs: number): boolean {
    return this.#readUnits(slot) !== int16(Math.floor(nowMs / READ_UNIT_MS));
  }

  readAtMs(slot: number, nowMs: number): number {
    const nowUnits = Math.floor(nowMs / READ_UNIT_MS);
    return (nowUnits - int16(nowUnits - this.#readUnits(slot))) * READ_UNIT_MS;
  }

  /** Below 0 where the one was read before the other, 0 where that cannot be told. */
  compareRead(slot: number, other: number): number {
    return int16(this.#readUnits(slot) - this.#readUnits(other));
  }

  #readUnits(slot: number): number {
    return this.words[slot * SLOT_WORDS + TOUCH]! >> 16;
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
