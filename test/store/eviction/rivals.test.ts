// The policies that the store is measured beside do what their papers say: small cases followed by hand, and the
// published figures where the traces are.

import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { arc } from '../../../bench/hit-ratio/arc.ts';
import { belady } from '../../../bench/hit-ratio/belady.ts';
import { lirs } from '../../../bench/hit-ratio/lirs.ts';
import { lru, s3Fifo, sieve } from '../../../bench/hit-ratio/queues.ts';
import { throughStore } from '../../../bench/hit-ratio/through-store.ts';
import { MIX_NAMES, makeMix, readTrace } from '../../../bench/hit-ratio/traces.ts';
import { wTinyLfu } from '../../../bench/hit-ratio/w-tiny-lfu.ts';

const test = suite('rival policies');
const FOLDER = '../shared/traces';

function keys(...given: number[]): Uint32Array {
  return Uint32Array.from(given);
}

function loop(length: number, rounds: number): Uint32Array {
  return Uint32Array.from({ length: length * rounds }, (_, at) => 1 + (at % length));
}

test('each misses every key once, and no more where all fit', () => {
  for (const policy of [lru, arc, lirs, sieve, s3Fifo, wTinyLfu, belady]) {
    assert.is(policy(loop(90, 5), 100), 90, policy.name);
  }
});

test('LRU lets go of what was read longest ago', () => {
  assert.is(lru(keys(1, 2, 3, 1, 4, 2, 1), 3), 5);
  assert.is(lru(loop(11, 3), 10), 33);
});

test('SIEVE passes over what was read, and its hand goes on from there', () => {
  // 1 is passed over, 2 goes for 4; the hand then is at 3, which goes for 5.
  assert.is(sieve(keys(1, 2, 3, 1, 4, 1, 5, 1, 3), 3), 6);
});

test('S3-FIFO keeps a scan out of its main queue', () => {
  const hot = [...loop(8, 3)];
  const scan = Array.from({ length: 50 }, (_, i) => 100 + i);
  assert.is(s3Fifo(keys(...hot, ...scan, ...hot), 20), 8 + 50);
  assert.is(lru(keys(...hot, ...scan, ...hot), 20), 8 + 50 + 8);
});

test('ARC keeps what was read twice through a scan of what is read once', () => {
  const hot = [...loop(8, 3)];
  const scan = Array.from({ length: 50 }, (_, i) => 100 + i);
  assert.is(arc(keys(...hot, ...scan, ...hot), 20), 8 + 50);
});

test('LIRS and W-TinyLFU keep most of a loop that is longer than the cache, as far as can be', () => {
  const least = belady(loop(150, 100), 100);
  assert.ok(lirs(loop(150, 100), 100) < least * 1.05);
  assert.ok(wTinyLfu(loop(150, 100), 100) < least * 1.3);
});

test('Belady’s misses are the least there can be', () => {
  assert.is(belady(keys(1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5), 3), 7);
  for (const name of MIX_NAMES) {
    const mix = makeMix(name, 11, 5000);
    const least = belady(mix, 100);
    for (const policy of [lru, arc, lirs, sieve, s3Fifo, wTinyLfu]) {
      assert.ok(policy(mix, 100) >= least, `${policy.name} on ${name}`);
    }
    assert.ok(throughStore(mix, 100).misses >= least, name);
  }
});

// The traces lie beside a checkout, or not; then it is counted as skipped.
const withTraces = existsSync(FOLDER) ? test : test.skip;

withTraces('the published figures come out again', () => {
  for (const [trace, capacity, published] of [
    ['multi1', 260, [0.5658, 0.5173, 0.5022, 0.5312, 0.519, 0.4727]],
    ['web07', 205, [0.6083, 0.5807, 0.6131, 0.578, 0.562, 0.4659]],
  ] as const) {
    const requests = readTrace(`${FOLDER}/${trace}.u32.gz`);
    for (const [i, policy] of [lru, arc, lirs, sieve, s3Fifo, belady].entries()) {
      const ratio = policy(requests, capacity) / requests.length;
      assert.ok(Math.abs(ratio - published[i]!) < 0.003, `${policy.name} on ${trace}: ${ratio}`);
    }
  }
});

test('the store misses no more than the best of them by a twentieth, on mixes of any kind', () => {
  for (const name of MIX_NAMES) {
    const mix = makeMix(name, 21, 100_000);
    const best = Math.min(...[lru, arc, lirs, s3Fifo, wTinyLfu].map((policy) => policy(mix, 1000)));
    const own = throughStore(mix, 1000).misses;
    assert.ok(own - best <= mix.length / 20, `${name}: ${own} beside ${best} of ${mix.length}`);
  }
});

test.run();
