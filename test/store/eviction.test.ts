import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RoomError, TooLargeError } from '../../src/errors.ts';
import { Entries, NO_SLOT } from '../../src/store/entries.ts';
import { ENTRY_OVERHEAD_BYTES } from '../../src/store/entry-cost.ts';
import { BUCKET_BYTES_PER_ENTRY } from '../../src/store/key-index.ts';
import { SLOT_BYTES } from '../../src/store/slot-words.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import { seededRandom } from './seeded-random.ts';
import {
  accountedBytes,
  bytesOf,
  findKey,
  has,
  newCache,
  newStore,
  putBytes,
  storedBytes,
} from './shelves.ts';

const test = suite('eviction');
const isRoomError = (error: unknown): boolean => error instanceof RoomError;
const isTooLarge = (error: unknown): boolean => error instanceof TooLargeError;

function ask(store: Store, cache: StoreCache, key: string, length: number, nowMs: number): boolean {
  const slot = findKey(store, cache, key);
  if (slot !== NO_SLOT) store.touch(cache, slot, nowMs);
  else putBytes(store, cache, key, Buffer.alloc(length), {}, nowMs);
  return slot !== NO_SLOT;
}

test('what is asked for all the time stays while others are asked for once', () => {
  const store = newStore({ memoryBytes: 200_000 });
  const cache = newCache(store);
  const random = seededRandom(3);
  let hits = 0;
  for (let i = 0; i < 20_000; i++) {
    if (ask(store, cache, `hot${random.below(150)}`, random.below(600), i) && i >= 4000) hits++;
    ask(store, cache, `once${i}`, random.below(600), i);
  }
  assert.ok(cache.evictions.memory > 15_000);
  assert.ok(hits > 15_500, `${hits} of 16,000`);
});

test('what was read just now stays where all that is read is recent, and the window is told to have grown', () => {
  const store = newStore({ memoryBytes: 200_000 });
  const cache = newCache(store);
  let late = 0;
  for (let i = 0; i < 20_000; i++) {
    ask(store, cache, `k${i}`, 300, i);
    if (ask(store, cache, `k${Math.max(0, i - 100)}`, 300, i) && i >= 15_000) late++;
  }
  assert.ok(late > 4500, `${late} of 5000`);
  assert.ok(cache.eviction.windowShare > 0.3, `${cache.eviction.windowShare}`);
});

test('an entry’s place costs what it is charged', () => {
  assert.is(new Entries(10).words.byteLength, 10 * SLOT_BYTES);
  assert.is(ENTRY_OVERHEAD_BYTES, SLOT_BYTES + BUCKET_BYTES_PER_ENTRY);
});

test('an overwrite keeps the entry’s place among what was read', () => {
  const store = newStore({ memoryBytes: 10_000 });
  const cache = newCache(store);
  for (let i = 0; i < 10; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(100), {}, i);
  putBytes(store, cache, 'k0', Buffer.alloc(100), {}, 100);
  while (has(store, cache, 'k1'))
    putBytes(store, cache, `n${store.entries.live}`, Buffer.alloc(500), {}, 200);
  assert.not.ok(has(store, cache, 'k0'));
});

test('a noisy cache never pushes a quiet one below its share', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const quiet = newCache(store, 30_000);
  const noisy = newCache(store);
  for (let i = 0; i < 70; i++) putBytes(store, quiet, `q${i}`, Buffer.alloc(200), {}, 1);
  const before = quiet.bytes;
  for (let i = 0; i < 2000; i++) putBytes(store, noisy, `n${i}`, Buffer.alloc(700), {}, 2 + i);
  assert.is(quiet.bytes, before);
  assert.is(quiet.evictions.memory, 0);
  assert.ok(noisy.evictions.memory > 1000);
});

