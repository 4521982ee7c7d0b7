// What the log says of a cache's loads: that they fail, now and then while they do, and that they are well again.

import type { SidecacheError } from './errors.ts';
import type { Log } from './log.ts';

/** While loads keep failing, one line in so long. */
const REPEAT_AFTER_MS = 60_000;

export interface LoadLogParts {
  readonly log: Log;
  readonly cache: string;
  readonly now: () => number;
  /** How the log names a key: in clear or as a hash. */
  readonly nameKey: (key: Buffer) => string;
}

export class LoadLog {
  readonly #parts: LoadLogParts;
  readonly #unstorable = new Set<string>();
  #saidAtMs = Number.NEGATIVE_INFINITY;
  #saidFailing = false;
  #unsaid = 0;

  constructor(parts: LoadLogParts) {
    this.#parts = parts;
  }

  failed(error: SidecacheError, key: Buffer, inARow: number): void {
    const { log, cache, now, nameKey } = this.#parts;
    if (now() - this.#saidAtMs < REPEAT_AFTER_MS) {
      this.#unsaid++;
      return;
    }
    this.#saidAtMs = now();
    this.#saidFailing = true;
    const { code, message } = error;
    const more = this.#unsaid > 0 ? { failures_unlogged: this.#unsaid } : {};
    log.warn('a load failed', {
      cache,
      key: nameKey(key),
      code,
      reason: message,
      failures_in_a_row: inARow,
      ...more,
    });
    this.#unsaid = 0;
  }

  /** Said once for each time that failing was said. */
  recovered(afterFailures: number): void {
    if (!this.#saidFailing) return;
    this.#saidFailing = false;
    const { log, cache } = this.#parts;
    log.info('loads succeed again', {
      cache,
      failures_in_a_row: afterFailures,
      failures_unlogged: this.#unsaid,
    });
    this.#unsaid = 0;
  }

  /** Once for each reason. */
  unstorable(why: string): void {
    if (this.#unstorable.has(why)) return;
    this.#unstorable.add(why);
    this.#parts.log.warn('an answer of the origin is served and not stored', {
      cache: this.#parts.cache,
      why,
    });
  }
}
