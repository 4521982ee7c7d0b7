// The time that one load may take as a whole, tries, gaps and redirects included, and the signal that ends it.

import { setMaxListeners } from 'node:events';

export interface Clock {
  now(): number;
  /** Resolves after `ms`; once `signal` is aborted, soon, with or without an error. */
  delay(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Deadline {
  readonly limitMs: number;
  /** Aborted when the time is over, when a caller's signal is, and by `end`. */
  readonly signal: AbortSignal;
  readonly expired: boolean;
  restMs(): number;
  /** Releases timer and listeners; what of the load still runs is aborted. */
  end(): void;
}

/** A reason of one's own: the default one is made with a stack, which took as long as the rest of a load (measured). */
const OVER = 'over';

export function startDeadline(limitMs: number, given: readonly AbortSignal[], clock: Clock): Deadline {
  const startedAtMs = clock.now();
  const stop = new AbortController();
  let expired = false;
  const abort = (): void => stop.abort(OVER);
  const expire = (): void => {
    expired = !stop.signal.aborted;
    stop.abort(OVER);
  };
  for (const signal of given) {
    if (signal.aborted) stop.abort(OVER);
    // One per load on a signal that all loads may share: many of them are no leak.
    setMaxListeners(0, signal);
    // Not AbortSignal.any: in Node 20 that keeps something per load for as long as a daemon-wide signal lives.
    signal.addEventListener('abort', abort);
  }
  if (!stop.signal.aborted) clock.delay(limitMs, stop.signal).then(expire, () => undefined);
  return {
    limitMs,
    signal: stop.signal,
    get expired(): boolean {
      return expired;
    },
    restMs: () => limitMs - (clock.now() - startedAtMs),
    end: () => {
      for (const signal of given) signal.removeEventListener('abort', abort);
      stop.abort(OVER);
    },
  };
}
