// The parts of the store, each beside something simpler that does the same.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ContentTypes, NOT_INTERNED } from '../../src/store/content-types.ts';
import { NO_SLOT } from '../../src/store/entries.ts';
import { ENTRY_OVERHEAD_BYTES } from '../../src/store/entry-cost.ts';
import { hashBytes } from '../../src/store/hash.ts';
import { KeyIndex } from '../../src/store/key-index.ts';
import { PageWriter } from '../../src/store/page-writer.ts';
import { NO_PAGE, PAGE_BYTES, Pages } from '../../src/store/pages.ts';
import { SLOT_WORDS } from '../../src/store/slot-words.ts';
import { seededRandom } from './seeded-random.ts';
import { findKey, newCache, newStore, putBytes, storedBytes } from './shelves.ts';

const index = suite('the index of keys');

index('finds exactly what a Map of lists would, with hashes that collide and after any removals', () => {
  const slots = 64;
  const operation = fc.record({ slot: fc.nat(slots - 1), hash: fc.integer({ min: -6, max: 6 }) });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400 }), fc.boolean(), (operations, spread) => {
      const there = new Map<number, number>();
      const keyIndex = new KeyIndex(new Int32Array(slots * SLOT_WORDS), (slot) => there.get(slot)!);
      for (const { slot, hash } of operations) {
        const known = there.get(slot);
        if (known !== undefined) {
          keyIndex.remove(slot, known);
          there.delete(slot);
        } else {
          there.set(slot, spread ? hash * 0x01010101 : hash);
          keyIndex.insert(slot, there.get(slot)!);
        }
        for (const [wanted, wantedHash] of there) {
          assert.ok(candidates(keyIndex, wantedHash).includes(wanted));
        }
        for (const found of candidates(keyIndex, hash)) assert.ok(there.has(found));
      }
    }),
    { numRuns: 300 },
  );
});

index('grows by a bucket at a time and finds everything on the way', () => {
  const random = seededRandom(6);
  const hashes = Array.from({ length: 60_000 }, () => random.below(2 ** 32) | 0);
  let asked = 0;
  const keyIndex = new KeyIndex(new Int32Array(hashes.length * SLOT_WORDS), (slot) => {
    asked++;
    return hashes[slot]!;
  });
  let most = 0;
  hashes.forEach((hash, slot) => {
    const before = asked;
    keyIndex.insert(slot, hash);
    most = Math.max(most, asked - before);
  });
  assert.ok(asked > 10_000, `it grew: ${asked}`);
  assert.ok(most < 20, `no more than ${most} entries were moved at once`);
  let looks = 0;
  hashes.forEach((hash, slot) => {
    const found = candidates(keyIndex, hash);
    looks += found.length;
    assert.ok(found.includes(slot));
  });
  assert.ok(looks < hashes.length * 1.01, `${looks} entries were looked at for ${hashes.length}`);
});

index('says so when a slot is removed that is not there', () => {
  assert.throws(() => new KeyIndex(new Int32Array(8 * SLOT_WORDS), () => 0).remove(3, 5), /not there/);
});

function candidates(keyIndex: KeyIndex, hash: number): number[] {
  const slots: number[] = [];
  for (let slot = keyIndex.first(hash); slot !== NO_SLOT; slot = keyIndex.next(slot, hash)) slots.push(slot);
  return slots;
}

const hash = suite('the hash');

/** Word by word as the paper has it, with integers of any size: slow, and nothing in common with the one under test. */
function halfSipHash13(message: Uint8Array, k0: number, k1: number): number {
  const mask = 0xffffffffn;
  const rotate = (word: bigint, by: bigint): bigint => ((word << by) | (word >> (32n - by))) & mask;
  const key = [BigInt(k0 >>> 0), BigInt(k1 >>> 0)] as const;
  const v = [key[0], key[1], key[0] ^ 0x6c796765n, key[1] ^ 0x74656462n] as [bigint, bigint, bigint, bigint];
  const round = (): void => {
    v[0] = (v[0] + v[1]) & mask;
    v[1] = rotate(v[1], 5n) ^ v[0];
    v[0] = rotate(v[0], 16n);
    v[2] = (v[2] + v[3]) & mask;
    v[3] = rotate(v[3], 8n) ^ v[2];
    v[0] = (v[0] + v[3]) & mask;
    v[3] = rotate(v[3], 7n) ^ v[0];
    v[2] = (v[2] + v[1]) & mask;
    v[1] = rotate(v[1], 13n) ^ v[2];
    v[2] = rotate(v[2], 16n);
  };
  const padded = Buffer.alloc(Math.floor(message.length / 4) * 4 + 4);
  padded.set(message);
  padded[padded.length - 1] = message.length & 0xff;
  for (let at = 0; at < padded.length; at += 4) {
    const word = BigInt(padded.readUInt32LE(at));
    v[3] ^= word;
    round();
    v[0] ^= word;
  }
  v[2] ^= 0xffn;
  for (let i = 0; i < 3; i++) round();
  return Number(BigInt.asIntN(32, v[1] ^ v[3]));
}

