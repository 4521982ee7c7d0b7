// What failed and when it may be tried again: back-off by key, and the breaker of the whole cache.

import type { SidecacheError } from '../errors.ts';

/** First pause after a cold failure: short, since readers get an error until the next try. */
const COLD_FIRST_MS = 250;
/** A failed reload of a value that is still served backs off up to so many times `retry`. */
const MOST_DOUBLINGS = 16;
const BREAKER_AFTER = 10;
/** Keys remembered; beyond it the one that failed first is forgotten (and may be tried again). */
const MAX_KEYS = 4000;
/** Of their bytes, too. */
const MAX_KEY_BYTES = 1 << 20;
/** Pauses are shortened by up to this part, so that keys that failed together do not come back together. */
const JITTER = 0.1;

export interface Failure {
  readonly error: SidecacheError;
  readonly failures: number;
  readonly failedAtMs: number;
  /** In (0, 1]: shortens the pauses after this failure. */
  readonly jitter: number;
}

export class Failures {
  readonly #retryMs: number;
  readonly #random: () => number;
  readonly #byKey = new Map<string, Failure>();
  #keyBytes = 0;
  #latest: SidecacheError | undefined;
  #inARow = 0;
  #probeAtMs = 0;
  #pausesEndedAtMs = 0;
  #last: SidecacheError | undefined;

  constructor(retryMs: number, random: () => number) {
    this.#retryMs = retryMs;
    this.#random = random;
  }

  /** Whether anything failed that was not made good since: nothing else needs asking. */
  get any(): boolean {
    return this.#inARow > 0 || this.#byKey.size > 0;
  }

  get breakerOpen(): boolean {
    return this.#inARow >= BREAKER_AFTER;
  }

  get inARow(): number {
    return this.#inARow;
  }

  get last(): SidecacheError | undefined {
    return this.#last;
  }

  of(key: string): Failure | undefined {
    return this.#byKey.get(key);
  }

  /** When this key may be loaded again; `cold` = there is no old value, readers wait for it. */
  retryAtMs(key: string, cold: boolean): number {
    if (this.breakerOpen) return this.#probeAtMs;
    const failure = this.#byKey.get(key);
    if (!failure || failure.failedAtMs < this.#pausesEndedAtMs) return 0;
    return failure.failedAtMs + this.#pauseMs(failure.failures, cold) * failure.jitter;
  }

  /** A load is about to start while the breaker is open: it is the one probe of the next `retry`. */
  probing(nowMs: number): void {
    if (this.breakerOpen) this.#probeAtMs = nowMs + this.#retryMs;
  }

  /** `originFailed`: false where the key or the value was at fault, which says nothing about other keys. */
  failed(key: string, error: SidecacheError, originFailed: boolean, nowMs: number): void {
    const failures = (this.#byKey.get(key)?.failures ?? 0) + 1;
    this.forget(key);
    this.#latest = isAlike(error, this.#latest) ? this.#latest : error;
    const jitter = 1 - JITTER * this.#random();
    this.#byKey.set(key, { error: this.#latest, failures, failedAtMs: nowMs, jitter });
    this.#keyBytes += key.length;
    while (this.#byKey.size > MAX_KEYS || this.#keyBytes > MAX_KEY_BYTES) {
      this.forget(this.#byKey.keys().next().value!);
    }
    if (!originFailed) {
      // It answered: whatever was wrong with it is over.
      this.#inARow = 0;
      this.#last = undefined;
      return;
    }
    // Keys that were asked for together failed together: once.
    if (error === this.#last) return;
    this.#last = error;
    if (++this.#inARow === BREAKER_AFTER) this.#probeAtMs = nowMs + this.#retryMs;
  }

  /** The origin answered: an open breaker closes, and all that waited for it may be tried at once. */
  succeeded(key: string): void {
    if (this.breakerOpen) this.forgetAll();
    else this.forget(key);
    this.#inARow = 0;
    this.#last = undefined;
  }

  /** The origin can be reached again: whatever failed before now may be tried at once; the counts stay. */
  endPauses(nowMs: number): void {
    this.#probeAtMs = nowMs;
    this.#pausesEndedAtMs = nowMs;
  }

  forget(key: string): void {
    if (this.#byKey.delete(key)) this.#keyBytes -= key.length;
  }

  forgetAll(): void {
    this.#byKey.clear();
    this.#keyBytes = 0;
  }

  #pauseMs(failures: number, cold: boolean): number {
    const doubled = 2 ** Math.min(failures - 1, 30);
    if (cold) return Math.min(this.#retryMs, COLD_FIRST_MS * doubled);
    return this.#retryMs * Math.min(MOST_DOUBLINGS, doubled);
  }
}

/** An error and its causes hold a kilobyte or two each; many keys that fail alike are to hold them once. */
function isAlike(error: SidecacheError, other: SidecacheError | undefined): other is SidecacheError {
  return (
    error.code === other?.code && error.message === other.message && error.retryAfterMs === other.retryAfterMs
  );
}
