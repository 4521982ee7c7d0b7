// GET /caches and GET /caches/{cache}: what there is, as JSON.

import type { ServerResponse } from 'node:http';
import type { Cache } from '../../cache/cache.ts';
import { CHANGE_SOURCES, READ_RESULTS } from '../../cache/counters.ts';
import { RequestError } from '../../errors.ts';
import { encodePercent } from '../../units/percent.ts';
import type { Context } from './context.ts';
import { sendJson } from './json.ts';
import { shown, unknownParameter } from './parameters.ts';
import type { Parameter } from './target.ts';

const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;
/** Slots looked at for one page: a page may be short, or empty, and still have a cursor. */
const SLOTS_A_PAGE = 100_000;
/** Characters of keys after which a page ends. */
const PAGE_LENGTH = 64 << 10;

export function listCaches(context: Context, response: ServerResponse): void {
  const { instance, clock, startedAtMs, caches } = context;
  const { budget, room } = caches.store;
  sendJson(response, 200, {
    instance: {
      index: instance.index,
      instance_id: instance.instanceId,
      incarnation: instance.incarnation,
      version: instance.version,
      uptime_ms: Math.round(clock.now() - startedAtMs),
      state: context.notReady() ?? 'ready',
    },
    memory: {
      limit_bytes: budget.limitBytes,
      used_bytes: budget.usedBytes,
      receiving_bytes: room.draftBytes,
      overhead_bytes: room.overheadBytes,
    },
    caches: caches.all.map((cache) => describe(context, cache)),
  });
}

function describe(context: Context, cache: Cache): Record<string, unknown> {
  const { counters, shelf, loads } = cache;
  const { times, stored } = shelf;
  const reads = Object.fromEntries(READ_RESULTS.map((result) => [result, counters.reads(result)]));
  return {
    name: cache.name,
    ...context.facts.get(cache.name),
    passes_through: cache.passesThrough,
    loader: loads !== undefined,
    refresh_ms: times.refreshMs ?? null,
    refresh_ahead: times.refreshAhead,
    expiry_ms: times.expiryMs ?? null,
    ttl_ms: times.ttlMs ?? null,
    negative_ms: times.negativeMs ?? null,
    retry_ms: times.retryMs,
    memory_bytes: stored.shareBytes ?? null,
    entries: stored.entries,
    bytes: stored.bytes,
    overhead_bytes: stored.bytes - stored.payloadBytes,
    window_share: Math.round(stored.eviction.windowShare * 1000) / 1000,
    reads,
    loads: counters.loadsEnded('stored', 'unchanged', 'absent', 'unstorable', 'void'),
    load_failures: counters.loadsEnded('failed', 'timeout'),
    loads_in_flight: loads?.gate.running ?? 0,
    loads_waiting: loads?.gate.queued ?? 0,
    breaker: loads?.failures.breakerOpen ? 'open' : 'closed',
    last_error: loads?.failures.last?.message ?? null,
    writes_total: counters.writes,
    deletes: counters.deletes,
    void_fills: counters.voidFills,
    invalidations: sum(CHANGE_SOURCES.map((source) => counters.invalidations(source))),
    invalidated_entries: counters.invalidatedEntries,
    evictions: stored.evictions,
  };
}

/** One page of keys, percent-encoded. An entry that is there all the while is on exactly one page. */
export function listKeys(
  context: Context,
  cache: Cache,
  parameters: readonly Parameter[],
  response: ServerResponse,
): void {
  const page = parsePage(parameters);
  const { store, stored } = cache.shelf;
  const nowMs = context.clock.now();
  const { highWater } = store.entries;
  const end = Math.min(highWater, page.cursor + SLOTS_A_PAGE);
  const keys: string[] = [];
  let slot = page.cursor;
  let length = 0;
  for (; slot < end && keys.length < page.limit && length < PAGE_LENGTH; slot++) {
    if (
      !store.isLive(stored, slot) ||
      nowMs >= cache.shelf.diesAtMs(slot, nowMs) ||
      cache.shelf.isNegative(slot)
    )
      continue;
    if (!store.keyStartsWith(slot, page.prefix)) continue;
    const key = encodePercent(store.key(slot));
    keys.push(key);
    length += key.length + 3;
  }
  context.garbage.passed(2 * length);
  const cursor = slot < highWater ? String(slot) : null;
  sendJson(response, 200, { cache: cache.name, entries: stored.entries, keys, cursor });
}

function parsePage(parameters: readonly Parameter[]): { prefix: Buffer; limit: number; cursor: number } {
  const page = { prefix: Buffer.alloc(0), limit: DEFAULT_LIMIT, cursor: 0 };
  for (const { name, value } of parameters) {
    if (name === 'prefix') page.prefix = Buffer.from(value);
    else if (name === 'limit') page.limit = wholeNumber(name, value, 1, MAX_LIMIT);
    else if (name === 'cursor') page.cursor = wholeNumber(name, value, 0, 2 ** 31);
    else throw unknownParameter(name, ['prefix', 'limit', 'cursor', 'key']);
  }
  return page;
}

function wholeNumber(name: string, value: Buffer, least: number, most: number): number {
  const text = value.toString('latin1');
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new RequestError(
    'bad_query',
    `${name} is a whole number from ${least} to ${most}; not '${shown(text)}'`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
