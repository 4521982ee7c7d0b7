// At most so many loads of a cache at one time; the others wait their turn, up to a bound.

export class LoadGate {
  readonly concurrency: number;
  readonly #maxQueued: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #starting = false;

  constructor(concurrency: number, maxQueued: number) {
    this.concurrency = concurrency;
    this.#maxQueued = maxQueued;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get isFull(): boolean {
    return this.#running >= this.concurrency && this.#queue.length >= this.#maxQueued;
  }

  /** Calls `run` now or when a place is free; each `run` is answered by one `leave`. Not to be called when full. */
  enter(run: () => void): void {
    this.#queue.push(run);
    this.#startNext();
  }

  leave(): void {
    this.#running--;
    this.#startNext();
  }

  /** In a loop: what ends as soon as it starts comes back here, and a queue of thousands must not be as many calls deep. */
  #startNext(): void {
    if (this.#starting) return;
    this.#starting = true;
    while (this.#running < this.concurrency && this.#queue.length > 0) {
      this.#running++;
      this.#queue.shift()!();
    }
    this.#starting = false;
  }
}
