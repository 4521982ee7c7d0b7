// Which entry makes room: what the eviction policy keeps, and what it lets go.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../seeded-random.ts';
import { CacheOfKeys } from './cache-of-keys.ts';
import { SlowPolicy } from './slow-policy.ts';

const test = suite('eviction policy');

/** Four keys a bucket and one a block: neither table forgets anything, nor takes one key for another. */
const apart = (key: number): number => key | (key << 16);
const KEYS = 256;

for (const [seed, mostBytes] of [
  [1, 1],
  [2, 1],
  [3, 50],
  [4, 400],
] as const) {
  test(`it lets go of what the slow one does, seed ${seed}, sizes up to ${mostBytes}`, () => {
    const random = seededRandom(seed);
    const limitBytes = 60 * ((mostBytes + 1) / 2);
    const cache = new CacheOfKeys(limitBytes, apart);
    const slow = new SlowPolicy();
    let victims = 0;
    const shares = new Set<number>();
    for (let i = 0; i < 40_000; i++) {
      // Favourites, loops and what came lately in turns, so that the window goes up and down.
      const kind = Math.floor(i / 4000) % 3;
      const key = kind === 0 ? random.below(1 + random.below(KEYS)) : (kind === 1 ? i : i >> 2) % KEYS;
      const chance = random() * 100;
      if (cache.has(key)) {
        if (chance < 96) {
          cache.ask(key);
          slow.read(key);
        } else if (chance < 98) {
          cache.remove(key);
          slow.removed(key);
        } else {
          const bytes = 1 + random.below(cache.sizeOf(key));
          cache.resize(key, bytes);
          slow.resized(key, bytes);
        }
      } else {
        const bytes = 1 + random.below(mostBytes);
        while (cache.bytes + bytes > limitBytes) {
          const victim = cache.victimFor(bytes);
          assert.is(victim, slow.victimFor(bytes), `step ${i}`);
          cache.remove(victim!);
          slow.removed(victim!);
          victims++;
        }
        cache.add(key, bytes);
        slow.added(key, bytes);
      }
      assert.is(cache.policy.windowShare, slow.share, `step ${i}`);
      assert.is(cache.slotOf.size, slow.all.length);
      shares.add(Math.round(slow.share * 100));
    }
    assert.ok(victims > 5000, `${victims} victims`);
    assert.ok(shares.size >= 3, `windows of hundredths: ${[...shares]}`);
  });
}

test('every entry goes once, and then there is none', () => {
  const cache = new CacheOfKeys(1000);
  const random = seededRandom(5);
  for (let i = 0; i < 10_000; i++) cache.ask(random.below(1 + random.below(3000)));
  for (let left = cache.slotOf.size; left > 0; left--) cache.remove(cache.victimFor(1)!);
  assert.is(cache.slotOf.size, 0);
  assert.is(cache.victimFor(1), undefined);
});

test('a dropped cache begins anew, with the same slots', () => {
  const cache = new CacheOfKeys(100);
  for (let i = 0; i < 1000; i++) cache.ask(i % 150);
  cache.clear();
  assert.is(cache.victimFor(1), undefined);
  for (let i = 0; i < 1000; i++) cache.ask(2000 + (i % 150));
  assert.is(cache.slotOf.size, 100);
});

test('a scan ten times as long as the cache does not wash out what is read all the time', () => {
  const cache = new CacheOfKeys(1000);
  const random = seededRandom(6);
  for (let i = 0; i < 20_000; i++) cache.ask(random.below(800));
  for (let i = 0; i < 10_000; i++) cache.ask(10_000 + i);
  let kept = 0;
  for (let key = 0; key < 800; key++) if (cache.has(key)) kept++;
  assert.ok(kept >= 780, `${kept} of 800 kept`);
});

function* loop(length: number, requests: number): Generator<number> {
  for (let i = 0; i < requests; i++) yield i % length;
}

/** New keys, each asked for again 300 requests on. */
function* recent(requests: number): Generator<number> {
  for (let i = 0; i < requests; i += 2) {
    yield 100_000 + i;
    yield 100_000 + Math.max(0, i - 300);
  }
}

test('the window grows where the recent is read again, shrinks where loops are, and grows again', () => {
  const cache = new CacheOfKeys(500);
  cache.askAll(loop(750, 30_000));
  assert.ok(cache.policy.windowShare < 0.05, `${cache.policy.windowShare} in a loop`);
  const misses = cache.askAll(loop(750, 7500));
  assert.ok(misses < 7500 * 0.4, `${misses} of 7500 in a loop that cannot miss less than a third`);
  cache.askAll(recent(30_000));
  assert.ok(cache.policy.windowShare > 0.25, `${cache.policy.windowShare} where the recent is read again`);
  const late = cache.askAll(recent(10_000));
  assert.ok(late < 5500, `${late} of 10,000 where half are new`);
  cache.askAll(loop(750, 60_000));
  assert.ok(cache.policy.windowShare < 0.05, `${cache.policy.windowShare} back in the loop`);
});

test('while there is plenty of room, reads do not move the window', () => {
  const cache = new CacheOfKeys(500);
  const random = seededRandom(8);
  for (let i = 0; i < 20_000; i++) cache.ask(random.below(400));
  assert.is(cache.policy.windowShare, 0.05);
});

test('a large entry that is asked for once displaces none of the small ones that are asked for', () => {
  const cache = new CacheOfKeys(10_000);
  const random = seededRandom(9);
  for (let i = 0; i < 20_000; i++) cache.ask(random.below(90), 100);
  for (let i = 0; i < 200; i++) {
    cache.ask(1000 + i, 450);
    for (let j = 0; j < 10; j++) cache.ask(random.below(90), 100);
  }
  let kept = 0;
  for (let key = 0; key < 90; key++) if (cache.has(key)) kept++;
  assert.ok(kept >= 86, `${kept} of 90 kept`);
});

test('of favourites that do not all fit, the small ones are kept: more hits in the same bytes', () => {
  const cache = new CacheOfKeys(20_000);
  const random = seededRandom(10);
  let misses = 0;
  for (let i = 0; i < 60_000; i++) {
    // 100 keys of 100 bytes and 100 of 1000, all asked for as often.
    const key = random.below(200);
    if (!cache.ask(key, key < 100 ? 100 : 1000) && i >= 20_000) misses++;
  }
  let small = 0;
  for (let key = 0; key < 100; key++) if (cache.has(key)) small++;
  assert.ok(small >= 85, `${small} of 100 small ones`);
  assert.ok(misses < 40_000 * 0.53, `${misses} misses`);
});

test('what it knows beyond the slots grows with the entries, not with the room', () => {
  const few = new CacheOfKeys(1_000_000_000);
  for (let key = 0; key < 100; key++) few.ask(key, 1000);
  assert.ok(few.policy.overheadBytes <= 20_000, `${few.policy.overheadBytes} bytes for 100 entries`);
  const many = new CacheOfKeys(4900);
  for (let key = 0; key < 30_000; key++) many.ask(key);
  assert.ok(many.policy.overheadBytes <= 4900 * 17 + 20_000, `${many.policy.overheadBytes} bytes for 4,900`);
});

test.run();
