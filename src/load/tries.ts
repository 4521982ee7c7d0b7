// Another try after a failure that may be passing: how often, and after what gap. Knows nothing of HTTP.

import { type Attempt, newAttempt, wasStale } from './attempt.ts';
import type { Deadline } from './deadline.ts';

export interface TryLimits {
  /** Further tries after the first. */
  readonly retries: number;
  /** Connections kept, hence how many of them can turn out dead one after the other. */
  readonly concurrency: number;
}

export interface TryClock {
  delay(ms: number, signal: AbortSignal): Promise<void>;
  /** From 0 up to 1. */
  random(): number;
}

/** The gap before the second try; it doubles from try to try, each ± 50 %. */
const FIRST_GAP_MS = 50;

/** Throws what the last try threw. */
export async function persistently<T>(
  origin: string,
  deadline: Deadline,
  limits: TryLimits,
  clock: TryClock,
  tryOnce: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  let failures = 0;
  let staleConnections = 0;
  for (;;) {
    const attempt = newAttempt(origin, deadline);
    try {
      return await tryOnce(attempt);
    } catch (error) {
      // Each takes a dead connection out of the pool, so this ends. It is nobody's failure, and no try.
      if (wasStale(attempt) && staleConnections++ < limits.concurrency) continue;
      const waitMs = Math.max(attempt.retryAfterMs ?? 0, gapMs(failures, clock.random()));
      if (!attempt.passing || failures++ >= limits.retries || waitMs >= deadline.restMs()) throw error;
      // Cut short, it leaves the next try to say why.
      await clock.delay(waitMs, deadline.signal).catch(() => undefined);
    }
  }
}

function gapMs(failures: number, random: number): number {
  return FIRST_GAP_MS * 2 ** failures * (0.5 + random);
}
