// Nobody outside can choose keys that are slow: those that would all be in one bucket, were there no seed, are as any.
// With a million of them, a minute's work to find: SIDECACHE_FLOOD_KEYS=1000000 \
//   node --import tsx node_modules/uvu/bin.js test '^store/flooding\.test\.ts$'

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hashBytes } from '../../src/store/hash.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import { collidingKeys } from './colliding-keys.ts';
import { seededRandom } from './seeded-random.ts';
import { attributes, newCache, newStore } from './shelves.ts';

const KEYS = Number(process.env.SIDECACHE_FLOOD_KEYS ?? 10_000);
/** As many as choose among the buckets there are at first. A million of them share a hundredth of a per mille of all. */
const BITS = 12;
const STEPS = 50;

const test = suite('flooding');

interface Filling {
  readonly store: Store;
  readonly cache: StoreCache;
  readonly keys: readonly Buffer[];
}

function filling(keys: readonly Buffer[], seed: readonly [number, number]): Filling {
  const store = newStore({ memoryBytes: 40_000 + KEYS * 200, seed });
  return { store, cache: newCache(store), keys };
}

/** Stores the keys from `from` to `until`, and reads each of them and one stored before. */
function fill({ store, cache, keys }: Filling, from: number, until: number): number {
  const startedAtMs = performance.now();
  for (let i = from; i < until; i++) {
    const key = keys[i]!;
    const draft = store.draft();
    draft.append(key);
    store.put(cache, key, draft, PLAIN, 0);
    draft.release();
    for (const other of [key, keys[(i * 7919) % (i + 1)]!]) store.find(cache, other, 0, other.length);
  }
  return performance.now() - startedAtMs;
}

const PLAIN = attributes();

/** How many times as long it takes with the one as with the other, step by step: the median. */
function slowdown(one: Filling, other: Filling): number {
  const ratios: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const [from, until] = [Math.floor((step * KEYS) / STEPS), Math.floor(((step + 1) * KEYS) / STEPS)];
    const first = step % 2 === 0 ? fill(one, from, until) : 0;
    const otherMs = fill(other, from, until);
    ratios.push((first || fill(one, from, until)) / otherMs);
  }
  for (const { cache } of [one, other]) assert.is(cache.entries, KEYS);
  return ratios.sort((a, b) => a - b)[STEPS >> 1]!;
}

const crafted = collidingKeys(KEYS, BITS);
const random = seededRandom(21);
const any = [...new Set(Array.from({ length: KEYS * 1.01 }, () => random.below(2 ** 32)))]
  .slice(0, KEYS)
  .map((word) => {
    const key = Buffer.allocUnsafe(4);
    key.writeUInt32LE(word);
    return key;
  });

test('keys that collide under the unseeded hash are stored and found as fast as any', () => {
  for (const key of crafted) assert.is(hashBytes(key, 0, key.length, [0, 0], 0) & (2 ** BITS - 1), 0);
  const seed = [random.below(2 ** 32), random.below(2 ** 32)] as const;
  // Once before it counts: what is slow at first is the compiler.
  slowdown(filling(any, seed), filling(any, [1, 2]));
  const ratio = slowdown(filling(crafted, seed), filling(any, seed));
  if (process.env.SIDECACHE_FLOOD_KEYS)
    console.log(`${KEYS} crafted keys took ${ratio.toFixed(2)} times as long`);
  assert.ok(ratio < 2, `${ratio.toFixed(2)} times as long`);
});

test('the keys are well chosen: without a seed they would be slow', () => {
  if (KEYS > 10_000) return;
  const ratio = slowdown(filling(crafted, [0, 0]), filling(any, [0, 0]));
  assert.ok(ratio > 3, `only ${ratio.toFixed(2)} times as long`);
});

test.run();
