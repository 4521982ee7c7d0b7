// When V8 is made to collect, and what of.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Garbage } from '../../src/serve/garbage.ts';

const MIB = 1 << 20;

const test = suite('garbage');

/** As V8, of which a full collection leaves what was there before. */
function setUp() {
  const v8 = { held: 10 * MIB, collected: [] as string[] };
  const garbage = new Garbage({
    heldBytes: () => v8.held,
    takeCollector: () => (how) => {
      v8.collected.push(how ? 'young' : 'all');
      if (!how) v8.held = 10 * MIB;
    },
  });
  return { v8, garbage };
}

test('what is young is collected each time 2 MiB have passed', () => {
  const { v8, garbage } = setUp();
  for (let i = 0; i < 7; i++) garbage.passed(MIB);
  assert.equal(v8.collected, ['young', 'young', 'young']);
});

test('all of it once 6 MiB more are held than when all was collected last', () => {
  const { v8, garbage } = setUp();
  for (let i = 1; i <= 14; i++) {
    v8.held += MIB;
    garbage.passed(2 * MIB);
  }
  assert.equal(
    v8.collected.flatMap((what, i) => (what === 'all' ? [i] : [])),
    [7, 15],
  );
});

test('what V8 holds more of than ever passed by is of use: compiled code, an index', () => {
  const { v8, garbage } = setUp();
  v8.held += 10 * MIB;
  for (let i = 0; i < 3; i++) garbage.passed(2 * MIB);
  assert.equal(v8.collected, ['young', 'young', 'young']);
});

test('what the store has from the start is not taken for garbage', () => {
  const { v8, garbage } = setUp();
  v8.held += 1024 * MIB;
  garbage.begin();
  garbage.passed(2 * MIB);
  assert.equal(v8.collected, ['young']);
});

test.run();
