// Turns: so many at a time may make something large, and no more wait for theirs than there is patience for.

import { LoadError } from '../errors.ts';

export class Turns {
  readonly #mostWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atOnce: number, mostWaiting: number) {
    this.#free = atOnce;
    this.#mostWaiting = mostWaiting;
  }

  /** Resolves at one's turn to what gives it back; to be called once or more. Throws LoadError where too many wait. */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else if (this.#waiting.length < this.#mostWaiting) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      throw new LoadError('queue_full', 'too many documents of other targets are being made already', {
        retryAfterMs: 1000,
      });
    }
    let held = true;
    return () => {
      if (held) this.#giveBack();
      held = false;
    };
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}
