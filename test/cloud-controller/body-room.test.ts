// The room that the answers of an API share while they are read.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BodyRoom } from '../../src/cloud-controller/body-room.ts';
import { settled } from '../cache/fake-clock.ts';
import { seededRandom } from '../store/seeded-random.ts';

const test = suite('body room');
const never = new AbortController().signal;

test('who finds no room waits for it, and the oldest goes on beyond it', async () => {
  const room = new BodyRoom(100);
  const [first, second] = [{}, {}];
  room.enter(first);
  room.enter(second);
  await room.take(second, 80, never);
  let took = false;
  const waiting = room.take(second, 50, never).then(() => {
    took = true;
  });
  await room.take(first, 50, never);
  await settled();
  assert.is(took, false);
  assert.is(room.usedBytes, 130);
  room.leave(first);
  await waiting;
  assert.is(room.usedBytes, 130);
  room.leave(second);
  assert.is(room.usedBytes, 0);
});

test('who gives up while it waits takes nothing', async () => {
  const room = new BodyRoom(100);
  const stop = new AbortController();
  const [first, second] = [{}, {}];
  room.enter(first);
  room.enter(second);
  await room.take(first, 100, never);
  const waiting = room.take(second, 1, stop.signal);
  stop.abort();
  assert.is(await waiting, false);
  assert.is(await room.take(second, 1, stop.signal), false);
  assert.is(room.usedBytes, 100);
});

test('however many read at one time, all end, and what they hold is the room and one answer at most', async () => {
  const random = seededRandom(5);
  const room = new BodyRoom(1000);
  let most = 0;
  const read = async (): Promise<void> => {
    const reader = {};
    room.enter(reader);
    for (let left = random.below(600); left > 0; left -= 50) {
      await room.take(reader, 50, never);
      most = Math.max(most, room.usedBytes);
      for (let turns = random.below(5); turns > 0; turns--) await null;
    }
    room.leave(reader);
  };
  await Promise.all(Array.from({ length: 40 }, read));
  assert.ok(most > 1000 && most <= 1600, `${most}`);
  assert.is(room.usedBytes, 0);
});

test.run();
