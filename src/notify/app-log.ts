// What the log says of an app that is told things: that it does not answer, that it does again, that it calls in circles.

import type { Log } from '../log.ts';
import type { Told } from './job.ts';

/** An app that comes and goes is left at failing for a while. */
const RECENTLY_MS = 60_000;
/** Recoveries said in that time. */
const MOST_RECOVERIES = 5;

export interface AppLogParts {
  readonly log: Log;
  /** The app's URL without its secrets. */
  readonly app: string;
  readonly now: () => number;
}

export class AppLog {
  readonly #parts: AppLogParts;
  #recoveredAtMs: number[] = [];
  #saidFailing = false;

  constructor(parts: AppLogParts) {
    this.#parts = parts;
  }

  /** Said once until it is well again. */
  failed(why: string): void {
    if (this.#saidFailing) return;
    this.#saidFailing = true;
    const { log, app } = this.#parts;
    log.warn('the app did not take what it was told; it is told again until it does', { app, reason: why });
  }

  recovered(afterFailures: number): void {
    const { log, app, now } = this.#parts;
    const lately = this.#recoveredAtMs.filter((atMs) => now() - atMs < RECENTLY_MS);
    if (!this.#saidFailing || lately.length >= MOST_RECOVERIES) return;
    this.#recoveredAtMs = [...lately, now()];
    this.#saidFailing = false;
    log.info('the app takes what it is told again', { app, failures_in_a_row: afterFailures });
  }

  looping(told: Told): void {
    const { log, app } = this.#parts;
    const caches = told.kind === 'resync' ? undefined : told.caches;
    log.warn(
      'the app is told the same over and over, in gaps; if its handler calls the daemon, it must repeat the header Sidecache-Event',
      { app, kind: told.kind, caches },
    );
  }
}
