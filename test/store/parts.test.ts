// The parts of the store, each beside something simpler that does the same.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arena, BLOCK_BYTES, NO_BLOCK } from '../../src/store/arena.ts';
import { ChainWriter } from '../../src/store/chain.ts';
import { ContentTypes, NOT_INTERNED } from '../../src/store/content-types.ts';
import { Deadlines } from '../../src/store/deadlines.ts';
import { Entries, NO_SLOT } from '../../src/store/entries.ts';
import { hashBytes } from '../../src/store/hash.ts';
import { KeyIndex } from '../../src/store/key-index.ts';
import { seededRandom } from './seeded-random.ts';
import { findKey, newCache, newStore, putBytes, removeTagged, storedBytes } from './shelves.ts';

const index = suite('the index of keys');

index('finds exactly what a Map of lists would, with hashes that collide and after any removals', () => {
  const slots = 64;
  const operation = fc.record({ slot: fc.nat(slots - 1), hash: fc.integer({ min: -6, max: 6 }) });
  fc.assert(
    fc.property(
      fc.array(operation, { maxLength: 400 }),
      fc.integer({ min: 0, max: 1 }),
      (operations, spread) => {
        const entries = new Entries(slots, [0, 0]);
        const keyIndex = new KeyIndex(entries);
        const there = new Map<number, number>();
        for (const { slot, hash } of operations) {
          if (there.has(slot)) {
            keyIndex.remove(slot);
            there.delete(slot);
          } else {
            // Neighbouring places, and places around the end of the table.
            entries.hash[slot] = spread === 1 ? hash * 0x01010101 : hash;
            keyIndex.insert(slot);
            there.set(slot, entries.hash[slot]!);
          }
          for (const [wanted, wantedHash] of there) {
            assert.ok(candidates(keyIndex, wantedHash).includes(wanted));
          }
          for (const found of candidates(keyIndex, hash)) assert.ok(there.has(found));
        }
      },
    ),
    { numRuns: 300 },
  );
});

index('says so when a slot is removed that is not there', () => {
  const keyIndex = new KeyIndex(new Entries(8, [0, 0]));
  assert.throws(() => keyIndex.remove(3), /not there/);
});

function candidates(keyIndex: KeyIndex, hash: number): number[] {
  const slots: number[] = [];
  for (let place = keyIndex.firstPlace(hash); keyIndex.candidate(place) !== NO_SLOT; ) {
    slots.push(keyIndex.candidate(place));
    place = keyIndex.nextPlace(place);
  }
  return slots;
}

const deadlines = suite('deadlines');

deadlines('come in the order of a sorted list, through any sets and clears', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const heap = new Deadlines(100);
    const sorted = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const slot = random.below(100);
      if (random.percent(60)) {
        const atMs = random.percent(10) ? Number.POSITIVE_INFINITY : random.below(500);
        heap.set(slot, atMs);
        if (atMs === Number.POSITIVE_INFINITY) sorted.delete(slot);
        else sorted.set(slot, atMs);
      } else if (random.percent(50)) {
        heap.clear(slot);
        sorted.delete(slot);
      } else if (sorted.size > 0) {
        sorted.delete(heap.first);
        heap.clear(heap.first);
      }
      assert.is(heap.nextAtMs, Math.min(...sorted.values()));
      if (sorted.size > 0) assert.is(sorted.get(heap.first), heap.nextAtMs);
    }
  }
});

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

const arena = suite('the arena');

arena('uses freed blocks again, so that a store in use does not grow', () => {
  const blocks = new Arena(200 * 132);
  const random = seededRandom(2);
  const chains: number[] = [];
  for (let i = 0; i < 5000; i++) {
    if (chains.length < 20) {
      const chain = new ChainWriter(blocks);
      chain.append(Buffer.alloc(1 + random.below(8 * BLOCK_BYTES)), 0, 1 + random.below(8 * BLOCK_BYTES - 1));
      chain.reserve();
      chains.push(chain.head);
    } else {
      blocks.free(chains.splice(random.below(20), 1)[0]!);
    }
  }
  // It holds 201 blocks: had any been lost, taking would have thrown long ago.
  for (const chain of chains) blocks.free(chain);
  const taken = new Set(Array.from({ length: 201 }, () => blocks.take()));
  assert.is(taken.size, 201);
  assert.throws(() => blocks.take(), /more blocks/);
});

