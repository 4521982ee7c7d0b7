// The room for answers that are being read, one for all requests to an API: who finds none waits, so that many long
// answers at one time hold no more than a few do.
//
// Who has been reading longest always goes on, by up to one answer beyond the room: it ends, and gives back what others
// wait for. Were all made to wait, each for the room of another, none would end.

/** Whose room it is; known by nothing but itself. */
export type Reader = object;

export class BodyRoom {
  readonly #maxBytes: number;
  /** Bytes of each, the oldest first. */
  readonly #readers = new Map<Reader, number>();
  readonly #waiting = new Set<() => void>();
  #usedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Until `leave`. */
  enter(reader: Reader): void {
    this.#readers.set(reader, 0);
  }

  /** Resolves to false where `signal` is aborted before there is room. */
  async take(reader: Reader, bytes: number, signal: AbortSignal): Promise<boolean> {
    while (!this.#mayTake(reader, bytes)) {
      if (signal.aborted) return false;
      await this.#someoneLeft(signal);
    }
    this.#readers.set(reader, (this.#readers.get(reader) ?? 0) + bytes);
    this.#usedBytes += bytes;
    return true;
  }

  leave(reader: Reader): void {
    this.#usedBytes -= this.#readers.get(reader) ?? 0;
    this.#readers.delete(reader);
    for (const wake of this.#waiting) wake();
  }

  #mayTake(reader: Reader, bytes: number): boolean {
    return this.#usedBytes + bytes <= this.#maxBytes || this.#readers.keys().next().value === reader;
  }

  /** Or `signal` was aborted. */
  #someoneLeft(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake);
    });
  }
}
