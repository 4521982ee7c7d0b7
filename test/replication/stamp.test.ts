// Stamps: which of two is later, and how one stands in an ETag and on the wire.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  etagOf,
  isLater,
  originOf,
  parseStamp,
  type Stamp,
  stampOf,
  UNSTAMPED,
} from '../../src/replication/stamp.ts';

const test = suite('stamps');

test('milliseconds count first, then the counter, then the origin; none is later than itself', () => {
  const inOrder: Stamp[] = [
    [1, 0, 9],
    [1, 1, 2],
    [1, 1, 3],
    [2, 0, 1],
  ];
  for (const [i, one] of inOrder.entries())
    for (const [j, other] of inOrder.entries()) assert.is(isLater(one, other), i > j, `${one} ${other}`);
});

test('a stamp survives the ETag, at its largest too', () => {
  const stamps: Stamp[] = [
    [1_790_000_000_000, 0, 2774],
    [2 ** 48, 1_000_000, 2 ** 32 - 1],
  ];
  for (const stamp of stamps) {
    assert.equal(stampOf(etagOf(stamp)), stamp);
    assert.match(etagOf(stamp), /^"[\x21\x23-\x7e]+"$/);
  }
});

test('an ETag that an origin gave is no stamp, and older than any', () => {
  for (const etag of ['', '"abc"', 'W/"~1-0-1"', '"~1-0"', '"~1-0-1-1"', '"~A-0-1"'])
    assert.is(stampOf(etag), UNSTAMPED);
  assert.ok(isLater([1, 0, 0], UNSTAMPED));
});

test('incarnations that differ in a letter have other origins, each the same whenever it is made', () => {
  const origins = ['m9abc0001', 'm9abc0002', 'm9abc0003'].map(originOf);
  assert.is(new Set(origins).size, 3);
  assert.equal(origins, ['m9abc0001', 'm9abc0002', 'm9abc0003'].map(originOf));
  for (const origin of origins) assert.ok(Number.isInteger(origin) && origin >= 0 && origin < 2 ** 32);
});

test('what is no stamp on the wire is none', () => {
  assert.equal(parseStamp([5, 0, 7]), [5, 0, 7]);
  for (const wire of [
    undefined,
    null,
    {},
    [1, 2],
    [1, 2, 3, 4],
    [-1, 0, 0],
    [1, 0.5, 0],
    [1, 0, 2 ** 32],
    ['1', 0, 0],
  ])
    assert.is(parseStamp(wire), undefined, JSON.stringify(wire));
});

test.run();
