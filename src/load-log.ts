// What the log says of a cache's loads: that they fail, now and then while they do, and that they are well again.

import type { SidecacheError } from './errors.ts';
import type { Log } from './log.ts';

/** While loads keep failing, one line in so long for each reason. */
const REPEAT_AFTER_MS = 60_000;
/** Recoveries said in that time. */
const MOST_RECOVERIES = 5;
/** Reasons told apart; beyond it they share one line. */
const MOST_REASONS = 16;

export interface LoadLogParts {
  readonly log: Log;
  readonly cache: string;
  readonly now: () => number;
  /** How the log names a key: in clear or as a hash. */
  readonly nameKey: (key: Buffer) => string;
  /** Who asks the origin for several caches says itself that it fails: here it stands only for who looks closer. */
  readonly isSaidElsewhere?: boolean;
}

export class LoadLog {
  readonly #parts: LoadLogParts;
  readonly #unstorable = new Set<string>();
  /** When each reason was last said. */
  readonly #saidAtMs = new Map<string, number>();
  #recoveredAtMs: number[] = [];
  #saidFailing = false;
  #unsaid = 0;

  constructor(parts: LoadLogParts) {
    this.#parts = parts;
  }

  failed(error: SidecacheError, key: Buffer, inARow: number): void {
    const { log, cache, now, nameKey, isSaidElsewhere = false } = this.#parts;
    const { code, message } = error;
    const reason = this.#saidAtMs.has(message) || this.#saidAtMs.size < MOST_REASONS ? message : '';
    const saidAtMs = this.#saidAtMs.get(reason) ?? Number.NEGATIVE_INFINITY;
    // Where the last that was said is that all is well, it is always said that it is not.
    if (this.#saidFailing && now() - saidAtMs < REPEAT_AFTER_MS) {
      this.#unsaid++;
      return;
    }
    this.#saidAtMs.set(reason, now());
    this.#saidFailing = true;
    const more = this.#unsaid > 0 ? { failures_unlogged: this.#unsaid } : {};
    log[isSaidElsewhere ? 'debug' : 'warn']('a load failed', {
      cache,
      key: nameKey(key),
      code,
      reason: message,
      failures_in_a_row: inARow,
      ...more,
    });
    this.#unsaid = 0;
  }

  /** Said once for each time that failing was said; an origin that comes and goes is left at failing for a while. */
  recovered(afterFailures: number): void {
    const { log, cache, now, isSaidElsewhere = false } = this.#parts;
    const lately = this.#recoveredAtMs.filter((atMs) => now() - atMs < REPEAT_AFTER_MS);
    if (!this.#saidFailing || lately.length >= MOST_RECOVERIES) return;
    this.#recoveredAtMs = [...lately, now()];
    this.#saidFailing = false;
    log[isSaidElsewhere ? 'debug' : 'info']('loads succeed again', {
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
