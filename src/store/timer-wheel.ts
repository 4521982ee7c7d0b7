// Slots by the time at which something is due for them: a hierarchical timer wheel in typed arrays, each slot in it
// at most once. (G. Varghese, T. Lauck: Hashed and Hierarchical Timing Wheels, SOSP 1987, scheme 7.)
//
// A time is a number of ten digits to the base 32, in whole milliseconds. There is a wheel for each digit and a
// bucket, a list of slots, for each of its 32 values. A slot hangs in the wheel of the first digit, from the left, in
// which its time and the wheel's now differ, in the bucket of that digit. The first wheel's buckets are one
// millisecond wide, the fifth's, where what is due in hours hangs, some 17 minutes. So setting is a comparison of two
// numbers and a link, and clearing is taking out of a doubly linked list.
//
// All in one bucket have the digits to the left of it in common with now, and nothing more is ever asked of a bucket.
// Hence, when now moves, either way and however far, only this is to be done: let it be the digit D that changes,
// where several change the leftmost. Whatever hangs in the wheels to the right of D has the old now's D, so all of it
// is joined into that bucket, list by list. The wheels to the left do not change. And the bucket of the new now's D
// may hold both what is due and what is not: it stays as it is, and takeDue empties it from then on.
//
// takeDue looks at the bucket that begins first. Where it begins after now, nothing is due. Otherwise its first slot
// is due and taken out, or not due yet and hung in a wheel further right (it can get there nine times, as long as the
// clock goes forward). Buckets before now's are wholly due and are emptied the same way. A call hangs over so many
// slots at most: where millions share a bucket, the caller goes on when it likes.
//
// A slot keeps its whole time, so nothing is due early, whatever the clock does. Two links and 46 bits of time make
// 14 bytes. The buckets are ends of their own lists, as nodes before those of the slots, so that a link is changed
// without asking what is at its other end; and node 0 is none, so that all begins with memory that is only zeros.

import { NO_SLOT } from './entries.ts';

/** Nothing found to be due by now, but there is more to look at: ask again. */
export const NOT_YET = -2;

/** What a slot costs here. */
export const TIMER_BYTES = 14;

/** Slots that one call hangs over at most. */
export const MOST_MOVES = 16;

const DIGIT_BITS = 5;
const BUCKETS = 1 << DIGIT_BITS;
const WHEELS = 10;
/** A time is kept in two parts: six digits, and the four to their left, of which the last has a single bit. */
const LOW_WHEELS = 6;
const LOW_SPAN = 2 ** (LOW_WHEELS * DIGIT_BITS);

/** Times from 1115 years before 1970 to 1115 after; what is said to be due later than that never is. */
const ZERO_AT_MS = -(2 ** 45);
const LAST_TIME = 2 ** 46 - 1;

const NONE = 0;
const FIRST_BUCKET = 1;
const FIRST_SLOT = FIRST_BUCKET + WHEELS * BUCKETS;

export class TimerWheel {
  /** By node: a bucket is followed by its first slot, the last slot by its bucket. */
  readonly #after: Int32Array;
  readonly #before: Int32Array;
  /** By slot. */
  readonly #low: Int32Array;
  readonly #high: Uint16Array;
  /** By wheel: a bit for each bucket that is not empty. */
  readonly #occupied = new Int32Array(WHEELS);
  #nowLow = 0;
  #nowHigh = 0;
  /** Before the first call now is any time; the first to be seen is a better guess than another. */
  #started = false;

  /** Slots are 0 to max - 1. */
  constructor(max: number) {
    this.#after = new Int32Array(FIRST_SLOT + max);
    this.#before = new Int32Array(FIRST_SLOT + max);
    this.#low = new Int32Array(max);
    this.#high = new Uint16Array(max);
  }

