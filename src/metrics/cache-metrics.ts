// The metrics of the caches and of their memory.

import type { Registry } from 'prom-client';
import type { Caches } from '../cache/caches.ts';
import { CHANGE_SOURCES, LOAD_RESULTS, LOAD_TRIGGERS, READ_RESULTS } from '../cache/counters.ts';
import { EVICTION_REASONS } from '../store/store-cache.ts';
import { counterIn, gaugeIn } from './describe.ts';
import type { PromClient } from './prom-client.ts';

export function describeCaches(prom: PromClient, registry: Registry, caches: Caches): void {
  const counter = counterIn(prom, registry);
  const gauge = gaugeIn(prom, registry);
  const each = (sample: (cache: (typeof caches.all)[number]) => void) => (): void => {
    for (const cache of caches.all) sample(cache);
  };

  counter(
    'sidecache_requests_total',
    'Reads by result; the sum of the results is the reads.',
    ['cache', 'result'],
    (add) =>
      each(({ name, counters }) => {
        for (const result of READ_RESULTS) add({ cache: name, result }, counters.reads(result));
      })(),
  );
  counter(
    'sidecache_loads_total',
    'Loads that ended, by what made them start and how they ended.',
    ['cache', 'trigger', 'result'],
    (add) =>
      each(({ name, counters, loads }) => {
        if (!loads) return;
        for (const trigger of LOAD_TRIGGERS) {
          for (const result of LOAD_RESULTS)
            add({ cache: name, trigger, result }, counters.loads(trigger, result));
        }
      })(),
  );
  gauge('sidecache_loads_in_flight', 'Loads that an origin is being asked for.', ['cache'], (add) =>
    each(({ name, loads }) => loads && add({ cache: name }, loads.gate.running))(),
  );
  gauge('sidecache_loads_waiting', 'Loads that wait for a place.', ['cache'], (add) =>
    each(({ name, loads }) => loads && add({ cache: name }, loads.gate.queued))(),
  );
  gauge('sidecache_entries', 'Entries stored.', ['cache'], (add) =>
    each(({ name, shelf }) => add({ cache: name }, shelf.stored.entries))(),
  );
  gauge(
    'sidecache_stored_bytes',
    'Bytes charged for the stored entries, overhead included.',
    ['cache'],
    (add) => each(({ name, shelf }) => add({ cache: name }, shelf.stored.bytes))(),
  );
  gauge(
    'sidecache_overhead_bytes',
    'The part of the stored bytes that is neither key nor value.',
    ['cache'],
    (add) =>
      each(({ name, shelf: { stored } }) => add({ cache: name }, stored.bytes - stored.payloadBytes))(),
  );
  gauge(
    'sidecache_eviction_window_ratio',
    'The part of the cache that is for what was stored last; the rest is for what is asked for often.',
    ['cache'],
    (add) => each(({ name, shelf }) => add({ cache: name }, shelf.stored.eviction.windowShare))(),
  );
  gauge(
    'sidecache_memory_limit_bytes',
    'The budget: what may be charged for all that is held for others.',
    [],
    (add) => add({}, caches.store.budget.limitBytes),
  );
  gauge('sidecache_memory_used_bytes', 'What is charged now.', [], (add) =>
    add({}, caches.store.budget.usedBytes),
  );
  counter(
    'sidecache_evictions_total',
    'Entries that went without being invalidated, by reason.',
    ['cache', 'reason'],
    (add) =>
      each(({ name, shelf }) => {
        for (const reason of EVICTION_REASONS) add({ cache: name, reason }, shelf.stored.evictions[reason]);
      })(),
  );
  counter(
    'sidecache_invalidations_total',
    'Invalidate and refresh calls applied, by where they came from.',
    ['cache', 'source'],
    (add) =>
      each(({ name, counters }) => {
        for (const source of CHANGE_SOURCES) add({ cache: name, source }, counters.invalidations(source));
      })(),
  );
  counter(
    'sidecache_invalidated_entries_total',
    'Entries that those calls dropped or marked old.',
    ['cache'],
    (add) => each(({ name, counters }) => add({ cache: name }, counters.invalidatedEntries))(),
  );
  counter('sidecache_writes_total', 'Values that clients stored.', ['cache'], (add) =>
    each(({ name, counters }) => add({ cache: name }, counters.writes))(),
  );
  counter('sidecache_void_fills_total', 'Fills refused since their lease was void.', ['cache'], (add) =>
    each(({ name, counters }) => add({ cache: name }, counters.voidFills))(),
  );
}
