// A clock that stands still until the test moves it.

import type { Clock, Timer } from '../../src/cache/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class FakeClock implements Clock {
  #nowMs = 1_000_000;
  #order = 0;
  readonly #timers = new Set<Pending>();
  /** Timers that ever fired. */
  fired = 0;

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const pending = { atMs: this.#nowMs + delayMs, order: this.#order++, run };
    this.#timers.add(pending);
    return { cancel: () => void this.#timers.delete(pending) };
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** How long until the next timer, Infinity where there is none. */
  get nextTimerInMs(): number {
    return (this.#first()?.atMs ?? Number.POSITIVE_INFINITY) - this.#nowMs;
  }

  /** Moves the time on, firing what becomes due in its order and at its time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (let next = this.#first(); next && next.atMs <= endMs; next = this.#first()) this.#fire(next);
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  /** Time that passes while something is being done: no timer fires. */
  work(ms: number): void {
    this.#nowMs += ms;
  }

  /** The same, with what was promised done after each timer and at the end. */
  async pass(ms: number): Promise<void> {
    await settled();
    const endMs = this.#nowMs + ms;
    for (let next = this.#first(); next && next.atMs <= endMs; next = this.#first()) {
      this.#fire(next);
      await settled();
    }
    this.#nowMs = endMs;
    await settled();
  }

  #fire(timer: Pending): void {
    this.#timers.delete(timer);
    this.#nowMs = Math.max(this.#nowMs, timer.atMs);
    this.fired++;
    timer.run();
  }

  #first(): Pending | undefined {
    let first: Pending | undefined;
    for (const timer of this.#timers) {
      if (!first || timer.atMs < first.atMs || (timer.atMs === first.atMs && timer.order < first.order)) {
        first = timer;
      }
    }
    return first;
  }
}

/** Everything that only waits for promises has run. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await null;
}
