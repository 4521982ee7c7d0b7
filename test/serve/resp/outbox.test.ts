// What leaves on a connection: in order, charged until it was taken, long values piece by piece.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Outbox } from '../../../src/serve/resp/outbox.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import type { Value } from '../../../src/store/value.ts';
import { countedAccount } from './counted-account.ts';
import { FakeSink } from './fake-sink.ts';

const test = suite('RESP outbox');

class LongValue implements Value {
  readonly length: number;
  readonly #letter: string;
  isReleased = false;

  constructor(letter: string, length: number) {
    this.#letter = letter;
    this.length = length;
  }

  copy(_position: number, target: Uint8Array, at: number, length: number): void {
    assert.not(this.isReleased);
    target.fill(this.#letter.charCodeAt(0), at, at + length);
  }

  retain(): Value {
    return this;
  }

  release(): void {
    assert.not(this.isReleased);
    this.isReleased = true;
  }
}

function setUp(roomBytes = 1 << 20) {
  const sink = new FakeSink();
  const seen = { usedBytes: 0, drained: 0, failed: 0, passedBytes: 0 };
  const account = countedAccount(seen, roomBytes);
  const outbox = new Outbox({
    ...{ sink, account, departures: { leave: () => {} } },
    drained: () => void seen.drained++,
    failed: () => void seen.failed++,
    passed: (bytes) => {
      seen.passedBytes += bytes;
    },
  });
  return { sink, outbox, seen, account };
}

function replyOf(text: string, ...values: Value[]): Reply {
  const reply = new Reply();
  reply.simple(text);
  for (const value of values) {
    reply.value(value);
    reply.simple('behind');
  }
  return reply;
}

test('what is taken at once costs one write and no memory, and leaves the buffer to who made it', () => {
  const { sink, outbox, seen } = setUp();
  const reply = replyOf('a');
  assert.ok(outbox.send(reply));
  assert.is(reply.length, 0);
  assert.is(sink.text, '+a\r\n');
  assert.equal([sink.writes, outbox.bytes, outbox.isEmpty, outbox.sentBytes], [1, 0, true, 4]);
  assert.equal(seen, { usedBytes: 0, drained: 0, failed: 0, passedBytes: 0 });
});

test('nothing is sent of an empty reply', () => {
  const { sink, outbox } = setUp();
  assert.ok(outbox.send(new Reply()));
  assert.is(sink.writes, 0);
});

test('what is not taken keeps its buffer, is charged until it is, and then says so once', async () => {
  const { sink, outbox, seen } = setUp();
  sink.isSlow = true;
  const reply = replyOf('a');
  const { length } = reply.bytes;
  assert.not(outbox.send(reply));
  assert.equal([seen.usedBytes, outbox.bytes, outbox.isEmpty], [length, length, false]);
  sink.take();
  assert.equal([seen.usedBytes, outbox.bytes, outbox.isEmpty], [0, 0, true]);
  assert.equal([seen.drained, seen.passedBytes], [1, length]);
});

for (const waits of [false, true])
  test(`a long reply is charged once${waits ? ', also behind one that waits' : ''}`, () => {
    const { sink, outbox, seen, account } = setUp(1 << 20);
    sink.isSlow = true;
    if (waits) outbox.send(replyOf('a'));
    const before = seen.usedBytes;
    const reply = new Reply(undefined, account);
    reply.bulkText('x'.repeat(600_000));
    const { length } = reply.bytes;
    // The buffer goes along, or there would be two of it.
    assert.not(outbox.send(reply));
    assert.is(seen.usedBytes, before + length);
    assert.is(seen.failed, 0);
    reply.discharge();
    assert.is(seen.usedBytes, before + length);
    sink.takeAll();
    assert.ok(sink.text.endsWith(`$600000\r\n${'x'.repeat(600_000)}\r\n`));
    assert.is(seen.usedBytes, 0);
  });

test('a long reply of which little is left does not keep its buffer behind one that waits', () => {
  const { sink, outbox, seen, account } = setUp(1 << 20);
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  const before = seen.usedBytes;
  const reply = new Reply(undefined, account);
  reply.bulkText('x'.repeat(600_000));
  reply.truncate(0);
  reply.error('OOM there is no memory');
  assert.ok(outbox.send(reply));
  assert.ok(seen.usedBytes < before + 100, `${seen.usedBytes}`);
  sink.takeAll();
  assert.is(seen.usedBytes, 0);
});

for (const isSlow of [true, false])
  test(`what is sent while a reply is charged, as something had to go for it, leaves behind it (${isSlow ? 'slow' : 'quick'})`, () => {
    const { sink, outbox, account, seen } = setUp();
    sink.isSlow = isSlow;
    outbox.send(replyOf('a'));
    const charge = account.charge.bind(account);
    account.charge = (bytes) => {
      account.charge = charge;
      outbox.send(replyOf('told of it'));
      return charge(bytes);
    };
    outbox.send(replyOf('b', new LongValue('x', 100_000)));
    sink.takeAll();
    const value = `$100000\r\n${'x'.repeat(100_000)}\r\n`;
    assert.ok(sink.text === `+a\r\n+b\r\n${value}+behind\r\n+told of it\r\n`);
    assert.equal([outbox.bytes, seen.usedBytes], [0, 0]);
  });

test('replies leave in order, and those behind one that waits are copied: their buffer is free', () => {
  const { sink, outbox, seen } = setUp();
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  const second = replyOf('b');
  assert.ok(outbox.send(second));
  second.simple('c');
  outbox.send(second);
  assert.is(sink.text, '+a\r\n');
  assert.ok(outbox.bytes > 0);
  sink.takeAll();
  assert.is(sink.text, '+a\r\n+b\r\n+c\r\n');
  assert.equal([outbox.bytes, seen.usedBytes, seen.drained], [0, 0, 1]);
});

test('a write that was taken before does not say that the one behind it was', () => {
  const { sink, outbox, seen } = setUp();
  outbox.send(replyOf('a'));
  sink.isSlow = true;
  outbox.send(replyOf('b'));
  // The socket tells of the first only now.
  return Promise.resolve().then(() => {
    assert.not(outbox.isEmpty);
    assert.is(seen.drained, 0);
    sink.takeAll();
    assert.is(seen.drained, 1);
  });
});

test('a long value leaves in its place, piece by piece, and is let go of with its last one', () => {
  const { sink, outbox, seen } = setUp();
  sink.isSlow = true;
  const [one, two] = [new LongValue('x', 150_000), new LongValue('y', 70_000)];
  outbox.send(replyOf('a', one, two));
  assert.ok(outbox.bytes < 70_000, `${outbox.bytes} bytes`);
  // Its head, and the first of its three pieces.
  for (let i = 0; i < 2; i++) sink.take();
  assert.not(one.isReleased);
  sink.takeAll();
  assert.ok(one.isReleased && two.isReleased);
  const parts = [one, two].map(({ length }, i) => `$${length}\r\n${'xy'[i]!.repeat(length)}\r\n+behind\r\n`);
  assert.ok(sink.text === `+a\r\n${parts.join('')}`);
  assert.is(outbox.sentBytes, sink.text.length);
  assert.equal([outbox.bytes, seen.usedBytes, seen.drained], [0, 0, 1]);
});

test('where there is no memory to send with it fails, and lets go of what was held', () => {
  const { sink, outbox, seen } = setUp(600);
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  assert.is(seen.failed, 0);
  const value = new LongValue('x', 100_000);
  outbox.send(replyOf('b', value));
  assert.is(seen.failed, 1);
  assert.ok(value.isReleased);
  assert.is(setUpFull().failed, 1);
});

/** Where there is none at all, and the socket takes nothing. */
function setUpFull(): { failed: number } {
  const { sink, outbox, seen } = setUp(0);
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  return seen;
}

test('once closed it lets go of all, sends nothing, and says nothing more', () => {
  const { sink, outbox, seen } = setUp();
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  const waiting = new LongValue('x', 100_000);
  outbox.send(replyOf('b', waiting));
  outbox.close();
  outbox.close();
  assert.ok(waiting.isReleased);
  const late = new LongValue('y', 100_000);
  assert.ok(outbox.send(replyOf('c', late)));
  assert.ok(late.isReleased);
  sink.takeAll();
  assert.is(sink.text, '+a\r\n');
  assert.equal([outbox.bytes, seen.drained], [0, 0]);
});

test('a write that failed is no write that was taken', () => {
  const { sink, outbox, seen } = setUp();
  sink.isSlow = true;
  outbox.send(replyOf('a'));
  sink.take(new Error('gone'));
  assert.not(outbox.isEmpty);
  assert.is(seen.drained, 0);
});

test.run();
