// All who ask for a document before anything changes share its making; nobody waits for it without end.

import type { Clock } from '../cache/clock.ts';
import { LoadError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { LiveDocument, Made } from './live-document.ts';

export interface SharedMakingParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Counts the changes of what documents are made of. */
  readonly changes: () => number;
}

/** Where there is a last good one, nobody waits longer for a better one. */
const PATIENCE_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
/** That parts are missing is said once in so long. */
const SAY_AGAIN_MS = 60_000;

export class SharedMaking {
  readonly document: LiveDocument;
  readonly #parts: SharedMakingParts;
  #making: Promise<Made> | undefined;
  /** How many changes there had been when the making under way began. */
  #since = 0;
  #saidMissingAtMs: number | undefined;

  constructor(document: LiveDocument, parts: SharedMakingParts) {
    this.document = document;
    this.#parts = parts;
  }

  get isMaking(): boolean {
    return this.#making !== undefined;
  }

  /** Throws LoadError, RoomError, RequestError. */
  get(): Promise<Made> {
    return this.#inTime(this.#made());
  }

  /** What was begun before a change is not for who asks after it: that ends, and it is made again. */
  async #made(): Promise<Made> {
    const { changes } = this.#parts;
    const askedAt = changes();
    while (this.#making && this.#since < askedAt) await this.#making.catch(() => undefined);
    if (!this.#making) {
      this.#since = changes();
      this.#making = this.#make();
    }
    return await this.#making;
  }

  async #make(): Promise<Made> {
    try {
      const made = await this.document.make();
      this.#say(made);
      return made;
    } finally {
      this.#making = undefined;
    }
  }

  async #inTime(making: Promise<Made>): Promise<Made> {
    const { clock } = this.#parts;
    let cancel = (): void => {};
    const over = new Promise<Made>((resolve, reject) => {
      const late = (): void => {
        const { last } = this.document;
        if (last) resolve({ ...last, missing: ['what is new: it takes too long', ...last.missing] });
        else
          reject(
            new LoadError(
              'not_ready',
              `nothing was discovered within ${LONGEST_WAIT_MS / 1000} s; it goes on`,
              { retryAfterMs: 5000 },
            ),
          );
      };
      const timer = clock.after(this.document.last ? PATIENCE_MS : LONGEST_WAIT_MS, late);
      cancel = () => timer.cancel();
    });
    // Who is told that it takes too long does not see how it ends.
    making.catch(() => undefined);
    try {
      return await Promise.race([making, over]);
    } finally {
      cancel();
    }
  }

  #say({ missing, instances }: Made): void {
    const { clock, log } = this.#parts;
    if (missing.length === 0) {
      if (this.#saidMissingAtMs !== undefined) log.info('discovery is complete again', { instances });
      this.#saidMissingAtMs = undefined;
    } else if (this.#saidMissingAtMs === undefined || clock.now() - this.#saidMissingAtMs > SAY_AGAIN_MS) {
      this.#saidMissingAtMs = clock.now();
      log.warn('discovery lacks parts; they stand in it as they last were, if they ever were', {
        instances,
        // Names are not for the log; why they are missing it says of each load.
        missing: missing.length,
      });
    }
  }
}
