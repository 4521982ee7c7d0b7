// What the log says of one API: that it fails, once for each kind of failure, and that it is well again.

import type { LoadError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RequestType } from './cloud-controller.ts';

/** While it keeps failing in the same way, one line in so long. */
const REPEAT_AFTER_MS = 600_000;
/** An API that comes and goes: the same failure, or that all is well, is not said again sooner. */
const QUIET_MS = 60_000;

export class ApiReport {
  readonly #log: Log;
  readonly #api: string;
  readonly #now: () => number;
  /** Kinds of failure, by the type of request that is failing. */
  readonly #failing = new Map<RequestType, Set<string>>();
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
  failed(type: RequestType, kind: string, error: LoadError): LoadError {
    const kinds = this.#failing.get(type) ?? new Set();
    const quietMs = kinds.has(kind) ? REPEAT_AFTER_MS : QUIET_MS;
    this.#failing.set(type, kinds.add(kind));
    const saidAtMs = this.#saidAtMs.get(kind) ?? Number.NEGATIVE_INFINITY;
    if (this.#now() - saidAtMs < quietMs) {
      this.#unsaid++;
      return error;
    }
    this.#saidAtMs.set(kind, this.#now());
    this.#saidFailing = true;
    this.#log.warn('a Cloud Foundry API fails', {
      api: this.#api,
      request: type,
      kind,
      reason: error.message,
      ...(this.#unsaid > 0 ? { failures_unlogged: this.#unsaid } : {}),
    });
    this.#unsaid = 0;
    return error;
  }

  succeeded(type: RequestType): void {
    if (!this.#failing.delete(type) || this.#failing.size > 0) return;
    const nowMs = this.#now();
    if (!this.#saidFailing || nowMs - this.#saidWellAtMs < QUIET_MS) return;
    this.#saidWellAtMs = nowMs;
    this.#saidFailing = false;
    this.#log.info('a Cloud Foundry API is well again', {
      api: this.#api,
      ...(this.#unsaid > 0 ? { failures_unlogged: this.#unsaid } : {}),
    });
    this.#unsaid = 0;
  }
}
