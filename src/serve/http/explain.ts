// GET of an entry with `?explain=1`: what the daemon knows of it, without reading it.

import type { ServerResponse } from 'node:http';
import { checkKeyLength } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { encodePercent } from '../../units/percent.ts';
import type { Context } from './context.ts';
import { sendJson } from './json.ts';

/** Throws RequestError 'bad_key'. */
export function explainEntry(context: Context, cache: Cache, given: Buffer, response: ServerResponse): void {
  checkKeyLength(given.length);
  const key = cache.fold(given);
  const nowMs = context.clock.now();
  const slot = cache.shelf.peek(key);
  const document = {
    cache: cache.name,
    key: encodePercent(key),
    ...(slot === NO_SLOT ? { state: 'absent' } : entryFacts(cache, slot, nowMs)),
    ...failureFacts(cache, key, slot === NO_SLOT, nowMs),
  };
  sendJson(response, 200, document);
}

function entryFacts(cache: Cache, slot: number, nowMs: number): Record<string, unknown> {
  const { shelf } = cache;
  const { store } = shelf;
  const { entries } = store;
  return {
    state: shelf.isNegative(slot) ? 'negative' : shelf.isFresh(slot, nowMs) ? 'fresh' : 'stale',
    size_bytes: store.valueLength(slot),
    cost_bytes: entries.costBytes[slot],
    content_type: store.contentType(slot),
    etag: shelf.etagOf(slot),
    tags: store.tags(slot),
    age_ms: Math.round(nowMs - entries.loadedAtMs[slot]!),
    stored_at: time(entries.loadedAtMs[slot]!),
    read_at: time(entries.readAtMs[slot]!),
    refresh_at: time(entries.refreshAtMs[slot]!),
    waits_from: time(entries.waitAtMs[slot]!),
    stale_if_error_until: time(entries.errorUntilMs[slot]!),
    expires_at: time(shelf.idleAtMs(slot)),
    dies_at: time(entries.diesAtMs[slot]!),
    loading: cache.loads?.isLoading(slot) ?? false,
  };
}

function failureFacts(cache: Cache, key: Buffer, cold: boolean, nowMs: number): Record<string, unknown> {
  const failures = cache.loads?.failures;
  const keyText = key.toString('latin1');
  const failure = failures?.of(keyText);
  if (!failures || (!failure && !failures.breakerOpen)) return {};
  return {
    failures: failure?.failures ?? 0,
    next_retry_in_ms: Math.max(0, Math.round(failures.retryAtMs(keyText, cold) - nowMs)),
    last_error: (failure?.error ?? failures.last)?.message,
    breaker: failures.breakerOpen ? 'open' : 'closed',
  };
}

/** null for never. */
function time(atMs: number): string | null {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;
}
