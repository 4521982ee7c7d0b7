// The longest common subsequence, and its bounds.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lcs } from '../../../src/serve/resp/lcs.ts';
import { seededRandom } from '../../store/seeded-random.ts';

const lcs = suite('lcs');

function done(a: string, b: string, wantsMatches: boolean, most: number): Lcs {
  const table = new Lcs(Buffer.from(a), Buffer.from(b), wantsMatches);
  let steps = 0;
  while (!table.step(most)) steps++;
  assert.ok(steps <= (a.length * b.length + a.length + b.length) / most + 2);
  return table;
}

/** The length as the textbook says it. */
function lengthOf(a: string, b: string): number {
  const table = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      table[i]![j] =
        a[i - 1] === b[j - 1] ? table[i - 1]![j - 1]! + 1 : Math.max(table[i - 1]![j]!, table[i]![j - 1]!);
    }
  }
  return table[a.length]![b.length]!;
}

lcs('the example of the Redis documentation', () => {
  const table = done('ohmytext', 'mynewtext', true, 1000);
  assert.is(table.text().toString(), 'mytext');
  assert.is(table.length, 6);
  assert.equal(table.matches, [
    { aStart: 4, bStart: 5, length: 4 },
    { aStart: 2, bStart: 0, length: 2 },
  ]);
});

lcs('nothing has nothing in common', () => {
  for (const [a, b] of [
    ['', ''],
    ['a', ''],
    ['', 'a'],
    ['abc', 'xyz'],
  ]) {
    const table = done(a!, b!, true, 1000);
    assert.is(table.length, 0);
    assert.is(table.text().length, 0);
    assert.equal(table.matches, []);
  }
});

lcs('the same comes out in whatever steps it is done', () => {
  const random = seededRandom(7);
  const word = () =>
    Array.from({ length: Math.floor(random() * 30) }, () => 'abc'[Math.floor(random() * 3)]).join('');
  for (let i = 0; i < 300; i++) {
    const [a, b] = [word(), word()];
    const whole = done(a, b, true, 10_000);
    const sliced = done(a, b, true, 1 + Math.floor(random() * 7));
    assert.is(whole.length, lengthOf(a, b));
    assert.is(done(a, b, false, 3).length, whole.length);
    assert.is(sliced.text().toString(), whole.text().toString());
    assert.equal(sliced.matches, whole.matches);
    for (const { aStart, bStart, length } of whole.matches) {
      assert.is(a.slice(aStart, aStart + length), b.slice(bStart, bStart + length));
    }
  }
});

lcs.run();
