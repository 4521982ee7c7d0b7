// Counters: each is taken once, and old ones not at all.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CounterWindow, WINDOW_WIDTH } from '../../../src/fleet/auth/window.ts';

const test = suite('window of counters');

test('each counter is taken once, as a list of all that were seen would', () => {
  const counters = fc.array(fc.integer({ min: 1, max: 3 * WINDOW_WIDTH }), { maxLength: 200 });
  fc.assert(
    fc.property(counters, (given) => {
      const window = new CounterWindow();
      const seen = new Set<number>();
      for (const counter of given) {
        const isNew = !seen.has(counter) && counter > Math.max(0, ...seen) - WINDOW_WIDTH;
        assert.is(window.has(counter), !isNew);
        assert.is(window.take(counter), isNew);
        if (isNew) seen.add(counter);
      }
    }),
  );
});

test('messages may overtake each other within the width, which is 64 or more', () => {
  assert.ok(WINDOW_WIDTH >= 64);
  const window = new CounterWindow();
  for (let counter = WINDOW_WIDTH; counter >= 1; counter--) assert.ok(window.take(counter), String(counter));
});

test('what is older than the width is refused, whether it was seen or not', () => {
  const window = new CounterWindow();
  assert.ok(window.take(WINDOW_WIDTH + 1));
  assert.not.ok(window.take(1));
  assert.ok(window.take(2));
});

test('a leap far ahead forgets nothing that could be taken again', () => {
  const window = new CounterWindow();
  for (const counter of [1, 2, 3]) window.take(counter);
  assert.ok(window.take(Number.MAX_SAFE_INTEGER));
  for (const counter of [1, 2, 3, Number.MAX_SAFE_INTEGER]) assert.not.ok(window.take(counter));
});

test('zero, the counter of a hello, is never taken', () => {
  assert.not.ok(new CounterWindow().take(0));
});

test.run();
