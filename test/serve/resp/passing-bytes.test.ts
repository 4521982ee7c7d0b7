// Bytes that are only needed for one command.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withBytes } from '../../../src/serve/resp/passing-bytes.ts';

const passing = suite('passing bytes');

passing('are as many as asked for, writable, and of the result nothing is lost', () => {
  for (const length of [0, 1, 65_536, 65_537, 1 << 20]) {
    const last = withBytes(length, (bytes) => {
      assert.is(bytes.length, length);
      bytes.fill(7);
      return bytes.at(-1);
    });
    assert.is(last, length === 0 ? undefined : 7);
  }
});

passing('long ones are gone afterwards, also where their use failed', () => {
  let kept: Buffer | undefined;
  const failing = () =>
    withBytes(100_000, (bytes) => {
      kept = bytes;
      throw new Error('of the use');
    });
  assert.throws(failing, /of the use/);
  assert.is(kept?.buffer.byteLength, 0);
});

passing.run();
