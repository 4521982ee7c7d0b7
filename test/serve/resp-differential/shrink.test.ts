// Generated sequences repeat, and what fails in them is found to be as short as it is.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generate } from './generate.ts';
import { shrink } from './shrink.ts';

const test = suite('generated sequences');

test('the same seed gives the same sequence, another seed another one', () => {
  assert.equal(generate(7, 200), generate(7, 200));
  assert.not.equal(generate(7, 200), generate(8, 200));
});

test('every kind of command comes up in a few thousand steps', () => {
  const names = new Set(generate(1, 5000).map(({ args }) => args[0]));
  assert.ok(names.size > 50, [...names].join());
});

test('a failure that takes two of many is shrunk to those two, in their order', async () => {
  const numbers = Array.from({ length: 300 }, (_, i) => i);
  const short = await shrink(numbers, async (some) => some.includes(17) && some.includes(230));
  assert.equal(short, [17, 230]);
});

test('shrinking ends when it has asked as often as it may', async () => {
  let asked = 0;
  const fails = async (some: readonly number[]): Promise<boolean> => {
    asked++;
    return some.length > 5;
  };
  await shrink([...Array(1000).keys()], fails, 20);
  assert.ok(asked <= 20);
});

test.run();
