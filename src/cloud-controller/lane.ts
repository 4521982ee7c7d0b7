// The way to one API: so many requests at one time, no more in a second than allowed, first come first served.

import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from '../cache/clock.ts';
import { RateLimit } from './rate-limit.ts';

export interface LaneLimits {
  readonly concurrency: number;
  readonly requestsPerSecond: number | undefined;
}

/** `mine`: to be given back by `leave`. `given_up`: the signal was aborted. `paused`: for longer than anybody waits. */
export type Turn = 'mine' | 'given_up' | 'paused';

/** What of a pause is left at most, for who waits for its end; whoever would wait longer is told at once. */
const LONGEST_WAIT_MS = 30_000;

interface Waiter {
  readonly end: (turn: Turn) => void;
  /** Since when a place was free and only the rate held it back. */
  heldSinceMs: number | undefined;
}

export class Lane {
  readonly #clock: Clock;
  readonly #concurrency: number;
  readonly #rate: RateLimit;
  readonly #rateWaited: (ms: number) => void;
  readonly #queue: Waiter[] = [];
  #inFlight = 0;
  #timer: Timer | undefined;

  /** `rateWaited` is told of each that goes, 0 included. */
  constructor(limits: LaneLimits, clock: Clock, rateWaited: (ms: number) => void) {
    this.#clock = clock;
    this.#concurrency = limits.concurrency;
    this.#rate = new RateLimit(limits.requestsPerSecond);
    this.#rateWaited = rateWaited;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Left of what the API asked for; 0: it may be asked. */
  get pausedForMs(): number {
    return this.#rate.pausedForMs(this.#clock.now());
  }

  /** Resolves when it is one's turn, or none will be. `ahead`: what others wait for, or what has waited once, goes before all. */
  enter(signal: AbortSignal, ahead: boolean): Promise<Turn> {
    if (signal.aborted) return Promise.resolve('given_up');
    if (this.#isPausedForLong) return Promise.resolve('paused');
    // All pages of a list wait with one signal: many listeners are no leak.
    setMaxListeners(0, signal);
    return new Promise((resolve) => {
      const abort = (): void => {
        this.#queue.splice(this.#queue.indexOf(waiter), 1);
        resolve('given_up');
        this.#startNext();
      };
      const end = (turn: Turn): void => {
        signal.removeEventListener('abort', abort);
        resolve(turn);
      };
      const waiter: Waiter = { end, heldSinceMs: undefined };
      signal.addEventListener('abort', abort, { once: true });
      if (ahead) this.#queue.unshift(waiter);
      else this.#queue.push(waiter);
      this.#startNext();
    });
  }

  leave(): void {
    this.#inFlight--;
    this.#startNext();
  }

  /** The API asked to be left alone for so long. */
  pause(ms: number): void {
    const nowMs = this.#clock.now();
    this.#rate.pause(nowMs + ms, nowMs);
    if (this.#isPausedForLong) for (const waiter of this.#queue.splice(0)) waiter.end('paused');
  }

  get #isPausedForLong(): boolean {
    return this.pausedForMs > LONGEST_WAIT_MS;
  }

  #startNext(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    while (this.#queue.length > 0 && this.#inFlight < this.#concurrency) {
      const waitMs = this.#rate.waitMs(nowMs);
      if (waitMs > 0) {
        this.#holdBack(waitMs, nowMs);
        return;
      }
      this.#start(this.#queue.shift()!, nowMs);
    }
  }

  #start(waiter: Waiter, nowMs: number): void {
    this.#rate.sent(nowMs);
    this.#inFlight++;
    this.#rateWaited(nowMs - (waiter.heldSinceMs ?? nowMs));
    waiter.end('mine');
  }

  #holdBack(waitMs: number, nowMs: number): void {
    for (const waiter of this.#queue.slice(0, this.#concurrency - this.#inFlight)) {
      waiter.heldSinceMs ??= nowMs;
    }
    this.#timer = this.#clock.after(waitMs, () => this.#startNext());
  }
}
