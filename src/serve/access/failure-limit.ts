// How many wrong credentials are taken a second, over all callers: addresses behind a router tell nothing.

import type { Clock } from '../../cache/clock.ts';

export const FAILURES_A_SECOND = 10;

export class FailureLimit {
  readonly #clock: Clock;
  #left = FAILURES_A_SECOND;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.now();
  }

  /** False where there were too many already. */
  take(): boolean {
    const isWithin = !this.isReached;
    if (isWithin) this.#left--;
    return isWithin;
  }

  get isReached(): boolean {
    const nowMs = this.#clock.now();
    const regained = ((nowMs - this.#atMs) / 1000) * FAILURES_A_SECOND;
    this.#left = Math.min(FAILURES_A_SECOND, this.#left + regained);
    this.#atMs = nowMs;
    return this.#left < 1;
  }
}