test('values that a noisy cache is receiving do not push a quiet one below its share either', () => {
  const store = newStore({ memoryBytes: 100_000, maxValueBytes: 20_000 });
  const quiet = newCache(store, 50_000);
  const noisy = newCache(store, 50_000);
  for (let i = 0; i < 100; i++) putBytes(store, quiet, `q${i}`, Buffer.alloc(200), {}, 1);
  for (let i = 0; i < 1000; i++) putBytes(store, noisy, `n${i}`, Buffer.alloc(200), {}, 2);
  const before = quiet.entries;
  const drafts = [store.draft(noisy), store.draft(noisy)];
  for (const draft of drafts) draft.expect(20_000);
  assert.is(quiet.entries, before);
  for (const draft of drafts) draft.release();
});

test('a cache with a share never takes more than it', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const cache = newCache(store, 20_000);
  for (let i = 0; i < 500; i++) {
    putBytes(store, cache, `k${i % 90}`, Buffer.alloc((i * 37) % 3000), {}, i);
    assert.ok(cache.bytes <= 20_000);
  }
  assert.ok(cache.evictions.share > 0);
  assert.is(cache.evictions.memory, 0);
});

test('a value that can never fit its cache is refused and nothing is evicted', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const cache = newCache(store, 20_000);
  for (let i = 0; i < 50; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(100));
  assert.throws(() => putBytes(store, cache, 'big', Buffer.alloc(20_000)), isTooLarge);
  assert.is(cache.entries, 50);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

test('what finds no room costs nobody an entry', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const kept = newCache(store, undefined, false);
  const cache = newCache(store);
  for (let i = 0; i < 20; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(100));
  putBytes(store, kept, 'replicated', Buffer.alloc(45_000));
  putBytes(store, kept, 'replicated too', Buffer.alloc(30_000));
  const before = cache.entries;
  assert.throws(() => putBytes(store, cache, 'big', Buffer.alloc(30_000)), isRoomError);
  const draft = store.draft();
  assert.throws(() => draft.expect(30_000), isRoomError);
  draft.release();
  assert.not.ok(store.budget.charge(30_000));
  assert.is(cache.entries, before);
  assert.is(cache.evictions.memory, 0);
});

test('entries that are being sent give no room, so others are not evicted in vain for it', () => {
  const store = newStore({ memoryBytes: 100_000, maxValueBytes: 50_000 });
  const cache = newCache(store);
  const held = ['a', 'b'].map((key) => store.hold(putBytes(store, cache, key, Buffer.alloc(35_000), {}, 1)));
  const small = [...Array(20).keys()].map((i) => `k${i}`);
  for (const key of small) putBytes(store, cache, key, Buffer.alloc(100), {}, 2);
  assert.throws(() => putBytes(store, cache, 'big', Buffer.alloc(40_000), {}, 3), isRoomError);
  assert.is(cache.entries, 22);
  for (const value of held) value.release();
  putBytes(store, cache, 'big', Buffer.alloc(40_000), {}, 3);
  assert.is(cache.entries, 22, 'one of the two went');
});

test('what came back from a dropped cache, and what was sent of dropped entries, is counted as room once', () => {
  const store = newStore({ memoryBytes: 100_000, maxValueBytes: 50_000 });
  const kept = newCache(store, undefined, false);
  const cache = newCache(store);
  for (let round = 0; round < 10; round++) {
    const slot = putBytes(store, cache, 'sent', Buffer.alloc(20_000));
    const value = store.hold(slot);
    store.drops.dropAll(cache);
    value.release();
  }
  assert.is(store.budget.usedBytes, 0);
  // No room is imagined that is not there …
  putBytes(store, kept, 'replicated', Buffer.alloc(45_000));
  putBytes(store, kept, 'replicated too', Buffer.alloc(30_000));
  for (let i = 0; i < 20; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(100));
  assert.throws(() => putBytes(store, cache, 'big', Buffer.alloc(30_000)), isRoomError);
  assert.is(cache.entries, 20);
  // … and none that is there is overlooked.
  store.drops.dropAll(kept);
  for (let i = 0; i < 7; i++) putBytes(store, cache, `long ${i}`, Buffer.alloc(20_000));
  assert.ok(cache.bytes > 75_000);
});

