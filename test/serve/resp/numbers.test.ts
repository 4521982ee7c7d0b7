// Numbers as Redis reads and writes them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  add,
  formatLongDouble,
  type LongDouble,
  parseLongDouble,
} from '../../../src/serve/resp/long-double.ts';
import { MAX_INTEGER, MIN_INTEGER, parseInteger } from '../../../src/serve/resp/numbers.ts';

const numbers = suite('numbers');

function integer(text: string): bigint | undefined {
  const bytes = Buffer.from(`<${text}>`, 'latin1');
  return parseInteger(bytes, 1, bytes.length - 1);
}

numbers('whole numbers of 64 bits are read, to the last one', () => {
  for (const value of [0n, 1n, -1n, 10n, 999_999_999_999_999n, 1_000_000_000_000_000n, 2n ** 53n + 1n]) {
    assert.is(integer(value.toString()), value);
    if (value > 0n) assert.is(integer((-value).toString()), -value);
  }
  assert.is(integer('9223372036854775807'), MAX_INTEGER);
  assert.is(integer('-9223372036854775808'), MIN_INTEGER);
  assert.is(integer('9223372036854775808'), undefined);
  assert.is(integer('-9223372036854775809'), undefined);
  assert.is(integer('10000000000000000000'), undefined);
});

numbers('a whole number may be written in one way only', () => {
  const wrong = ['', '-', '+1', ' 1', '1 ', '01', '-0', '00', '1.0', '1e3', '0x1', '--1', '1-', '\0', '1\n'];
  for (const text of wrong) assert.is(integer(text), undefined, `'${text}'`);
});

function sum(a: string, b: string): string {
  const total = add(parseLongDouble(a) as LongDouble, parseLongDouble(b) as LongDouble);
  return total ? formatLongDouble(total) : 'infinite';
}

// What redis-server 7.0 on x86-64 answers.
numbers('sums are those of 80-bit numbers, with up to 17 places', () => {
  assert.is(sum('0.1', '0.2'), '0.3');
  assert.is(sum('3', '1.1'), '4.1');
  assert.is(sum('10.50', '0.1'), '10.6');
  assert.is(sum('5.0e3', '2.0e2'), '5200');
  assert.is(sum('1', '-1'), '0');
  assert.is(sum('-0.0000000000000000001', '0'), '0');
  assert.is(sum('1.23', '1'), '2.23');
  assert.is(sum('17179869184', '1.5'), '17179869185.5');
  assert.is(sum('1e20', '1'), '100000000000000000000');
  assert.is(sum('.5', '5.'), '5.5');
  assert.is(sum('0x10', '0x.8p1'), '17');
});

numbers('a number too large to be told from infinity is none, and neither is one that is not', () => {
  assert.is(parseLongDouble('inf'), Number.POSITIVE_INFINITY);
  assert.is(parseLongDouble('-Infinity'), Number.NEGATIVE_INFINITY);
  for (const text of [
    '',
    ' 1',
    '1 ',
    'nan',
    '1e',
    '.',
    'e5',
    '1.2.3',
    'abc',
    '0x',
    '1e99999',
    '1e-5000',
    '1\0',
  ]) {
    assert.is(parseLongDouble(text), undefined, `'${text}'`);
  }
  assert.is(sum('1.18e4932', '1.18e4932'), 'infinite');
});

numbers('halves are rounded to the even', () => {
  const next = (2n ** 64n + 1n).toString();
  assert.is(sum(next, '0'), (2n ** 64n).toString());
  assert.is(sum((2n ** 64n + 3n).toString(), '0'), (2n ** 64n + 4n).toString());
  assert.is(sum((2n ** 64n).toString(), '1'), (2n ** 64n).toString());
  assert.is(sum((2n ** 64n - 1n).toString(), '0'), (2n ** 64n - 1n).toString());
});

numbers.run();
