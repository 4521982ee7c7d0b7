// Prefixes that are dropped, or refreshed: right at once, while the sweep over the entries is far behind.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NO_SLOT } from '../../src/store/entries.ts';
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

const VALUE = Buffer.from('value');
/** More than are looked at in the call. */
const MANY = 12_000;

function filled(entries = MANY, memoryBytes = 32 << 20): { store: Store; cache: StoreCache } {
  const store = newStore({ memoryBytes });
  const cache = newCache(store);
  for (let i = 0; i < entries; i++) putBytes(store, cache, `${i % 10}:${i}`, VALUE);
  return { store, cache };
}

function drop(store: Store, cache: StoreCache, prefix: string, soft = false): number {
  return store.drops.dropPrefix(cache, Buffer.from(prefix), soft);
}

function sweepAll(store: Store): void {
  while (store.drops.reclaim(1000));
}

const hard = suite('dropped prefixes');

hard('are gone at once, whoever looks, and their memory comes back behind it', () => {
  const { store, cache } = filled();
  const found = drop(store, cache, '3:');
  assert.ok(store.drops.any, 'the sweep is behind');
  assert.ok(found > 0 && found < MANY / 10, `${found}`);
  for (let i = 0; i < MANY; i++) assert.is(has(store, cache, `${i % 10}:${i}`), i % 10 !== 3);
  sweepAll(store);
  assert.is(cache.entries, MANY * 0.9);
  assert.is(store.entries.live, MANY * 0.9);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

hard('are gone from every list, too', () => {
  const { store, cache } = filled();
  const last = putBytes(store, cache, '3:last', VALUE, { tags: ['t'] });
  drop(store, cache, '3:last');
  assert.not.ok(store.isLive(cache, last));
  assert.equal(store.taggedSlots(cache, 't'), []);
  assert.not.ok(store.mostRecent(cache, 10, 0).includes(last));
});

hard('do not concern what is stored afterwards, under the same keys and in the same slots', () => {
  const { store, cache } = filled();
  drop(store, cache, '3:');
  const before = findKey(store, cache, '4:11004');
  store.remove(before);
  assert.is(putBytes(store, cache, '3:new', VALUE), before, 'a slot that the sweep has not come to');
  for (let i = 0; i < MANY; i += 10) putBytes(store, cache, `3:${i + 3}`, Buffer.from('again'));
  sweepAll(store);
  assert.ok(has(store, cache, '3:new'));
  for (let i = 3; i < MANY; i += 10) {
    assert.is(storedBytes(store, findKey(store, cache, `3:${i}`)).toString(), 'again');
  }
});

hard('do not concern other caches, nor keys that are shorter', () => {
  const { store, cache } = filled();
  const other = newCache(store);
  putBytes(store, other, '3:1', VALUE);
  putBytes(store, cache, '3', VALUE);
  putBytes(store, cache, '', VALUE);
  drop(store, cache, '3:');
  sweepAll(store);
  assert.ok(has(store, other, '3:1'));
  assert.ok(has(store, cache, '3') && has(store, cache, ''));
});

hard('of no byte are the whole cache', () => {
  const { store, cache } = filled();
  drop(store, cache, '');
  assert.not.ok(has(store, cache, '1:1'));
  putBytes(store, cache, '1:1', VALUE);
  sweepAll(store);
  assert.is(cache.entries, 1);
});

hard('are swept while the store grows and shrinks, and none is overlooked', () => {
  const random = seededRandom(4);
  const { store, cache } = filled();
  for (let round = 0; round < 30; round++) {
    const digit = random.below(10);
    drop(store, cache, `${digit}:`);
    const version = round;
    for (let i = 0; i < 1000; i++) putBytes(store, cache, `${random.below(10)}:${version}:${i}`, VALUE);
    store.drops.reclaim(random.below(3000));
  }
  const { live } = store.entries;
  sweepAll(store);
  assert.ok(store.entries.live < live);
  assert.is(cache.entries, store.entries.live);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

hard('wait by the hundred, each right, and no call looks at more than its part of the entries', () => {
  const entries = 400_000;
  const { store, cache } = filled(entries, 64 << 20);
  const isUsed = store.entries.isUsed.bind(store.entries);
  let looks = 0;
  store.entries.isUsed = (slot) => {
    looks++;
    return isUsed(slot);
  };
  const dropped = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const key = `${i % 10}:${entries - 600 + i}`;
    const before = looks;
    drop(store, cache, key);
    assert.ok(looks - before < 10_000, `${looks - before} looks in call ${i}`);
    dropped.add(key);
    assert.not.ok(has(store, cache, key));
  }
  for (let i = entries - 600; i < entries; i++) {
    const key = `${i % 10}:${i}`;
    assert.is(has(store, cache, key), !dropped.has(key), key);
  }
  sweepAll(store);
  assert.is(cache.entries, entries - dropped.size);
});

hard('of every length find their entries', () => {
  const store = newStore({ memoryBytes: 32 << 20 });
  const cache = newCache(store);
  const key = 'abcdefghijklmnopqrstuvwxyz'.repeat(6);
  for (let length = 0; length <= 150; length++) putBytes(store, cache, key.slice(0, length), VALUE);
  for (let i = 0; i < MANY; i++) putBytes(store, cache, `filler${i}`, VALUE);
  for (let length = 150; length > 0; length -= 1) {
    drop(store, cache, key.slice(0, length));
    assert.not.ok(has(store, cache, key.slice(0, length)));
    assert.ok(has(store, cache, key.slice(0, length - 1)));
  }
  assert.ok(has(store, cache, 'filler1'));
});

hard('and the whole cache dropped meanwhile are one', () => {
  const { store, cache } = filled();
  drop(store, cache, '3:');
  assert.ok(store.drops.dropAll(cache) > 0);
  putBytes(store, cache, '3:1', VALUE);
  assert.ok(has(store, cache, '3:1'));
  sweepAll(store);
  assert.is(cache.entries, 1);
  assert.is(store.entries.live, 1);
  emptyStore(store);
  assert.is(store.budget.usedBytes, 0);
});

hard('leave what is held of them readable', () => {
  const { store, cache } = filled();
  const long = Buffer.alloc(9000, 'v');
  const value = store.hold(putBytes(store, cache, '3:held', long));
  drop(store, cache, '3:');
  sweepAll(store);
  assert.ok(bytesOf(value).equals(long));
  value.release();
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

hard('give their memory to who needs it, even where nothing may be evicted', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const kept = newCache(store, undefined, false);
  let stored = 0;
  assert.throws(() => {
    for (; ; stored++) putBytes(store, kept, `k${stored}`, VALUE);
  });
  assert.ok(stored > 6000, `${stored} are more than are looked at in the call`);
  drop(store, kept, 'k');
  for (let i = 0; i < stored; i++) putBytes(store, kept, `n${i}`, VALUE);
  assert.is(kept.entries, stored);
});

hard('are charged while they wait, and do not wait where there is no room for them', () => {
  const { store, cache } = filled();
  const used = store.budget.usedBytes;
  for (let i = 0; i < 3; i++) drop(store, cache, `${i}`.repeat(50_000));
  assert.ok(store.budget.usedBytes - used >= 100_000, 'two are still waiting');
  sweepAll(store);
  assert.is(store.budget.usedBytes, used);

  const tight = newStore({ memoryBytes: 1 << 20 });
  const kept = newCache(tight, undefined, false);
  assert.throws(() => {
    for (let i = 0; ; i++) putBytes(tight, kept, `k${i}`, VALUE);
  });
  const entries = kept.entries;
  drop(tight, kept, 'none'.repeat(10_000));
  assert.not.ok(tight.drops.any);
  assert.ok(tight.budget.usedBytes <= tight.budget.limitBytes);
  assert.is(kept.entries, entries);
});

hard('do not hold up who stores into a full cache', () => {
  const { store, cache } = filled(30_000, 1 << 20);
  assert.ok(cache.evictions.memory > 0);
  drop(store, cache, 'nothing');
  putBytes(store, cache, 'one', Buffer.alloc(2000));
  assert.ok(store.drops.any, 'not all entries were looked at for it');
});

const soft = suite('refreshed prefixes');

soft('are old at once, and nothing else is', () => {
  const { store, cache } = filled();
  drop(store, cache, '3:', true);
  assert.ok(store.drops.any, 'the sweep is behind');
  const check = (): void => {
    for (let i = 0; i < MANY; i++) {
      const slot = findKey(store, cache, `${i % 10}:${i}`);
      assert.is.not(slot, NO_SLOT);
      if (store.isOld(cache, slot) !== (i % 10 === 3)) assert.unreachable(`${i}`);
    }
  };
  check();
  sweepAll(store);
  check();
});

soft('are fresh again once they are stored or renewed, whatever the sweep finds later', () => {
  const { store, cache } = filled();
  drop(store, cache, '3:', true);
  const renewed = findKey(store, cache, '3:11993');
  store.renew(cache, renewed);
  const stored = putBytes(store, cache, '3:11983', VALUE);
  for (const slot of [renewed, stored]) assert.not.ok(store.isOld(cache, slot));
  sweepAll(store);
  for (const slot of [renewed, stored]) assert.not.ok(store.isOld(cache, slot));
  assert.ok(store.isOld(cache, findKey(store, cache, '3:11973')));
});

soft('that were renewed may be refreshed again, and dropped', () => {
  const { store, cache } = filled();
  drop(store, cache, '3:', true);
  const slot = findKey(store, cache, '3:11993');
  store.renew(cache, slot);
  drop(store, cache, '3:1', true);
  assert.ok(store.isOld(cache, slot));
  store.renew(cache, slot);
  assert.not.ok(store.isOld(cache, slot));
  drop(store, cache, '3:');
  assert.not.ok(has(store, cache, '3:11993'));
  sweepAll(store);
  assert.is(cache.entries, MANY * 0.9);
});

const tags = suite('dropped tags');

function tagged(entries: number, ofTags: (i: number) => string[]): { store: Store; cache: StoreCache } {
  const store = newStore({ memoryBytes: 64 << 20 });
  const cache = newCache(store);
  for (let i = 0; i < entries; i++) putBytes(store, cache, `k${i}`, VALUE, { tags: ofTags(i) });
  return { store, cache };
}

tags('of many entries are gone at once, and their memory comes back behind it', () => {
  const { store, cache } = tagged(MANY, (i) => ['all', `t${i % 3}`]);
  const used = store.budget.usedBytes;
  assert.is(store.drops.dropTag(cache, 't1'), MANY / 3);
  assert.is(store.budget.usedBytes, used, 'nothing is taken back yet');
  for (let i = 0; i < MANY; i++) assert.is(has(store, cache, `k${i}`), i % 3 !== 1);
  assert.is(store.taggedSlots(cache, 'all').length, (MANY / 3) * 2);
  assert.equal(store.taggedSlots(cache, 't1'), []);
  sweepAll(store);
  assert.is(cache.entries, (MANY / 3) * 2);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

tags('of up to a thousand entries are taken back in the call', () => {
  const { store, cache } = tagged(3000, (i) => [`t${i % 3}`]);
  assert.is(store.drops.dropTag(cache, 't1'), 1000);
  assert.is(store.entries.live, 2000);
  assert.is(store.drops.dropTag(cache, 't1'), 0);
});

tags('are stored anew right after, and what is stored then stays', () => {
  const { store, cache } = tagged(MANY, () => ['t']);
  store.drops.dropTag(cache, 't');
  for (let i = 0; i < 100; i++) putBytes(store, cache, `k${i}`, Buffer.from('again'), { tags: ['t'] });
  putBytes(store, cache, 'k11000', Buffer.from('again'));
  assert.is(store.taggedSlots(cache, 't').length, 100);
  sweepAll(store);
  assert.is(cache.entries, 101);
  assert.is(storedBytes(store, findKey(store, cache, 'k11000')).toString(), 'again');
  assert.is(store.drops.dropTag(cache, 't'), 100);
  emptyStore(store);
  assert.is(store.budget.usedBytes, 0);
});

tags('of which an entry has several drop it once', () => {
  const { store, cache } = tagged(MANY, (i) => ['a', 'b', ...(i % 2 === 0 ? ['c'] : [])]);
  assert.is(store.drops.dropTag(cache, 'a'), MANY);
  assert.is(store.drops.dropTag(cache, 'b'), MANY, 'those that are dead already are counted');
  store.drops.reclaim(500);
  store.drops.dropTag(cache, 'c');
  putBytes(store, cache, 'k1', VALUE, { tags: ['a', 'b'] });
  sweepAll(store);
  assert.is(cache.entries, 1);
  assert.is(store.entries.live, 1);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

tags('of a cache that is dropped, too, are taken back once', () => {
  for (const tagFirst of [true, false]) {
    const { store, cache } = tagged(MANY, (i) => ['a', `t${i % 2}`]);
    if (tagFirst) store.drops.dropTag(cache, 'a');
    store.drops.dropAll(cache);
    store.drops.dropTag(cache, 't0');
    putBytes(store, cache, 'k1', VALUE, { tags: ['a', 't0'] });
    for (let i = 0; store.drops.reclaim(300); i++) {
      if (i % 10 === 0) assert.is(store.budget.usedBytes, accountedBytes(store));
    }
    assert.is(store.entries.live, 1);
    assert.equal(store.tags(findKey(store, cache, 'k1')), ['a', 't0']);
    assert.is(store.drops.dropTag(cache, 't0'), 1);
    assert.is(store.budget.usedBytes, 0);
  }
});

tags('that are dropped leave what is held of their entries readable', () => {
  const { store, cache } = tagged(2000, () => ['t']);
  const bytes = Buffer.alloc(9000, 'v');
  const value = store.hold(putBytes(store, cache, 'held', bytes, { tags: ['t'] }));
  store.drops.dropTag(cache, 't');
  sweepAll(store);
  assert.is(store.entries.live, 0);
  assert.ok(bytesOf(value).equals(bytes));
  value.release();
  assert.is(store.budget.usedBytes, 0);
});

tags('that an entry is given or rid of decide whether it goes with them', () => {
  const { store, cache } = tagged(2000, () => ['a']);
  store.retag(cache, findKey(store, cache, 'k1'), ['b']);
  store.retag(cache, findKey(store, cache, 'k2'), []);
  store.drops.dropTag(cache, 'a');
  assert.ok(has(store, cache, 'k1') && has(store, cache, 'k2'));
  sweepAll(store);
  assert.is(cache.entries, 2);
});

tags('give their memory to who needs it, even where nothing may be evicted', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const kept = newCache(store, undefined, false);
  let stored = 0;
  assert.throws(() => {
    for (; ; stored++) putBytes(store, kept, `k${stored}`, VALUE, { tags: ['t'] });
  });
  store.drops.dropTag(kept, 't');
  for (let i = 0; i < stored; i++) putBytes(store, kept, `n${i}`, VALUE, { tags: ['t'] });
  assert.is(kept.entries, stored);
});

hard.run();
soft.run();
tags.run();