test('what died with its cache and is rid of its tags before it is taken back is counted as room once', () => {
  const store = newStore({ memoryBytes: 300_000, maxValueBytes: 150_000 });
  const [kept, cache] = [newCache(store, undefined, false), newCache(store)];
  for (let round = 0; round < 10; round++) {
    for (let i = 0; i < 1800; i++) {
      putBytes(store, cache, `k${i}`, Buffer.alloc(1), { tags: [i % 2 === 0 ? 'even' : 'odd'] });
    }
    store.drops.dropAll(cache);
    assert.is(store.drops.dropTag(cache, 'even'), 0, 'all of them were dead already');
    while (store.drops.reclaim(1000));
  }
  assert.is(store.budget.usedBytes, 0);
  for (let i = 0; i < 2; i++) putBytes(store, kept, `replicated ${i}`, Buffer.alloc(120_000));
  for (let i = 0; i < 20; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(100));
  assert.throws(() => putBytes(store, cache, 'big', Buffer.alloc(90_000)), isRoomError);
  assert.is(cache.entries, 20);
});

test('a held value keeps its bytes and its charge, whatever happens to its entry', () => {
  for (const length of [0, 50, 5000]) {
    const store = newStore({ memoryBytes: 200_000 });
    const cache = newCache(store);
    const bytes = Buffer.alloc(length, 'v');
    const slot = putBytes(store, cache, 'key', bytes);
    const charged = store.budget.usedBytes;
    const value = store.hold(slot);
    putBytes(store, cache, 'key', Buffer.alloc(length, 'w'));
    assert.ok(store.budget.usedBytes >= charged + length);
    const newer = store.hold(findKey(store, cache, 'key'));
    const again = value.retain();
    store.drops.dropAll(cache);
    for (let i = 0; i < 30; i++) putBytes(store, cache, `other${i}`, Buffer.alloc(5000, 'x'));
    assert.ok(bytesOf(value).equals(bytes));
    value.release();
    assert.ok(bytesOf(again).equals(bytes));
    assert.ok(bytesOf(newer).equals(Buffer.alloc(length, 'w')));
    again.release();
    newer.release();
    assert.is(store.budget.usedBytes, accountedBytes(store));
    store.drops.dropAll(cache);
    assert.is(store.budget.usedBytes, 0);
  }
});

test('a cache whose entries are never evicted refuses what does not fit', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const kept = newCache(store, 30_000, false);
  let stored = 0;
  assert.throws(() => {
    for (; ; stored++) putBytes(store, kept, `k${stored}`, Buffer.alloc(1000));
  }, isRoomError);
  assert.ok(stored > 15);
  const noisy = newCache(store);
  for (let i = 0; i < 500; i++) putBytes(store, noisy, `n${i}`, Buffer.alloc(1000));
  assert.is(kept.entries, stored);
});

