// What the daemon knows of one entry, without reading it, for people and scripts.

import type { Cache } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { failureFacts } from '../failure-facts.ts';

/** Times in whole milliseconds; null: never. */
export type Fact = number | string | boolean | null | readonly string[];

export function explain(cache: Cache, given: Buffer, nowMs: number): Record<string, Fact> {
  const key = cache.fold(given);
  const slot = cache.shelf.peek(key);
  return {
    cache: cache.name,
    key: key.toString('latin1'),
    ...(slot === NO_SLOT ? { state: 'absent' } : entryFacts(cache, slot, nowMs)),
    ...failureFacts(cache, key, slot === NO_SLOT, nowMs),
  };
}

function entryFacts(cache: Cache, slot: number, nowMs: number): Record<string, Fact> {
  const { shelf } = cache;
  const { store, times } = shelf;
  const idleMs = shelf.idleMs(slot, nowMs);
  return {
    state: shelf.isNegative(slot) ? 'negative' : shelf.isFresh(slot, nowMs) ? 'fresh' : 'stale',
    size_bytes: store.valueLength(slot),
    content_type: store.contentType(slot),
    etag: shelf.etagOf(slot),
    tags: store.tags(slot),
    version: shelf.version(slot),
    age_ms: wholeMs(shelf.ageMs(slot, nowMs)),
    idle_ms: wholeMs(idleMs),
    fresh_for_ms: wholeMs(shelf.freshForMs(slot, nowMs)),
    expires_in_ms: times.expiryMs === undefined ? null : wholeMs(times.expiryMs - idleMs),
    dies_in_ms: wholeMs(shelf.diesAtMs(slot, nowMs) - nowMs),
    loading: cache.loads?.isLoading(slot) ?? false,
  };
}

function wholeMs(ms: number): number | null {
  return Number.isFinite(ms) ? Math.round(ms) : null;
}
