// At most so many loads of a cache at one time; the others wait their turn, up to a bound.

export class LoadGate {
  readonly #concurrency: number;
  readonly #maxQueued: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(concurrency: number, maxQueued: number) {
    this.#concurrency = concurrency;
    this.#maxQueued = maxQueued;
  }

  get running(): number {
    return this.#running;
  }

  get queued(): number {
    return this.#queue.length;
  }

  get isFull(): boolean {
    return this.#running >= this.#concurrency && this.#queue.length >= this.#maxQueued;
  }

  /** Calls `run` now or when a place is free; each `run` is answered by one `leave`. Not to be called when full. */
  enter(run: () => void): void {
    if (this.#running >= this.#concurrency) {
      this.#queue.push(run);
      return;
    }
    this.#running++;
    run();
  }

  leave(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#running--;
  }
}
