// The store beside plain maps, through millions of random operations. For more of them, over other seeds:
// SIDECACHE_MODEL_OPERATIONS=20000000 SIDECACHE_MODEL_SEED=100 \
//   node --import tsx node_modules/uvu/bin.js test '^store/model\.test\.ts$'

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { countPages } from './page-count.ts';
import { type ModelOptions, StoreModel } from './store-model.ts';

const OPERATIONS = Number(process.env.SIDECACHE_MODEL_OPERATIONS ?? 500_000);
const FIRST_SEED = Number(process.env.SIDECACHE_MODEL_SEED ?? 1);

/** Around those where a header, a class or the pages change. */
const SMALL = [0, 1, 2, 14, 60, 100, 126, 127, 128, 129, 255, 256, 257, 384, 510, 511, 512, 513, 1000];
const ALL = [...SMALL, 4000, 4095, 4096, 4097, 4224, 8191, 8192, 8193, 9000];
const LONG = [...ALL, 20_000, 40_000, 69_000];

const WORLDS: readonly Omit<ModelOptions, 'seed'>[] = [
  { memoryBytes: 120_000, keys: 150, sizes: ALL },
  { memoryBytes: 400_000, keys: 2000, sizes: SMALL },
  { memoryBytes: 1_000_000, keys: 300, sizes: LONG },
  // Enough entries for what eviction knows of them to be charged, and for drops that are not done in one call.
  { memoryBytes: 2_000_000, keys: 20_000, sizes: [0, 1, 10, 20, 30] },
];

const test = suite('the store beside plain maps');

test('whatever is done to it, its answers are those of the maps, every byte is counted and none too many', () => {
  const each = 50_000;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + OPERATIONS / each; seed++) {
    const world = WORLDS[seed % WORLDS.length]!;
    const model = new StoreModel({ seed, ...world });
    const count = countPages(model.store.room.pages);
    try {
      run(model, each, Math.max(500, world.keys));
      assert.ok(model.evicted > 50, `memory was short: ${model.evicted} went`);
      assert.ok(model.filled > 50, `most was stored the long way: ${model.filled}`);
      model.end();
      assert.is(count.taken, 0, 'all pages are back');
    } catch (error) {
      console.log(`with seed ${seed}:`);
      throw error;
    }
  }
});

test('with room for everything nothing is lost', () => {
  const model = new StoreModel({ seed: FIRST_SEED, memoryBytes: 40_000_000, keys: 150, sizes: ALL });
  run(model, 50_000, 1000);
  assert.is(model.refused, 0);
  const evictions = model.caches.flatMap(({ evictions: { memory, share } }) => [memory, share]);
  assert.equal(new Set(evictions), new Set([0]));
  model.end();
});

function run(model: StoreModel, operations: number, compareEvery: number): void {
  for (let i = 0; i < operations; i++) {
    model.step();
    if (i % compareEvery === 0) model.compare();
  }
}

test.run();
