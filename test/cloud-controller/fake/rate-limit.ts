// A limit of requests a second that answers 429 as the Cloud Controller does, and watches whether it is kept to.

import { rateLimitExceeded } from './api-error.ts';
import type { Reply } from './faults.ts';

export interface RateLimitOptions {
  perSecond: number;
  retryAfterSeconds: number;
  clock?: { now(): number };
  /** The Cloud Controller's own source says the time of the reset, in seconds since the epoch; a proxy, or another version, seconds. */
  retryAfterForm?: 'seconds' | 'epoch';
}

export class RateLimit {
  /** Most requests that arrived within any one second, whether they were answered or refused. */
  most = 0;
  /** Answered 429. */
  refused = 0;
  /** Arrived before the Retry-After of an earlier 429 was over. */
  impatient = 0;
  readonly #options: RateLimitOptions;
  readonly #now: () => number;
  #arrivals: number[] = [];
  #closedUntilMs = Number.NEGATIVE_INFINITY;
  #refusals = 0;

  constructor(options: RateLimitOptions, now: () => number) {
    this.#options = options;
    this.#now = options.clock === undefined ? now : () => options.clock!.now();
  }

  /** More than the limit arrived within some second. */
  get exceeded(): boolean {
    return this.most > this.#options.perSecond;
  }

  /** The next `times` requests are answered 429, though nothing was exceeded: others use up the same limit. */
  refuse(times: number): void {
    this.#refusals = times;
  }

  /** Undefined: it may pass. */
  arrive(): Reply | undefined {
    const nowMs = this.#now();
    this.#arrivals = this.#arrivals.filter((atMs) => atMs > nowMs - 1000);
    this.#arrivals.push(nowMs);
    this.most = Math.max(this.most, this.#arrivals.length);
    const early = nowMs < this.#closedUntilMs;
    if (early) this.impatient++;
    const forced = this.#refusals > 0;
    if (forced) this.#refusals--;
    if (!forced && !early && this.#arrivals.length <= this.#options.perSecond) return undefined;
    return this.#refuse(nowMs);
  }

  #refuse(nowMs: number): Reply {
    const { perSecond, retryAfterSeconds, retryAfterForm = 'seconds' } = this.#options;
    this.refused++;
    this.#closedUntilMs = Math.max(this.#closedUntilMs, nowMs + retryAfterSeconds * 1000);
    const reset = Math.ceil(nowMs / 1000) + retryAfterSeconds;
    return {
      status: 429,
      headers: {
        'content-type': 'text/plain; charset=utf-8',
        date: new Date(nowMs).toUTCString(),
        'retry-after': retryAfterForm === 'epoch' ? reset : retryAfterSeconds,
        'x-ratelimit-limit': perSecond,
        'x-ratelimit-remaining': 0,
        'x-ratelimit-reset': reset,
      },
      body: rateLimitExceeded().body,
    };
  }
}
