// A document held by all who are sent it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RoomError } from '../../src/errors.ts';
import { HeldBytes } from '../../src/landscape/held-bytes.ts';
import { seededRandom } from '../store/seeded-random.ts';

const test = suite('held bytes');

class CountedRoom {
  usedBytes = 0;
  readonly #most: number;

  constructor(most = Number.POSITIVE_INFINITY) {
    this.#most = most;
  }

  charge(bytes: number): boolean {
    if (this.usedBytes + bytes > this.#most) return false;
    this.usedBytes += bytes;
    return true;
  }

  release(bytes: number): void {
    this.usedBytes -= bytes;
  }
}

test('what is copied out of it in any pieces is the text that went in', () => {
  const random = seededRandom(3);
  const texts = Array.from({ length: 4000 }, (_, i) => `${i} é ${'x'.repeat(Math.floor(random() * 90))}`);
  const all = Buffer.from(texts.join(''));
  const room = new CountedRoom();
  const held = new HeldBytes(texts, room);
  assert.is(held.length, all.length);
  assert.ok(all.length > 3 * 65_536, 'of several pieces');
  for (const most of [999, 65_536, all.length]) {
    const copied = Buffer.alloc(all.length);
    for (let at = 0; at < all.length; at += most) held.copy(at, copied, at, Math.min(most, all.length - at));
    assert.ok(copied.equals(all));
  }
  assert.ok(room.usedBytes >= all.length);
  held.release();
  assert.is(room.usedBytes, 0);
});

test('it is released with the last of those who hold it, and once', () => {
  const room = new CountedRoom();
  const held = new HeldBytes(['text'], room);
  held.retain();
  held.release();
  assert.ok(room.usedBytes > 0);
  held.release();
  held.release();
  assert.is(room.usedBytes, 0);
});

test('one that there is no room for holds nothing', () => {
  const room = new CountedRoom(100_000);
  assert.throws(
    () => new HeldBytes(['x'.repeat(150_000)], room),
    (error: unknown) => error instanceof RoomError,
  );
  assert.is(room.usedBytes, 0);
});

test.run();
