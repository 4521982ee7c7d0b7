// Hybrid time: later than all that was heard, and not led astray by a broken clock.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HybridClock } from '../../src/fleet/hybrid-clock.ts';

const test = suite('hybrid clock');

test('each time is later than the one before, also within a millisecond', () => {
  let now = 1000;
  const clock = new HybridClock(() => now);
  assert.equal(
    [clock.next(), clock.next()],
    [
      [1000, 0],
      [1000, 1],
    ],
  );
  now = 1001.5;
  assert.equal(clock.next(), [1001, 0]);
});

test('what was heard is earlier than what comes next, also when the own clock is behind', () => {
  const clock = new HybridClock(() => 1000);
  assert.ok(clock.hear([5000, 3]));
  assert.equal(clock.next(), [5000, 4]);
});

test('a clock that is more than a minute ahead, or counts beyond reason, is not followed', () => {
  const clock = new HybridClock(() => 1000);
  assert.not(clock.hear([61_001, 0]));
  assert.not(clock.hear([1500, 2 ** 53 - 1]));
  assert.equal(clock.next(), [1000, 0]);
});

test.run();