test('other tags never make an entry cost more than there is', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const cache = newCache(store);
  for (let i = 0; i < 300; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(10), {}, i);
  const tags = [...Array(20).keys()].map((i) => `${i}`.padEnd(200, 't'));
  for (let i = 0; i < 300; i++) {
    const slot = findKey(store, cache, `k${i}`);
    if (slot !== -1)
      store.retag(
        cache,
        slot,
        tags.map((tag) => `${i}${tag}`),
      );
    assert.ok(store.budget.usedBytes <= store.budget.limitBytes);
  }
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

test('tags that go with what is evicted for them, and come again, find their room', () => {
  const random = seededRandom(12);
  const store = newStore({ memoryBytes: 48_000 });
  const cache = newCache(store);
  for (let i = 0; i < 5000; i++) {
    const tags = Array.from({ length: 3 }, () => `${random.below(10)}`.repeat(1500));
    putBytes(store, cache, `k${i}`, Buffer.alloc(random.below(1000)), { tags }, i);
    assert.ok(store.budget.usedBytes <= store.budget.limitBytes, `${-store.budget.freeBytes} bytes too many`);
  }
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

test('what eviction knows of many entries is charged, bit by bit, and never beyond the limit', () => {
  const store = newStore({ memoryBytes: 2 << 20 });
  const cache = newCache(store);
  let most = 0;
  for (let i = 0; i < 80_000; i++) {
    const before = cache.evictions.memory;
    putBytes(store, cache, `k${i}`, Buffer.alloc(10), {}, i);
    if (i % 3 === 0) store.touch(cache, findKey(store, cache, `k${i}`), i);
    if (i % 7 === 0) store.remove(findKey(store, cache, `k${i}`));
    assert.ok(store.budget.usedBytes <= store.budget.limitBytes, `${-store.budget.freeBytes} bytes too many`);
    most = Math.max(most, cache.evictions.memory - before);
  }
  assert.ok(cache.policyBytes > 200_000, `${cache.policyBytes} bytes`);
  assert.ok(most < 500, `${most} went at once`);
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

test('what died and is still to be taken back goes uncounted, where room is made of it', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const cache = newCache(store);
  for (let i = 0; i < 20_000; i++) putBytes(store, cache, `k${i}`, Buffer.alloc(10), {}, i);
  const before = cache.evictions.memory;
  store.drops.dropPrefix(cache, Buffer.from('k'), false);
  assert.ok(store.drops.any);
  const told: string[] = [];
  store.evictionWatcher = { active: true, evicted: (_, key) => told.push(key.toString()) };
  for (let i = 0; i < 20; i++) putBytes(store, cache, `n${i}`, Buffer.alloc(50_000), {}, 20_000 + i);
  assert.equal(
    told.filter((key) => key.startsWith('k')),
    [],
  );
  assert.is(cache.evictions.memory - before, told.length);
});

test('what is never evicted gets no tags, and no times, that find no room', () => {
  for (const shareBytes of [undefined, 60_000]) {
    const store = newStore({ memoryBytes: 100_000 });
    const kept = newCache(store, shareBytes, false);
    let stored = 0;
    assert.throws(() => {
      for (; ; stored++) putBytes(store, kept, `k${stored}`, Buffer.alloc(10), { tags: ['before'] });
    }, isRoomError);
    const before = store.budget.usedBytes;
    const tags = [...Array(20).keys()].map((i) => `t${i}`);
    let refused = 0;
    for (let i = 0; i < stored; i++) {
      const slot = findKey(store, kept, `k${i}`);
      for (const change of [() => store.retag(kept, slot, tags), () => store.addTimes(kept, slot, 0)]) {
        try {
          change();
        } catch (error) {
          assert.ok(isRoomError(error));
          refused++;
        }
      }
      assert.ok(store.budget.usedBytes <= store.budget.limitBytes);
      assert.ok(kept.bytes <= (shareBytes ?? store.budget.limitBytes));
    }
    assert.ok(refused > stored, `${refused}`);
    assert.equal(store.tags(findKey(store, kept, `k${stored - 1}`)), ['before'], 'it keeps what it had');
    assert.is(kept.entries, stored);
    if (shareBytes === undefined) assert.ok(store.budget.usedBytes - before < 2000);
    assert.is(store.budget.usedBytes, accountedBytes(store));
  }
});

test('others go for the tags and times of what is never evicted, and it stays what it is', () => {
  const store = newStore({ memoryBytes: 100_000 });
  const [kept, cache] = [newCache(store, undefined, false), newCache(store)];
  for (let i = 0; i < 300; i++) putBytes(store, kept, `kept${i}`, Buffer.from(`value ${i}`));
  for (let i = 0; i < 2000; i++) putBytes(store, cache, `other${i % 1500}`, Buffer.from(`value ${i}`));
  for (let i = 0; i < 300; i++) {
    store.addTimes(kept, findKey(store, kept, `kept${i}`), 0);
    store.retag(kept, findKey(store, kept, `kept${i}`), ['a', `${i % 9}`]);
    assert.ok(store.budget.usedBytes <= store.budget.limitBytes);
  }
  for (let i = 0; i < 300; i++) {
    const slot = findKey(store, kept, `kept${i}`);
    assert.is(storedBytes(store, slot).toString(), `value ${i}`);
    assert.equal(store.tags(slot), ['a', `${i % 9}`]);
  }
  assert.is(store.budget.usedBytes, accountedBytes(store));
});

test.run();
