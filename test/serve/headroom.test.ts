// What connections and what they send may take of the memory beside the store: neither all of it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Headroom } from '../../src/serve/headroom.ts';
import { Budget } from '../../src/store/budget.ts';

const test = suite('headroom');
const STEP_BYTES = 1 << 10;

function fill(charge: (bytes: number) => boolean): number {
  let bytes = 0;
  while (charge(STEP_BYTES)) bytes += STEP_BYTES;
  return bytes;
}

test('connections alone take half, and what they send finds the other half free', () => {
  const headroom = new Headroom(new Budget(8 << 20));
  assert.is(
    fill((bytes) => headroom.chargeConnection(bytes)),
    headroom.limitBytes / 2,
  );
  assert.is(
    fill((bytes) => headroom.charge(bytes)),
    headroom.limitBytes / 2,
  );
});

test('what is sent takes three quarters, and a quarter is left to connections', () => {
  const headroom = new Headroom(new Budget(8 << 20));
  assert.is(
    fill((bytes) => headroom.charge(bytes)),
    headroom.limitBytes * 0.75,
  );
  assert.is(
    fill((bytes) => headroom.chargeConnection(bytes)),
    headroom.limitBytes / 4,
  );
});

test('what was released can be charged again, each in its own share', () => {
  const budget = new Budget(8 << 20);
  const headroom = new Headroom(budget);
  const connectionsBytes = fill((bytes) => headroom.chargeConnection(bytes));
  const sentBytes = fill((bytes) => headroom.charge(bytes));
  headroom.releaseConnection(connectionsBytes);
  headroom.release(sentBytes);
  assert.is(headroom.usedBytes, 0);
  assert.is(budget.usedBytes, 0);
  assert.is(
    fill((bytes) => headroom.chargeConnection(bytes)),
    connectionsBytes,
  );
});

test('who sends where all is taken is given what connections make free, and is refused where they cannot', () => {
  const headroom = new Headroom(new Budget(8 << 20));
  fill((bytes) => headroom.chargeConnection(bytes));
  fill((bytes) => headroom.charge(bytes));
  const asked: number[] = [];
  headroom.onFull((bytes) => {
    asked.push(bytes);
    if (asked.length === 1) headroom.releaseConnection(bytes);
  });
  assert.ok(headroom.charge(3 * STEP_BYTES));
  assert.not(headroom.charge(STEP_BYTES));
  assert.equal(asked, [3 * STEP_BYTES, STEP_BYTES]);
});

test('no connection is asked to make place for more than may be sent at all', () => {
  const headroom = new Headroom(new Budget(8 << 20));
  headroom.onFull(() => assert.unreachable());
  fill((bytes) => headroom.charge(bytes));
  assert.not(headroom.charge(headroom.limitBytes));
});

test.run();
