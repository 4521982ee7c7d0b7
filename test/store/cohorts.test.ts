// Dropping and refreshing whole caches: generations of entries, told apart by a number.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Cohorts, NO_COHORT } from '../../src/store/cohorts.ts';
import { TIMED } from '../../src/store/entries.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import { seededRandom } from './seeded-random.ts';
import {
  accountedBytes,
  bytesOf,
  emptyStore,
  findKey,
  has,
  newCache,
  newStore,
  putBytes,
  storedBytes,
} from './shelves.ts';

const ALL_COHORTS = 0x10000;
const VALUE = Buffer.from('value');

const cohorts = suite('generations');

cohorts('are used again once they have no entries, and never while they have', () => {
  const random = seededRandom(3);
  const all = new Cohorts();
  const current = [0, 1, 2].map((cacheId) => all.begin(cacheId, undefined));
  const members: number[] = [];
  const live = new Map<number, number>();
  let begun = 3;
  for (let i = 0; i < 20_000; i++) {
    const cacheId = random.below(3);
    if (random.percent(50)) {
      members.push(current[cacheId]!);
      all.join(current[cacheId]!);
      live.set(current[cacheId]!, (live.get(current[cacheId]!) ?? 0) + 1);
    } else if (members.length > 0 && random.percent(90)) {
      const [cohort] = members.splice(random.below(members.length), 1);
      const owner = all.cacheId(cohort!);
      all.leave(cohort!, current[owner]!);
      live.set(cohort!, live.get(cohort!)! - 1);
    } else {
      if (random.percent(50)) all.dropAll(cacheId);
      const next = all.begin(cacheId, current[cacheId]);
      assert.is(live.get(next) ?? 0, 0, 'a generation with entries is not begun again');
      const others = current.filter((_, id) => id !== cacheId);
      assert.not.ok(others.includes(next), 'nor is one that is stored into');
      assert.ok(all.isLive(next, cacheId));
      current[cacheId] = next;
      begun = Math.max(begun, next + 1);
    }
  }
  assert.ok(begun < 2000, `${begun} numbers were needed`);
});

cohorts('tell what is dropped, and whose, from what is not', () => {
  const all = new Cohorts();
  const one = all.begin(7, undefined);
  const other = all.begin(8, undefined);
  all.join(one);
  const next = all.begin(7, one);
  all.join(next);
  assert.ok(all.isLive(one, 7) && all.isLive(next, 7));
  assert.not.ok(all.isLive(one, 8));
  all.dropAll(7);
  assert.not.ok(all.isLive(one, 7) || all.isLive(next, 7));
  assert.ok(all.isLive(other, 8));
});

cohorts('are told when there is none left, but where the current one is empty it will do again', () => {
  const all = new Cohorts();
  const quiet = all.begin(0, undefined);
  let current = all.begin(1, undefined);
  for (let i = 2; i < ALL_COHORTS; i++) {
    all.join(current);
    current = all.begin(1, current);
  }
  all.join(current);
  assert.is(all.begin(1, current), NO_COHORT);
  all.dropAll(0);
  const again = all.begin(0, quiet);
  assert.is(again, quiet);
  assert.ok(all.isLive(again, 0));
});

const whole = suite('whole caches');

function fill(store: Store, cache: StoreCache, entries: number, some = {}): void {
  for (let i = 0; i < entries; i++) putBytes(store, cache, `k${i}`, VALUE, some);
}

whole('are dropped even where no generation is left', () => {
  const store = newStore({ memoryBytes: 16 << 20 });
  const [busy, quiet] = [newCache(store), newCache(store)];
  putBytes(store, quiet, 'dropped', VALUE);
  putBytes(store, busy, 'first', VALUE);
  for (let i = 0; store.drops.makeOld(busy); i++) putBytes(store, busy, `k${i}`, VALUE);
  assert.is(busy.entries, ALL_COHORTS - 1, 'each generation has an entry');
  store.drops.dropAll(quiet);
  assert.not.ok(has(store, quiet, 'dropped'));
  putBytes(store, quiet, 'stored', VALUE);
  assert.ok(has(store, quiet, 'stored'));
  assert.ok(has(store, busy, 'k7'), 'the other cache has lost nothing');
  store.drops.dropAll(quiet);
  store.drops.dropAll(busy);
  for (const cache of [busy, quiet]) {
    putBytes(store, cache, 'stored', VALUE);
    assert.ok(has(store, cache, 'stored'));
    assert.ok(store.drops.makeOld(cache));
  }
  emptyStore(store);
  assert.is(store.budget.usedBytes, 0);
});

