// All who ask for a document before anything changes share its making; nobody waits for it without end.

import type { Clock } from '../cache/clock.ts';
import { LoadError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { LiveDocument, Made } from './live-document.ts';
import type { Turns } from './turns.ts';

export interface SharedMakingParts {
  readonly clock: Clock;
  readonly log: Log;
  /** Counts the changes of what documents are made of. */
  readonly changes: () => number;
  /** With whom it takes turns; not given: it waits for nobody. */
  readonly turns?: Turns;
}

/** Where there is a last good one, nobody waits longer for a better one. */
const PATIENCE_MS = 10_000;
const LONGEST_WAIT_MS = 30_000;
/** That parts are missing is said once in so long. */
const SAY_AGAIN_MS = 60_000;

export class SharedMaking {
  readonly document: LiveDocument;
  readonly #parts: SharedMakingParts;
  /** Whether they still want it, of each who was not answered yet: what they are to get must not be let go. */
  readonly #waiting = new Set<() => boolean>();
  #making: Promise<Made> | undefined;
  /** How many changes there had been when the making under way began. */
  #since = 0;
  #saidMissingAtMs: number | undefined;

  constructor(document: LiveDocument, parts: SharedMakingParts) {
    this.document = document;
    this.#parts = parts;
  }

  get isInUse(): boolean {
    return this.#making !== undefined || this.#waiting.size > 0;
  }

  /**
   * Of the document, which holds it until it makes another: `take` retains it. `isWanted`: whether who asks has not left
   * meanwhile. Throws LoadError, RoomError, RequestError.
   */
  async get<Taken>(take: (made: Made) => Taken, isWanted: () => boolean): Promise<Taken> {
    const wanted = (): boolean => isWanted();
    this.#waiting.add(wanted);
    try {
      return take(await this.#inTime(this.#made()));
    } finally {
      this.#waiting.delete(wanted);
    }
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
      const made = await this.#inTurn(() => this.document.make());
      this.#say(made);
      return made;
    } finally {
      this.#making = undefined;
    }
  }

  /** A turn ends with the patience of those who wait for it: one that hangs holds up nobody else. */
  async #inTurn(make: () => Promise<Made>): Promise<Made> {
    const { turns, changes, clock } = this.#parts;
    if (!turns) return await make();
    const giveBack = await turns.take();
    this.#since = changes();
    if (![...this.#waiting].some((isWanted) => isWanted())) {
      giveBack();
      throw new LoadError('not_ready', 'nobody waits for this document any more');
    }
    const timer = clock.after(LONGEST_WAIT_MS, giveBack);
    try {
      return await make();
    } finally {
      timer.cancel();
      giveBack();
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
