// How many asks run at one time, and who waits.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Deadline } from '../../../src/fleet/link/deadline.ts';
import { Gate } from '../../../src/fleet/link/gate.ts';
import { settled } from '../../cache/fake-clock.ts';

const test = suite('gate');

function never(): Deadline {
  return new Deadline();
}

test('no more are in than there are places, and who waits longest is next', async () => {
  const gate = new Gate(2);
  const entered: number[] = [];
  for (const n of [1, 2, 3, 4]) void gate.enter(never()).then(() => entered.push(n));
  await settled();
  assert.equal(entered, [1, 2]);
  gate.leave();
  await settled();
  assert.equal(entered, [1, 2, 3]);
});

test('who gives up takes no place, then or later', async () => {
  const gate = new Gate(1);
  await gate.enter(never());
  const deadline = new Deadline();
  const given = gate.enter(deadline);
  deadline.over();
  assert.is(await given, false);
  gate.leave();
  assert.is(await gate.enter(never()), true);
  assert.is(await gate.enter(deadline), false);
});

test.run();
