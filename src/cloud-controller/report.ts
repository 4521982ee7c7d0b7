// What the log says of one API: that it fails, once for each kind of failure, and that it is well again.

import type { LoadError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RequestType } from './cloud-controller.ts';

/** While it keeps failing in the same way, one line in so long. */
const REPEAT_AFTER_MS = 600_000;
/** An API that comes and goes is left at failing for so long. */
const WELL_AFTER_MS = 60_000;
/** Kinds told apart; they come from outside. */
const MOST_KINDS = 64;

export class ApiReport {
  readonly #log: Log;
  readonly #api: string;
  readonly #now: () => number;
  /** Types of request that fail. */
  readonly #failing = new Set<RequestType>();
  /** When each kind of failure was last said. */
  readonly #saidAtMs = new Map<string, number>();
  #saidFailing = false;
  #saidWellAtMs = Number.NEGATIVE_INFINITY;
  #unsaid = 0;

  constructor(api: string, log: Log, now: () => number) {
    this.#api = api;
    this.#log = log;
    this.#now = now;
  }

  /** Returns the error, to be thrown. */
  failed(type: RequestType, code: string, error: LoadError): LoadError {
    this.#failing.add(type);
    const kind = this.#saidAtMs.has(code) || this.#saidAtMs.size < MOST_KINDS ? code : 'other';
    const saidAtMs = this.#saidAtMs.get(kind) ?? Number.NEGATIVE_INFINITY;
    // Where the last that was said is that all is well, it is always said that it is not.
    if (this.#saidFailing && this.#now() - saidAtMs < REPEAT_AFTER_MS) {
      this.#unsaid++;
      return error;
    }
    this.#saidAtMs.set(kind, this.#now());
    this.#saidFailing = true;
    const { message: reason } = error;
    this.#log.warn('a Cloud Foundry API fails', {
      ...{ api: this.#api, request: type, kind, reason },
      ...this.#unlogged(),
    });
    return error;
  }

  succeeded(type: RequestType): void {
    this.#failing.delete(type);
    const nowMs = this.#now();
    if (this.#failing.size > 0 || !this.#saidFailing || nowMs - this.#saidWellAtMs < WELL_AFTER_MS) return;
    this.#saidWellAtMs = nowMs;
    this.#saidFailing = false;
    this.#log.info('a Cloud Foundry API is well again', { api: this.#api, ...this.#unlogged() });
  }

  #unlogged(): { failures_unlogged?: number } {
    const unsaid = this.#unsaid;
    this.#unsaid = 0;
    return unsaid > 0 ? { failures_unlogged: unsaid } : {};
  }
}