whole('that are refreshed have only old entries, until those are stored or renewed', () => {
  const store = newStore();
  const cache = newCache(store);
  fill(store, cache, 20);
  for (let round = 0; round < 3; round++) {
    assert.ok(store.drops.makeOld(cache));
    for (let i = 0; i < 20; i++) assert.ok(store.isOld(cache, findKey(store, cache, `k${i}`)));
  }
  putBytes(store, cache, 'k3', VALUE);
  store.renew(cache, findKey(store, cache, 'k4'));
  const fresh = [...Array(20).keys()].filter((i) => !store.isOld(cache, findKey(store, cache, `k${i}`)));
  assert.equal(fresh, [3, 4]);
  assert.is(cache.entries, 20);
  store.drops.makeOld(cache);
  assert.ok(store.isOld(cache, findKey(store, cache, 'k3')));
  emptyStore(store);
  assert.is(store.budget.usedBytes, 0);
});

whole('may be dropped again and again while their memory is still to come back', () => {
  const store = newStore({ memoryBytes: 8 << 20 });
  const [cache, other] = [newCache(store), newCache(store)];
  fill(store, other, 100);
  for (let round = 0; round < 5; round++) {
    fill(store, cache, 3000, { tags: ['t'] });
    if (round % 2 === 0) store.drops.makeOld(cache);
    const cost = store.costOf(findKey(store, cache, 'k2999'));
    assert.is(store.drops.dropAll(cache), 3000);
    assert.is(cache.bytes, 0);
    assert.ok(store.budget.usedBytes >= 3000 * cost, 'not yet back');
    assert.is(store.budget.usedBytes, accountedBytes(store));
    assert.not.ok(has(store, cache, 'k5'));
    store.drops.reclaim(1500);
  }
  putBytes(store, cache, 'k5', Buffer.from('new'));
  while (store.drops.reclaim(1000));
  assert.is(storedBytes(store, findKey(store, cache, 'k5')).toString(), 'new');
  assert.is(cache.entries, 1);
  assert.is(other.entries, 100);
  assert.is(store.entries.live, 101);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

whole('that are dropped give back all that is charged, what eviction knows of them included', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const cache = newCache(store);
  for (let i = 0; i < 30_000; i++) putBytes(store, cache, `k${i}`, VALUE, {}, i);
  assert.ok(cache.policyBytes > 0, 'there are enough entries for it to be charged');
  store.drops.dropAll(cache);
  while (store.drops.reclaim(1000));
  assert.is(store.budget.usedBytes, 0);
});

whole('do not wait for the memory of others that were dropped, nor does storing within a share', () => {
  const store = newStore({ memoryBytes: 32 << 20 });
  const [dropped, full] = [newCache(store), newCache(store, 50_000)];
  fill(store, dropped, 20_000);
  fill(store, full, 2000);
  assert.ok(full.evictions.share > 0);
  store.drops.dropAll(dropped);
  const before = store.entries.live;
  for (let i = 0; i < 10; i++) putBytes(store, full, `more${i}`, VALUE);
  assert.ok(
    before - store.entries.live < 2500,
    `${before - store.entries.live} entries were taken back meanwhile`,
  );
});

whole('that are dropped leave held values, timers and times to nobody', () => {
  const store = newStore({ memoryBytes: 4 << 20 });
  const cache = newCache(store);
  const long = Buffer.alloc(20_000, 'v');
  const slot = putBytes(store, cache, 'long', long, { timed: true });
  for (let i = 0; i < 2000; i++) {
    store.deadlines.set(putBytes(store, cache, `k${i}`, VALUE, { timed: true }), 1000 + i);
  }
  const value = store.hold(slot);
  store.drops.dropAll(cache);
  putBytes(store, cache, 'long', Buffer.alloc(20_000, 'w'));
  while (store.drops.reclaim(1000));
  assert.ok(bytesOf(value).equals(long));
  value.release();
  assert.is(store.deadlines.nextAtMs, Number.POSITIVE_INFINITY);
  assert.not.ok(store.entries.has(findKey(store, cache, 'long'), TIMED));
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

cohorts.run();
whole.run();
