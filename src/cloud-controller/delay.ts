// Waiting, by the clock that is handed in.

import type { Clock } from '../cache/clock.ts';

/** Resolves after `ms`, or as soon as `signal` is aborted. */
export function delayBy(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal.addEventListener('abort', end);
  });
}
