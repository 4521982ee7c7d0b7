import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { approximateBytes, formatBytes, parseBytes } from '../../src/units/bytes.ts';
import { formatDuration, parseDuration } from '../../src/units/duration.ts';

const test = suite('units');

test('every duration is parsed back from how it is written', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), (ms) => {
      assert.is(parseDuration(formatDuration(ms)), ms);
    }),
  );
});

test('every amount of bytes is parsed back from how it is written', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => {
      assert.is(parseBytes(formatBytes(bytes)), bytes);
    }),
  );
});

test('whole units are written in the largest that divides them', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999 }), fc.constantFrom('K', 'M', 'G'), (count, unit) => {
      assert.is(formatBytes(parseBytes(`${count}${unit}`)!), `${count}${unit}`);
    }),
  );
});

test('durations are whole milliseconds with a unit', () => {
  assert.is(parseDuration('500ms'), 500);
  assert.is(parseDuration('30s'), 30_000);
  assert.is(parseDuration('10m'), 600_000);
  assert.is(parseDuration('2h'), 7_200_000);
  assert.is(parseDuration('1d'), 86_400_000);
  assert.is(parseDuration('1.5s'), 1_500);
  assert.is(parseDuration('1.005s'), 1_005);
  for (const text of ['60', '', 's', '-1s', '1.5ms', '1 s', '1h30m', '1e3ms', 'Infinityms', '10S', '1w']) {
    assert.is(parseDuration(text), undefined, text);
  }
});

test('K, M and G are powers of 1024, however they are spelt', () => {
  assert.is(parseBytes('1K'), 1024);
  for (const text of ['64M', '64m', '64MB', '64MiB', '64mib', '67108864', '67108864B', '65536K']) {
    assert.is(parseBytes(text), 64 * 1024 * 1024, text);
  }
  for (const text of ['', 'M', '-1', '5X', '1.5', '1 M', '64iB', '99999999999999999G']) {
    assert.is(parseBytes(text), undefined, text);
  }
});

test('for people an amount is rounded to a tenth', () => {
  assert.is(approximateBytes(160_477_468), '153M');
  assert.is(approximateBytes(93_532_979), '89.2M');
  assert.is(approximateBytes(1000), '1000');
});

test.run();
