// What is remembered of deletes: what it covers, for how long, and what becomes of it where memory ends.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Stamp } from '../../src/replication/stamp.ts';
import { KEPT_FOR_MS, Tombstones } from '../../src/replication/tombstones.ts';

const test = suite('tombstones');

function make(maxBytes = 1 << 20) {
  const at = { nowMs: 20_000, chargedBytes: 0, refuses: false };
  const tombstones = new Tombstones({
    now: () => at.nowMs,
    maxBytes,
    charge: (bytes) => {
      if (at.refuses) return false;
      at.chargedBytes += bytes;
      return true;
    },
    release: (bytes) => {
      at.chargedBytes -= bytes;
    },
  });
  const add = (name: string, ms: number, isEnd = false): void =>
    tombstones.add(name, [ms, 0, 1], at.nowMs + KEPT_FOR_MS, isEnd);
  const covers = (key: string, ms: number, tags: string[] = []): boolean =>
    tombstones.cover(Buffer.from(key), tags, [ms, 0, 1]);
  return { at, tombstones, add, covers };
}

test('a key, a tag, a prefix and the whole cover what is not later, and nothing else', () => {
  const { add, covers } = make();
  add('kone', 100);
  assert.equal([covers('one', 100), covers('one', 101), covers('two', 100)], [true, false, false]);
  add('tred', 200);
  assert.equal(
    [covers('two', 200, ['red']), covers('two', 201, ['red']), covers('two', 200, ['blue'])],
    [true, false, false],
  );
  add('pa/', 300);
  assert.equal([covers('a/1', 300), covers('a/1', 301), covers('b/1', 300)], [true, false, false]);
  add('w', 400);
  assert.equal([covers('anything', 400), covers('anything', 401)], [true, false]);
});

test('of two of one name the later counts, in whatever order they come', () => {
  const { add, tombstones } = make();
  add('kone', 200);
  add('kone', 100);
  assert.equal(tombstones.ofKey(Buffer.from('one')), [200, 0, 1]);
  add('kone', 300, true);
  assert.equal(tombstones.ofKey(Buffer.from('one')), [300, 0, 1]);
  assert.is(tombstones.size, 1);
});

test('after ten minutes it is forgotten, with its bytes', () => {
  const { at, add, covers, tombstones } = make();
  add('kone', 100);
  add('pa/', 100);
  assert.ok(at.chargedBytes > 0);
  at.nowMs += KEPT_FOR_MS - 1;
  assert.ok(covers('a/1', 50));
  at.nowMs += 1;
  assert.not(covers('a/1', 50));
  assert.equal([...tombstones.from(0)], []);
  assert.is(at.chargedBytes, 0);
});

test('where they are too many those of ended entries go first, without a trace', () => {
  const { at, add, covers, tombstones } = make(1000);
  add('kended', 500, true);
  for (const name of ['ka', 'kb', 'kc', 'kd']) add(name, 100);
  assert.ok(at.chargedBytes <= 1000);
  assert.is(tombstones.ofKey(Buffer.from('ended')), undefined);
  assert.equal([covers('a', 100), tombstones.isTooOld([100, 0, 1])], [true, false]);
});

test('then the oldest are one: what is older than the last of them is too old, for ten minutes', () => {
  const { at, add, covers, tombstones } = make(1000);
  for (const [i, name] of ['ka', 'kb', 'kc', 'kd', 'ke', 'kf'].entries()) add(name, 100 + i);
  assert.not(covers('a', 100));
  const isTooOld = (ms: number): boolean => tombstones.isTooOld([ms, 0, 1]);
  assert.equal([isTooOld(100), isTooOld(101), isTooOld(102)], [true, true, false]);
  at.nowMs += KEPT_FOR_MS;
  assert.not(isTooOld(100));
});

test('one that finds no memory at all is not remembered, and nothing is too old for it', () => {
  const { at, add, tombstones } = make();
  at.refuses = true;
  add('ka', 100);
  assert.is(tombstones.size, 0);
  assert.not(tombstones.isTooOld([100, 0, 1] satisfies Stamp));
});

test('of the last ten seconds nothing is too old, however many were deleted: writes are on their way', () => {
  const { add, tombstones } = make(1000);
  for (let i = 0; i < 100; i++) add(`k${i}`, 10_001 + i);
  assert.not(tombstones.isTooOld([10_001, 0, 1] satisfies Stamp));
  for (let i = 0; i < 10; i++) add(`k${i}`, 9000);
  for (let i = 0; i < 10; i++) add(`kx${i}`, 9000);
  assert.ok(tombstones.isTooOld([9000, 0, 1] satisfies Stamp));
  assert.not(tombstones.isTooOld([9001, 0, 1] satisfies Stamp));
});

test('others are told of all from a place on, and which are of ended entries', () => {
  const { add, tombstones } = make();
  add('ka', 1);
  add('kended', 2, true);
  add('tred', 3);
  const names = (from: number): string[] => [...tombstones.from(from)].map(({ name }) => name);
  assert.equal(
    [names(0), names(1), names(2), names(3)],
    [['ka', 'tred', 'eended'], ['tred', 'eended'], ['eended'], []],
  );
});

test.run();
