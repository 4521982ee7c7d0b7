// The times of an entry: from a cache's settings, what the origin said, and a little randomness.

import type { Terms } from './loader.ts';

/** A cache's times; undefined = off. */
export interface Times {
  readonly refreshMs: number | undefined;
  readonly refreshAhead: boolean;
  readonly expiryMs: number | undefined;
  readonly ttlMs: number | undefined;
  readonly negativeMs: number | undefined;
  readonly retryMs: number;
}

/** All as times of the clock, Infinity = never. */
export interface Moments {
  /** When the value was as the origin says: now less its age. */
  loadedAtMs: number;
  refreshAtMs: number;
  waitAtMs: number;
  errorUntilMs: number;
  diesAtMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;
/** Entries stored together are refreshed spread over this part of `refresh`, none later than it says. */
const JITTER = 0.1;
/** A reload ahead of readers begins between these parts of `refresh`, so that it has ended before readers see `stale`. */
export const AHEAD_FROM = 0.7;
export const AHEAD_TO = 0.85;

/** `terms` as the origin gave them, undefined for what a client wrote; `random` is in [0, 1). */
export function momentsOf(times: Times, terms: Terms | undefined, nowMs: number, random: number): Moments {
  const loadedAtMs = nowMs - (terms?.ageMs ?? 0);
  const diesAtMs = times.ttlMs === undefined ? NEVER : loadedAtMs + times.ttlMs;
  const fresh = terms?.freshMs;
  if (fresh === undefined && times.refreshMs === undefined) {
    return {
      loadedAtMs,
      refreshAtMs: NEVER,
      waitAtMs: NEVER,
      errorUntilMs: diesAtMs,
      diesAtMs,
    };
  }
  const refreshMs = fresh ?? times.refreshMs!;
  const staleFromMs = loadedAtMs + refreshMs;
  const until = (windowMs: number | undefined): number =>
    windowMs === undefined ? diesAtMs : Math.min(diesAtMs, staleFromMs + windowMs);
  return {
    loadedAtMs,
    // The origin's own lifetime is exact; only the configured one is spread.
    refreshAtMs: fresh === undefined ? loadedAtMs + refreshMs * (1 - random * JITTER) : staleFromMs,
    waitAtMs: until(terms?.staleWhileRevalidateMs),
    errorUntilMs: until(terms?.staleIfErrorMs),
    diesAtMs,
  };
}
