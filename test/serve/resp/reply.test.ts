// Replies as bytes: both protocols, every length, and a reply that is taken back or parted.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Room } from '../../../src/serve/resp/account.ts';
import { COPIED_BYTES, Reply } from '../../../src/serve/resp/reply.ts';
import type { Value } from '../../../src/store/value.ts';

function textOf(reply: Reply): string {
  return reply.bytes.toString('latin1', 0, reply.length);
}

function made(proto: 2 | 3, make: (reply: Reply) => void): string {
  const reply = new Reply();
  reply.proto = proto;
  make(reply);
  return textOf(reply);
}

class Held implements Value {
  readonly length: number;
  released = 0;

  constructor(length: number) {
    this.length = length;
  }

  copy(_position: number, target: Uint8Array, at: number, length: number): void {
    target.fill(0x76, at, at + length);
  }

  retain(): Value {
    return this;
  }

  release(): void {
    this.released++;
  }
}

const test = suite('reply');

test('integers are written as they are, however long', () => {
  const safe = [
    0,
    1,
    9,
    10,
    11,
    99,
    100,
    101,
    999_999_999,
    1_000_000_000,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 53,
    -1,
    -99,
  ];
  const large = [2n ** 63n - 1n, -(2n ** 63n)];
  for (let power = 1; power < 2 ** 31; power *= 10) safe.push(power, power - 1, power + 1);
  for (const value of [...safe, ...large]) {
    assert.is(
      made(2, (reply) => reply.integer(value)),
      `:${value}\r\n`,
    );
  }
});

test('what RESP2 has no type for is said with those it has', () => {
  const forms: readonly (readonly [make: (reply: Reply) => void, two: string, three: string])[] = [
    [(reply) => reply.null(), '$-1\r\n', '_\r\n'],
    [(reply) => reply.nullArray(), '*-1\r\n', '_\r\n'],
    [(reply) => reply.map(2), '*4\r\n', '%2\r\n'],
    [(reply) => reply.set(2), '*2\r\n', '~2\r\n'],
    [(reply) => reply.push(2), '*2\r\n', '>2\r\n'],
    [(reply) => reply.double('1.5'), '$3\r\n1.5\r\n', ',1.5\r\n'],
    [(reply) => reply.boolean(true), ':1\r\n', '#t\r\n'],
    [(reply) => reply.boolean(false), ':0\r\n', '#f\r\n'],
    [(reply) => reply.verbatim('hi'), '$2\r\nhi\r\n', '=6\r\ntxt:hi\r\n'],
  ];
  for (const [make, two, three] of forms) {
    assert.is(made(2, make), two);
    assert.is(made(3, make), three);
  }
});

test('an error is one line, whatever is in it', () => {
  assert.is(
    made(2, (reply) => reply.error('ERR a\r\n+OK\r\n\u010a\u010d')),
    '-ERR a  +OK    \r\n',
  );
});

test('strings of every length come whole, however the buffer grows', () => {
  for (const length of [0, 1, 63, 64, 65, 511, 512, 513, 5000, 100_000]) {
    const bytes = Buffer.alloc(length, 'abc');
    const expected = `$${length}\r\n${bytes.toString('latin1')}\r\n`;
    assert.is(
      made(2, (reply) => reply.bulk(bytes)),
      expected,
    );
    assert.is(
      made(2, (reply) => reply.bulkText(bytes.toString('latin1'))),
      expected,
    );
  }
});

test('a value up to the bound is copied and let go at once, a longer one is held where it stands', () => {
  const reply = new Reply();
  const short = new Held(COPIED_BYTES);
  const long = new Held(COPIED_BYTES + 1);
  reply.value(short);
  assert.is(short.released, 1);
  reply.value(long);
  assert.is(long.released, 0);
  const head = `$${long.length}\r\n`;
  assert.is(textOf(reply).slice(-head.length - 2), `${head}\r\n`);
  assert.equal(
    reply.held.map(({ at }) => at),
    [reply.length - 2],
  );
});

test('what is taken back is gone, the values in it too', () => {
  const reply = new Reply();
  const [before, after] = [new Held(COPIED_BYTES + 1), new Held(COPIED_BYTES + 1)];
  reply.value(before);
  const { mark } = reply;
  reply.array(2);
  reply.value(after);
  reply.truncate(mark);
  assert.is(after.released, 1);
  assert.is(before.released, 0);
  assert.is(reply.held.length, 1);
  assert.is(reply.mark, mark);
});

test('who waits goes on in the same reply, and what was before it is in another', () => {
  const reply = new Reply();
  const [first, second] = [new Held(COPIED_BYTES + 1), new Held(COPIED_BYTES + 2)];
  reply.value(first);
  const { mark } = reply;
  reply.array(2);
  const inside = reply.mark;
  reply.value(second);
  const head = reply.splitHead(mark, undefined);
  assert.is(textOf(head), `$${first.length}\r\n\r\n`);
  assert.equal(head.held, [{ at: head.length - 2, value: first }]);
  assert.is(textOf(reply), `*2\r\n$${second.length}\r\n\r\n`);
  assert.equal(reply.held, [{ at: reply.length - 2, value: second }]);
  // Marks of before hold.
  reply.truncate(inside);
  assert.is(second.released, 1);
  assert.is(textOf(reply), '*2\r\n');
  reply.simple('on');
  reply.truncate(mark);
  assert.is(textOf(reply), '');
});

test('growing is charged, refused where there is no room, and given back', () => {
  let used = 0;
  const room: Room = {
    charge: (bytes) => {
      if (used + bytes > 100_000) return false;
      used += bytes;
      return true;
    },
    release: (bytes) => {
      used -= bytes;
    },
  };
  const reply = new Reply(undefined, room);
  reply.bulk(Buffer.alloc(50_000));
  assert.ok(used >= 50_000);
  assert.throws(() => reply.bulk(Buffer.alloc(90_000)), /no memory left for this reply/);
  reply.discharge();
  assert.is(used, 0);
});

test('whole replies that are appended while it grows, by who makes room for it, stand in front of what it grew for', () => {
  const seen = { usedBytes: 0, times: 0 };
  const reply: Reply = new Reply(undefined, {
    charge: (bytes) => {
      seen.usedBytes += bytes;
      if (++seen.times < 4) reply.raw(Buffer.alloc(5000 * seen.times, `${seen.times}`));
      return true;
    },
    release: (bytes) => {
      seen.usedBytes -= bytes;
    },
  });
  reply.raw(Buffer.alloc(10_000, 'a'));
  const parts = [15_000, 10_000, 5000].map((length, i) => `${3 - i}`.repeat(length));
  assert.ok(textOf(reply) === `${parts.join('')}${'a'.repeat(10_000)}`);
  assert.is(seen.usedBytes, reply.bytes.length);
  reply.discharge();
  assert.is(seen.usedBytes, 0);
});

test.run();
