// Hybrid logical time: the wall clock where it moves on, a counter where it does not, and never behind what was heard.
// Source: Kulkarni et al., "Logical Physical Clocks", 2014.

export type HybridTime = readonly [ms: number, count: number];

/** Who is further ahead than this has a broken clock; it does not pull ours along. */
const FURTHEST_AHEAD_MS = 60_000;
/** Nobody makes so many events in a millisecond; a count near its end would leave none for others. */
const MOST_IN_A_MS = 1_000_000;

export class HybridClock {
  readonly #now: () => number;
  #ms = 0;
  #count = 0;

  /** `now`: wall time in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** A time later than every one that was given or heard. */
  next(): HybridTime {
    const ms = Math.floor(this.#now());
    if (ms > this.#ms) [this.#ms, this.#count] = [ms, 0];
    else this.#count++;
    return [this.#ms, this.#count];
  }

  /** False, and not heeded, where it is too far ahead to be believed. */
  hear([ms, count]: HybridTime): boolean {
    if (ms > this.#now() + FURTHEST_AHEAD_MS || count > MOST_IN_A_MS) return false;
    if (ms > this.#ms) [this.#ms, this.#count] = [ms, count];
    else if (ms === this.#ms) this.#count = Math.max(this.#count, count);
    return true;
  }
}

export function parseHybridTime(value: unknown): HybridTime | undefined {
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [ms, count] = value as unknown[];
  return isCount(ms) && isCount(count) ? [ms, count] : undefined;
}

export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