hash('is HalfSipHash-1-3, whatever the length, the seed and where the bytes stand', () => {
  const random = seededRandom(11);
  for (let i = 0; i < 3000; i++) {
    const length = random.below(i % 50 === 0 ? 700 : 40);
    const before = random.below(5);
    const bytes = Buffer.from(Array.from({ length: before + length + 3 }, () => random.below(256)));
    const seed = [random.below(2 ** 32), random.below(2 ** 32)] as const;
    const expected = halfSipHash13(bytes.subarray(before, before + length), ...seed);
    assert.is(hashBytes(bytes, before, before + length, seed, 0), expected);
  }
});

hash('tells apart seeds and name spaces', () => {
  const bytes = Buffer.from('the same key');
  const hashes = [0, 1, 2, -1, -2].map((tweak) => hashBytes(bytes, 0, bytes.length, [5, 6], tweak));
  hashes.push(hashBytes(bytes, 0, bytes.length, [5, 7], 0), hashBytes(bytes, 0, bytes.length, [6, 6], 0));
  assert.is(new Set(hashes).size, hashes.length);
});

const pages = suite('pages');

pages('are used again when they are free, so that a store in use does not grow', () => {
  const all = new Pages(201);
  const random = seededRandom(2);
  const chains: number[] = [];
  for (let i = 0; i < 5000; i++) {
    if (chains.length < 20) {
      const chain = new PageWriter(all);
      chain.append(Buffer.alloc(1 + random.below(8 * PAGE_BYTES)));
      chains.push(chain.head);
    } else {
      all.free(chains.splice(random.below(20), 1)[0]!);
    }
  }
  // It holds 201 pages: had any been lost, taking would have thrown long ago.
  for (const chain of chains) all.free(chain);
  const taken = new Set(Array.from({ length: 201 }, () => all.take()));
  assert.is(taken.size, 201);
  assert.throws(() => all.take(), /more taken/);
});

pages('are read back in any part, over the border of a region, too', () => {
  const regionPages = 2 ** 30 / PAGE_BYTES;
  const all = new Pages(regionPages + 100);
  for (let i = 0; i < regionPages - 6; i++) all.take();
  const bytes = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 7) % 251));
  const chain = new PageWriter(all);
  chain.append(bytes.subarray(0, 3));
  chain.append(bytes.subarray(3, 1000));
  chain.append(bytes.subarray(1000));
  const random = seededRandom(4);
  for (let i = 0; i < 500; i++) {
    const from = random.below(50_000);
    const length = random.below(50_001 - from);
    const part = Buffer.alloc(length + 4, 0xee);
    all.read(chain.head, from, part, 2, length);
    assert.ok(part.subarray(2, 2 + length).equals(bytes.subarray(from, from + length)));
    assert.is(part[1], 0xee);
    assert.is(part[2 + length], 0xee);
  }
  assert.ok(all.equals(chain.head, 0, bytes, 0, 50_000));
  assert.ok(all.equals(chain.head, 5000, bytes, 5000, 6000));
  for (const at of [0, 4095, 4096, 49_999]) {
    const other = Buffer.from(bytes);
    other[at]! ^= 1;
    assert.not.ok(all.equals(chain.head, 0, other, 0, 50_000));
  }
});

pages('give what is behind the last full one to the record', () => {
  for (const length of [1, PAGE_BYTES - 1, PAGE_BYTES, PAGE_BYTES + 1, 3 * PAGE_BYTES, 3 * PAGE_BYTES + 7]) {
    const all = new Pages(4);
    const bytes = Buffer.from(Array.from({ length }, (_, i) => i % 251));
    const chain = new PageWriter(all);
    chain.append(bytes);
    const rest = Buffer.alloc(PAGE_BYTES);
    const cut = chain.cutTail(rest);
    assert.is(cut, length % PAGE_BYTES);
    assert.ok(rest.subarray(0, cut).equals(bytes.subarray(length - cut)));
    if (length - cut === 0) assert.is(chain.head, NO_PAGE);
    else assert.ok(all.equals(chain.head, 0, bytes, 0, length - cut));
  }
});

const types = suite('content types');

