// Values of 16 bytes to 256 KiB, overwritten ten times over in a full store: what is left of the memory then is for the
// values. With all of the 100,000 entries, which takes 2.5 GB and minutes: SIDECACHE_MIXED_ENTRIES=100000 \
//   node --import tsx node_modules/uvu/bin.js test '^store/mixed-sizes\.test\.ts$'

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_BYTES } from '../../src/store/pages.ts';
import { SIZE_CLASSES } from '../../src/store/size-classes.ts';
import { countPages } from './page-count.ts';
import { seededRandom } from './seeded-random.ts';
import { accountedBytes, emptyStore, newCache, newStore, putBytes } from './shelves.ts';

const ENTRIES = Number(process.env.SIDECACHE_MIXED_ENTRIES ?? 2000);
const LEAST_BYTES = 16;
const MOST_BYTES = 256 << 10;
const MEAN_BYTES = (MOST_BYTES - LEAST_BYTES) / Math.log(MOST_BYTES / LEAST_BYTES);
const TIMES_OVER = 10;
/** Not all of them find room. */
const MEMORY_BYTES = Math.floor(ENTRIES * MEAN_BYTES * 0.9);
/** A page of each size may be partly used, and one is being received. */
const PARTLY_USED_BYTES = (SIZE_CLASSES + MOST_BYTES / PAGE_BYTES + 1) * PAGE_BYTES;

const test = suite('mixed sizes');

test('a store that is overwritten ten times over is full of values, and takes no more memory than it may', () => {
  const random = seededRandom(2024);
  const noise = Buffer.alloc(MOST_BYTES, 'noise');
  const store = newStore({ memoryBytes: MEMORY_BYTES, maxValueBytes: MOST_BYTES });
  const cache = newCache(store);
  const pages = countPages(store.room.pages);
  const shares: number[] = [];
  for (let round = 0; round <= TIMES_OVER; round++) {
    for (let i = 0; i < ENTRIES; i++) {
      const key = `key:${random.below(ENTRIES).toString().padStart(10, '0')}`;
      const length = Math.floor(LEAST_BYTES * (MOST_BYTES / LEAST_BYTES) ** random());
      putBytes(store, cache, key, noise.subarray(0, length), {}, round * ENTRIES + i);
      assert.ok(store.budget.usedBytes <= store.budget.limitBytes);
    }
    shares.push(cache.payloadBytes / MEMORY_BYTES);
  }
  assert.ok(cache.evictions.memory > ENTRIES / 10, 'the store was full');
  assert.is(store.budget.usedBytes, accountedBytes(store));
  assert.ok(shares.at(-1)! >= 0.9, `${shares.map((share) => share.toFixed(3))} of the budget are live bytes`);
  const takenBytes = pages.most * PAGE_BYTES;
  assert.ok(takenBytes <= MEMORY_BYTES + PARTLY_USED_BYTES, `${takenBytes} bytes of ${MEMORY_BYTES}`);
  if (process.env.SIDECACHE_MIXED_ENTRIES) {
    const part = (bytes: number): string => `${((100 * bytes) / MEMORY_BYTES).toFixed(2)} %`;
    console.log(
      `${cache.entries} entries, ${cache.evictions.memory} evicted; of ${MEMORY_BYTES} bytes ${part(cache.payloadBytes)} are keys and values, ` +
        `${part(store.budget.usedBytes)} charged, ${part(pages.taken * PAGE_BYTES)} in pages, ${part(takenBytes)} at most; ` +
        `resident ${process.memoryUsage().rss}`,
    );
  }
  emptyStore(store);
  assert.is(store.budget.usedBytes, 0);
  assert.is(pages.taken, 0);
});

test('small values alone, of sizes that change all the time, leave no page without use', () => {
  const random = seededRandom(7);
  const store = newStore({ memoryBytes: 8 << 20 });
  const cache = newCache(store);
  const pages = countPages(store.room.pages);
  const noise = Buffer.alloc(2000, 'noise');
  // Each day has other sizes, as programs have.
  for (let day = 0; day < 12; day++) {
    const around = random.pick([20, 60, 200, 600, 1500]);
    for (let i = 0; i < 20_000; i++) {
      const length = around + random.below(around >> 2);
      putBytes(store, cache, `key:${random.below(50_000)}`, noise.subarray(0, length), {}, i);
    }
    const pagesBytes = pages.taken * PAGE_BYTES;
    assert.ok(
      pagesBytes <= cache.bytes + SIZE_CLASSES * PAGE_BYTES,
      `${pagesBytes} for ${cache.bytes}, day ${day}`,
    );
  }
});

test.run();