arena('reads back any part of a chain, over the border of a region, too', () => {
  const blocks = new Arena((8192 + 100) * 132);
  for (let i = 0; i < 8180; i++) blocks.take();
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7) % 256));
  const chain = new ChainWriter(blocks);
  chain.append(bytes, 0, 3);
  chain.append(bytes, 3, 1000);
  chain.append(bytes, 1000, 5000);
  const random = seededRandom(4);
  for (let i = 0; i < 500; i++) {
    const from = random.below(5000);
    const length = random.below(5001 - from);
    const part = Buffer.alloc(length + 4, 0xee);
    blocks.read(chain.head, from, part, 2, length);
    assert.ok(part.subarray(2, 2 + length).equals(bytes.subarray(from, from + length)));
    assert.is(part[1], 0xee);
    assert.is(part[2 + length], 0xee);
  }
  assert.ok(blocks.startsWith(chain.head, bytes, 0, 5000));
  for (const at of [0, 127, 128, 4999]) {
    const other = Buffer.from(bytes);
    other[at]! ^= 1;
    assert.not.ok(blocks.startsWith(chain.head, other, 0, 5000));
  }
  assert.is(blocks.next(chain.head) === NO_BLOCK, false);
});

const types = suite('content types');

types('beyond 256 are stored with their entry and come back the same', () => {
  const known = new ContentTypes();
  for (let i = 0; i < 256; i++) assert.is(known.name(known.idOf(`a/${i}`)), `a/${i}`);
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

keys('of no byte with a value of none are charged for the block they take', () => {
  const store = newStore({ memoryBytes: 3000 });
  const caches = Array.from({ length: 40 }, () => newCache(store));
  for (const cache of caches) putBytes(store, cache, '', Buffer.alloc(0), { contentType: '' });
  const entries = caches.reduce((sum, cache) => sum + cache.entries, 0);
  assert.is(store.budget.usedBytes, entries * (178 + 132));
});

keys('are their cache’s own', () => {
  const store = newStore();
  const [one, two] = [newCache(store), newCache(store)];
  putBytes(store, one, 'key', Buffer.from('one'), { tags: ['tag'] });
  putBytes(store, two, 'key', Buffer.from('two'), { tags: ['tag'] });
  assert.is(removeTagged(store, one, 'tag'), 1);
  assert.is(findKey(store, one, 'key'), NO_SLOT);
  assert.is(storedBytes(store, findKey(store, two, 'key')).toString(), 'two');
});

const clearing = suite('dropping a cache whole');

clearing('is done at once, and its memory comes back in slices', () => {
  const store = newStore({ memoryBytes: 64 << 20 });
  const cache = newCache(store);
  for (let i = 0; i < 100_000; i++) putBytes(store, cache, `k${i}`, Buffer.of(1), { tags: ['t'] });
  const charged = store.budget.usedBytes;
  assert.is(store.clear(cache), 100_000);
  assert.is(cache.entries, 0);
  assert.is(cache.bytes, 0);
  assert.is(store.budget.usedBytes, charged, 'nothing is taken back yet');
  assert.is(findKey(store, cache, 'k5'), NO_SLOT);
  assert.equal(store.taggedSlots(cache, 't'), []);
  putBytes(store, cache, 'k5', Buffer.from('new'));
  let slices = 0;
  while (store.reclaim(1000)) slices++;
  assert.is(slices, 99);
  assert.is(storedBytes(store, findKey(store, cache, 'k5')).toString(), 'new');
  store.clear(cache);
  assert.is(store.budget.usedBytes, 0);
});

clearing('gives its memory to others when they need it', () => {
  const store = newStore({ memoryBytes: 1 << 20 });
  const [one, two] = [newCache(store), newCache(store)];
  for (let i = 0; i < 2000; i++) putBytes(store, one, `k${i}`, Buffer.alloc(100));
  putBytes(store, two, 'kept', Buffer.of(1));
  store.clear(one);
  for (let i = 0; i < 1500; i++) putBytes(store, two, `k${i}`, Buffer.alloc(100));
  assert.is(two.evictions.memory, 0);
});

index.run();
deadlines.run();
hash.run();
arena.run();
types.run();
keys.run();
clearing.run();
