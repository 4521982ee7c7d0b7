// GET of an entry with `?explain=1`: what the daemon knows of it, without reading it.

import type { ServerResponse } from 'node:http';
import { checkKeyLength } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { encodePercent } from '../../units/percent.ts';
import { failureFacts } from '../failure-facts.ts';
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
  const times = store.lifetimes.of(slot, nowMs);
  return {
    state: shelf.isNegative(slot) ? 'negative' : shelf.isFresh(slot, nowMs) ? 'fresh' : 'stale',
    size_bytes: store.valueLength(slot),
    cost_bytes: store.costOf(slot),
    overhead_bytes: store.costOf(slot) - store.payloadOf(slot),
    content_type: store.contentType(slot),
    etag: shelf.etagOf(slot),
    tags: store.tags(slot),
    age_ms: Math.round(nowMs - times.loadedAtMs),
    stored_at: time(times.loadedAtMs),
    read_at: time(nowMs - shelf.idleMs(slot, nowMs)),
    refresh_at: time(times.refreshAtMs),
    waits_from: time(times.waitAtMs),
    stale_if_error_until: time(times.errorUntilMs),
    expires_at: time(shelf.idleAtMs(slot, nowMs)),
    dies_at: time(times.diesAtMs),
    loading: cache.loads?.isLoading(slot) ?? false,
  };
}

/** null for never. */
function time(atMs: number): string | null {
  return Number.isFinite(atMs) ? new Date(atMs).toISOString() : null;
}