types('beyond 255 are stored with their entry and come back the same', () => {
  const known = new ContentTypes();
  for (let i = 0; i < 255; i++) assert.is(known.name(known.idOf(`a/${i}`)), `a/${i}`);
  assert.is(known.idOf('a/256'), NOT_INTERNED);
  assert.is(known.name(known.idOf('a/7')), 'a/7');

  const store = newStore();
  const cache = newCache(store);
  for (let i = 0; i < 400; i++) {
    const contentType = `type/${i}`.padEnd(i % 2 === 0 ? 255 : 0, 'x');
    putBytes(store, cache, `k${i}`, Buffer.from(`value ${i}`), { contentType, etag: `"${i}"` });
  }
  for (let i = 0; i < 400; i++) {
    const slot = findKey(store, cache, `k${i}`);
    assert.is(store.contentType(slot), `type/${i}`.padEnd(i % 2 === 0 ? 255 : 0, 'x'));
    assert.is(store.etag(slot), `"${i}"`);
    assert.is(storedBytes(store, slot).toString(), `value ${i}`);
  }
});

const keys = suite('keys');

keys('of no byte, of 64 KiB, and of any bytes are told apart', () => {
  const store = newStore();
  const cache = newCache(store);
  const long = Buffer.alloc(65_536, 'k');
  const other = Buffer.from(long);
  other[65_535] = 0;
  const all = [Buffer.alloc(0), Buffer.of(0), Buffer.of(0, 0), Buffer.from('ÿ', 'latin1'), long, other];
  all.forEach((key, i) => {
    putBytes(store, cache, key, Buffer.from(`value ${i}`));
  });
  assert.is(cache.entries, all.length);
  all.forEach((key, i) => {
    const slot = findKey(store, cache, key);
    assert.ok(store.key(slot).equals(key));
    assert.is(storedBytes(store, slot).toString(), `value ${i}`);
  });
});

keys('of no byte with a value of none are charged for the word they take', () => {
  const store = newStore({ memoryBytes: 3000 });
  const caches = Array.from({ length: 40 }, () => newCache(store));
  for (const cache of caches) putBytes(store, cache, '', Buffer.alloc(0), { contentType: '' });
  const entries = caches.reduce((sum, cache) => sum + cache.entries, 0);
  assert.is(store.budget.usedBytes, entries * (ENTRY_OVERHEAD_BYTES + 4));
});

keys('are their cache’s own', () => {
  const store = newStore();
  const [one, two] = [newCache(store), newCache(store)];
  putBytes(store, one, 'key', Buffer.from('one'), { tags: ['tag'] });
  putBytes(store, two, 'key', Buffer.from('two'), { tags: ['tag'] });
  assert.is(store.drops.dropTag(one, 'tag'), 1);
  assert.is(findKey(store, one, 'key'), NO_SLOT);
  assert.is(storedBytes(store, findKey(store, two, 'key')).toString(), 'two');
});

const clearing = suite('dropping a cache whole');

clearing('is done at once, and its memory comes back in slices', () => {
  const store = newStore({ memoryBytes: 64 << 20 });
  const cache = newCache(store);
  for (let i = 0; i < 100_000; i++) putBytes(store, cache, `k${i}`, Buffer.of(1), { tags: ['t'] });
  const charged = store.budget.usedBytes;
  assert.is(store.drops.dropAll(cache), 100_000);
  assert.is(cache.entries, 0);
  assert.is(cache.bytes, 0);
  assert.is(store.budget.usedBytes, charged, 'nothing is taken back yet');
  assert.is(findKey(store, cache, 'k5'), NO_SLOT);
  assert.equal(store.taggedSlots(cache, 't'), []);
  putBytes(store, cache, 'k5', Buffer.from('new'));
  let slices = 0;
  while (store.drops.reclaim(1000)) slices++;
  assert.is(slices, 99);
  assert.is(storedBytes(store, findKey(store, cache, 'k5')).toString(), 'new');
  store.drops.dropAll(cache);
  assert.is(store.budget.usedBytes, 0);
});

clearing('gives its memory to others when they need it', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const [one, two] = [newCache(store), newCache(store)];
  for (let i = 0; i < 2000; i++) putBytes(store, one, `k${i}`, Buffer.alloc(100));
  putBytes(store, two, 'kept', Buffer.of(1));
  store.drops.dropAll(one);
  for (let i = 0; i < 1500; i++) putBytes(store, two, `k${i}`, Buffer.alloc(100));
  assert.is(two.evictions.memory, 0);
});

index.run();
hash.run();
pages.run();
types.run();
keys.run();
clearing.run();