  /** Not later than when the first slot is due, earlier where its bucket is that coarse; Infinity where none is set. */
  get nextAtMs(): number {
    const bucket = this.#earliest();
    if (bucket === NONE) return Number.POSITIVE_INFINITY;
    const isAlone = this.#after[bucket] === this.#before[bucket];
    if (isAlone && !this.#hasBegun(bucket)) return this.atMs(this.#after[bucket]! - FIRST_SLOT);
    return this.#beginsAtMs(bucket);
  }

  has(slot: number): boolean {
    return this.#after[FIRST_SLOT + slot] !== NONE;
  }

  /** When the slot is due, in whole milliseconds; Infinity for never. */
  atMs(slot: number): number {
    return this.has(slot) ? atMsOf(this.#high[slot]!, this.#low[slot]!) : Number.POSITIVE_INFINITY;
  }

  /** Rounded up to whole milliseconds; Infinity clears. */
  set(slot: number, atMs: number): void {
    this.clear(slot);
    if (atMs === Number.POSITIVE_INFINITY) return;
    const time = Math.max(0, Math.min(LAST_TIME, Math.ceil(atMs) - ZERO_AT_MS));
    const high = highOf(time);
    const low = lowOf(time, high);
    this.#high[slot] = high;
    this.#low[slot] = low;
    if (!this.#started) this.#moveTo(high, low);
    this.#hang(slot);
  }

  clear(slot: number): void {
    if (this.has(slot)) this.#unlink(FIRST_SLOT + slot);
  }

  /**
   * Takes out a slot that is due and returns it. NO_SLOT: none is, and `nextAtMs` is later than `nowMs`. NOT_YET: a
   * step of the work of finding out is done, ask again. Calls are about the same work each, however many are set.
   */
  takeDue(nowMs: number): number {
    const time = Math.max(0, Math.min(LAST_TIME - 1, Math.floor(nowMs) - ZERO_AT_MS));
    const high = highOf(time);
    this.#started = true;
    this.#moveTo(high, lowOf(time, high));
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      const bucket = this.#earliest();
      if (bucket === NONE || !this.#hasBegun(bucket)) return NO_SLOT;
      const slot = this.#after[bucket]! - FIRST_SLOT;
      this.#unlink(FIRST_SLOT + slot);
      if (this.#isDue(slot)) return slot;
      this.#hang(slot);
    }
    return NOT_YET;
  }

  #isDue(slot: number): boolean {
    const high = this.#high[slot]!;
    return high < this.#nowHigh || (high === this.#nowHigh && this.#low[slot]! <= this.#nowLow);
  }

  #moveTo(high: number, low: number): void {
    const wheel = firstToDiffer(high ^ this.#nowHigh, low ^ this.#nowLow);
    const passed = bucketAt(wheel, this.#nowDigit(wheel));
    for (let lower = 0; lower < wheel; lower++) this.#joinAll(lower, passed);
    this.#nowHigh = high;
    this.#nowLow = low;
    this.#started = true;
  }

  /** The bucket that begins first, of those that hold anything. */
  #earliest(): number {
    let earliest = NONE;
    for (let wheel = WHEELS - 1; wheel >= 0; wheel--) {
      const occupied = this.#occupied[wheel]!;
      if (occupied === 0) continue;
      const digit = lowestBit(occupied);
      earliest = bucketAt(wheel, digit);
      // What hangs further right has this wheel's digit of now, and so comes after.
      if (digit <= this.#nowDigit(wheel)) break;
    }
    return earliest;
  }

  #hasBegun(bucket: number): boolean {
    return digitOf(bucket) <= this.#nowDigit(wheelOf(bucket));
  }

  #nowDigit(wheel: number): number {
    return digitAt(wheel, this.#nowHigh, this.#nowLow);
  }

  #beginsAtMs(bucket: number): number {
    const wheel = wheelOf(bucket);
    if (wheel < LOW_WHEELS) return atMsOf(this.#nowHigh, withDigit(this.#nowLow, wheel, digitOf(bucket)));
    return atMsOf(withDigit(this.#nowHigh, wheel - LOW_WHEELS, digitOf(bucket)), 0);
  }

  // --- lists

  #hang(slot: number): void {
    const high = this.#high[slot]!;
    const low = this.#low[slot]!;
    const wheel = firstToDiffer(high ^ this.#nowHigh, low ^ this.#nowLow);
    const bucket = bucketAt(wheel, digitAt(wheel, high, low));
    this.#append(bucket, FIRST_SLOT + slot, FIRST_SLOT + slot);
  }

  #joinAll(wheel: number, to: number): void {
    for (let rest = this.#occupied[wheel]!; rest !== 0; rest &= rest - 1) {
      const from = bucketAt(wheel, lowestBit(rest));
      this.#append(to, this.#after[from]!, this.#before[from]!);
      this.#link(from, from);
    }
    this.#occupied[wheel] = 0;
  }

  /** Puts the nodes from `first` to `last`, which are linked with each other, to the end of a bucket. */
  #append(bucket: number, first: number, last: number): void {
    // A bucket that was never used is not linked with itself yet.
    this.#link(this.#before[bucket]! || bucket, first);
    this.#link(last, bucket);
    this.#occupied[wheelOf(bucket)]! |= 1 << digitOf(bucket);
  }

  #unlink(node: number): void {
    const before = this.#before[node]!;
    const after = this.#after[node]!;
    this.#link(before, after);
    this.#after[node] = NONE;
    if (before === after) this.#occupied[wheelOf(after)]! &= ~(1 << digitOf(after));
  }

  #link(before: number, after: number): void {
    this.#after[before] = after;
    this.#before[after] = before;
  }
}

function bucketAt(wheel: number, digit: number): number {
  return FIRST_BUCKET + wheel * BUCKETS + digit;
}

function wheelOf(bucket: number): number {
  return (bucket - FIRST_BUCKET) >> DIGIT_BITS;
}

function digitOf(bucket: number): number {
  return (bucket - FIRST_BUCKET) & (BUCKETS - 1);
}

function highOf(time: number): number {
  return Math.floor(time / LOW_SPAN);
}

function lowOf(time: number, high: number): number {
  return time - high * LOW_SPAN;
}

function atMsOf(high: number, low: number): number {
  return high * LOW_SPAN + low + ZERO_AT_MS;
}

function digitAt(wheel: number, high: number, low: number): number {
  const digits =
    wheel < LOW_WHEELS ? low >> (wheel * DIGIT_BITS) : high >> ((wheel - LOW_WHEELS) * DIGIT_BITS);
  return digits & (BUCKETS - 1);
}

/** The wheel of the leftmost digit in which two times differ, given the bits in which they do; 0 where in none. */
function firstToDiffer(high: number, low: number): number {
  return high !== 0 ? LOW_WHEELS + highestDigit(high) : highestDigit(low);
}

function highestDigit(bits: number): number {
  return ((31 - Math.clz32(bits)) / DIGIT_BITS) | 0;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** The digits with another one at `place`, and zeros to its right. */
function withDigit(digits: number, place: number, digit: number): number {
  const shift = place * DIGIT_BITS;
  return (((digits >> shift) & ~(BUCKETS - 1)) | digit) << shift;
}
