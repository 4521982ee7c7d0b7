// At most so many requests in any second: a sliding window over when the last ones were sent. And the end of a Retry-After.

/** The window is longer than the second by this: what goes out on a slow connection arrives nearer to what follows it. */
const MARGIN_MS = 50;
/** Longer than this nobody is left alone, whatever a Retry-After says. */
export const LONGEST_PAUSE_MS = 300_000;

export class RateLimit {
  /** When the last ones were sent, the oldest first from `#oldest` on; empty: no limit. */
  readonly #sentAtMs: Float64Array;
  readonly #windowMs: number;
  #oldest = 0;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** Less than one a second is one in so many seconds; of more only what is whole counts. */
  constructor(perSecond: number | undefined) {
    const inWindow = perSecond === undefined ? 0 : Math.max(1, Math.floor(perSecond));
    this.#sentAtMs = new Float64Array(inWindow).fill(Number.NEGATIVE_INFINITY);
    this.#windowMs = 1000 / Math.min(1, perSecond ?? 1) + MARGIN_MS;
  }

  /** Until the next may be sent; 0: now. */
  waitMs(nowMs: number): number {
    const roomAtMs = (this.#sentAtMs[this.#oldest] ?? Number.NEGATIVE_INFINITY) + this.#windowMs;
    return Math.max(0, roomAtMs - nowMs, this.#pausedUntilMs - nowMs);
  }

  sent(nowMs: number): void {
    if (this.#sentAtMs.length === 0) return;
    this.#sentAtMs[this.#oldest] = nowMs;
    this.#oldest = (this.#oldest + 1) % this.#sentAtMs.length;
  }

  /** Left of the pause; 0: there is none. */
  pausedForMs(nowMs: number): number {
    return Math.max(0, this.#pausedUntilMs - nowMs);
  }

  /** Nothing is sent before then. A shorter pause does not end a longer one. */
  pause(untilMs: number, nowMs: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, Math.min(untilMs, nowMs + LONGEST_PAUSE_MS));
  }
}
