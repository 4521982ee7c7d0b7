// Bodies that go to many become bytes once.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestOf } from '../../../src/fleet/auth/keyring.ts';
import { Bodies } from '../../../src/fleet/link/bodies.ts';

const test = suite('bodies');

test('the same text for many is one body', () => {
  const bodies = new Bodies();
  const first = bodies.of('{"for":"many"}');
  assert.is(bodies.of('{"for":"many"}'), first);
  assert.is(first.digest, digestOf(Buffer.from('{"for":"many"}')));
});

test('whatever was sent before, a message has its own bytes', () => {
  const bodies = new Bodies();
  for (const message of [{ n: 1 }, { n: 2 }, '', undefined, null, 'x'.repeat(1 << 20), 'y'.repeat(1 << 20)]) {
    const text = typeof message === 'string' ? message : JSON.stringify(message ?? null);
    const { bytes, digest } = bodies.of(message);
    assert.is(bytes.toString(), text);
    assert.is(digest, digestOf(bytes));
  }
});

test('a large body is not kept', () => {
  const bodies = new Bodies();
  const large = 'x'.repeat(1 << 20);
  assert.is.not(bodies.of(large), bodies.of(large));
});

test.run();
