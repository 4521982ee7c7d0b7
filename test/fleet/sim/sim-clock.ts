// Time in a simulated fleet: one for all, seen through a clock of each instance, which can stand still and end.

import type { Clock, Timer } from '../../../src/cache/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class SimClock implements Clock {
  #nowMs = 1_700_000_000_000;
  #order = 0;
  /** A heap: the first is due first. */
  readonly #heap: Pending[] = [];

  now(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const pending: Pending = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(pending);
    return {
      cancel: () => {
        pending.run = undefined;
      },
    };
  }

  /** Moves the time on; what was promised is done before the next timer. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await promisesDone();
    while (this.#heap.length > 0 && this.#heap[0]!.atMs <= endMs) {
      const { atMs, run } = this.#pop();
      if (!run) continue;
      this.#nowMs = Math.max(this.#nowMs, atMs);
      run();
      await promisesDone();
    }
    this.#nowMs = endMs;
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let at = heap.push(pending) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(pending, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = pending;
  }

  #pop(): Pending {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

/** The clock of one instance. While it stands still nothing of it runs; what became due then runs after. */
export class OwnClock implements Clock {
  readonly #clock: SimClock;
  readonly #held: (() => void)[] = [];
  #isPaused = false;
  #isOver = false;
  /** Timers that are set and have not fired. */
  timers = 0;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  now(): number {
    return this.#clock.now();
  }

  after(delayMs: number, run: () => void): Timer {
    this.timers++;
    let isSet = true;
    const clear = (): void => {
      if (isSet) this.timers--;
      isSet = false;
    };
    const timer = this.#clock.after(delayMs, () =>
      this.run(() => {
        if (!isSet) return;
        clear();
        run();
      }),
    );
    return {
      cancel: () => {
        clear();
        timer.cancel();
      },
    };
  }

  /** Runs it now, or when the instance goes on. */
  run(run: () => void): void {
    if (this.#isOver) return;
    if (this.#isPaused) this.#held.push(run);
    else run();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    for (const run of this.#held.splice(0)) this.run(run);
  }

  /** It is killed. */
  end(): void {
    this.#isOver = true;
    this.#held.length = 0;
  }
}

function isBefore(a: Pending, b: Pending): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Everything that only waits for promises has run. */
export function promisesDone(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
