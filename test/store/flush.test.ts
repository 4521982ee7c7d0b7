// A cache of half a million entries is dropped without a pause, and without one is the memory taken back.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Attributes, Store } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import { attributes, newCache, newStore } from './shelves.ts';

const ENTRIES = 500_000;
/** For what is not said of so many: as much in a slice. */
const FEWER = 100_000;
/** What a turn of the daemon goes on with as long as it has lasted less than a millisecond. */
const SLICE = 50;
const LONGEST_MS = 5;
/**
 * A busy machine is no slow store: what counts is the least that each slice took of so many times, more where others took
 * the machine just then. What the store itself does slowly, it does in each of them.
 */
const LEAST_ROUNDS = 3;
const MOST_ROUNDS = 12;

const test = suite('flushing');
const PLAIN = attributes();

function fill(store: Store, cache: StoreCache, entries: number, given: Attributes): void {
  for (let i = 0; i < entries; i++) {
    const key = Buffer.from(`key:${i}`);
    const draft = store.draft();
    draft.append(key);
    store.put(cache, key, draft, given, 0);
    draft.release();
  }
}

/** What the process worked, or what passed where that is less: while others work it waits, and their threads are not it. */
function elapsedMs(run: () => void): number {
  const startedAtMs = performance.now();
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return Math.min(performance.now() - startedAtMs, (user + system) / 1000);
}

/** The least of each round, place by place: of `flush`, and of each slice behind it. */
function least(
  entries: number,
  given: Attributes,
  flush: (store: Store, cache: StoreCache) => void,
): number[] {
  const leastMs: number[] = [];
  const store = newStore({ memoryBytes: 128 << 20 });
  const cache = newCache(store);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (round >= LEAST_ROUNDS && Math.max(...leastMs) < LONGEST_MS) break;
    fill(store, cache, entries, given);
    const tookMs = [elapsedMs(() => flush(store, cache))];
    while (store.drops.any) tookMs.push(elapsedMs(() => store.drops.reclaim(SLICE)));
    assert.is(store.entries.live, 0);
    assert.is(store.budget.usedBytes, 0);
    tookMs.forEach((ms, i) => {
      leastMs[i] = Math.min(leastMs[i] ?? ms, ms);
    });
  }
  return leastMs;
}

function check([flushMs, ...slicesMs]: number[]): void {
  const longestMs = Math.max(...slicesMs);
  if (process.env.SIDECACHE_SHOW_FIGURES) {
    const sorted = slicesMs.slice().sort((a, b) => a - b);
    console.log(
      `flush ${flushMs} ms, slices median ${sorted[sorted.length >> 1]} ms, longest ${longestMs} ms`,
    );
  }
  assert.ok(flushMs! < LONGEST_MS, `${flushMs} ms for the flush`);
  assert.ok(longestMs < LONGEST_MS, `${longestMs} ms for a slice`);
}

test('a cache of 500,000 entries is flushed in a moment, and its memory comes back a few at a time', () => {
  const tookMs = least(ENTRIES, PLAIN, (store, cache) => assert.is(store.drops.dropAll(cache), ENTRIES));
  assert.is(tookMs.length, 1 + ENTRIES / SLICE);
  check(tookMs);
});

test('a tag of very many entries is dropped in a moment, too', () => {
  check(least(FEWER, attributes({ tags: ['t'] }), (store, cache) => store.drops.dropTag(cache, 't')));
});

test('so is a prefix', () => {
  check(least(FEWER, PLAIN, (store, cache) => store.drops.dropPrefix(cache, Buffer.from('key:'), false)));
});

test.run();
