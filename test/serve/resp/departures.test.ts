// Replies of one turn leave together: in order, and before anything else of their connection.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Departures } from '../../../src/serve/resp/departures.ts';
import { Outbox } from '../../../src/serve/resp/outbox.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { collectGarbage } from '../../store/collect-garbage.ts';
import { countedAccount } from './counted-account.ts';
import { FakeSink } from './fake-sink.ts';

const test = suite('RESP departures');

function setUp() {
  const seen = { planned: 0, made: 0, usedBytes: 0, failed: 0, defects: [] as unknown[] };
  const newReply = (): Reply => {
    seen.made++;
    return new Reply(Buffer.alloc(32_768));
  };
  const departures = new Departures({
    newReply,
    planned: () => void seen.planned++,
    defect: (error) => seen.defects.push(error),
  });
  const account = countedAccount(seen, 1 << 20);
  const connect = () => {
    const sink = new FakeSink();
    const nothing = (): void => {};
    const outbox = new Outbox({
      ...{ sink, departures, account, drained: nothing, passed: nothing },
      failed: () => void seen.failed++,
    });
    return { sink, outbox };
  };
  let scratch = newReply();
  return {
    ...{ seen, departures, connect },
    add: (text: string, outbox: Outbox): void => {
      scratch.simple(text);
      scratch = departures.add(scratch, outbox);
      assert.is(scratch.length, 0);
    },
  };
}

test('what waits plans to leave, and leaves in order, and its memory is used again', () => {
  const { add, connect, departures, seen } = setUp();
  const [a, b] = [connect(), connect()];
  for (let turn = 0; turn < 100; turn++) {
    add('1', a.outbox);
    add('2', b.outbox);
    add('3', a.outbox);
    assert.equal([a.sink.text, b.sink.text], ['', '']);
    assert.ok(seen.planned > turn);
    departures.leave();
    assert.equal([a.sink.takeText(), b.sink.takeText()], ['+1\r\n+3\r\n', '+2\r\n']);
  }
  assert.is(seen.made, 4);
});

test('what else leaves by the same outbox leaves behind it', () => {
  const { add, connect } = setUp();
  const [a, b] = [connect(), connect()];
  add('first', a.outbox);
  const other = new Reply();
  other.simple('other');
  b.outbox.send(other);
  assert.equal([a.sink.text, b.sink.takeText()], ['', '+other\r\n']);
  other.simple('second');
  a.outbox.send(other);
  assert.is(a.sink.text, '+first\r\n+second\r\n');
});

test('many replies, or long ones, do not wait', () => {
  const { add, connect } = setUp();
  const { sink, outbox } = connect();
  for (let i = 1; i < 16; i++) add('x', outbox);
  assert.is(sink.text, '');
  add('x', outbox);
  assert.is(sink.takeText(), '+x\r\n'.repeat(16));
  add('x'.repeat(12_000), outbox);
  assert.is(sink.text, '');
  add('x'.repeat(13_000), outbox);
  assert.is(sink.text.length, 25_006);
});

test('the memory of a reply that is not taken at once is the socket’s, and is charged until it was', () => {
  const { add, connect, departures, seen } = setUp();
  const { sink, outbox } = connect();
  sink.isSlow = true;
  add('a', outbox);
  add('b', outbox);
  departures.leave();
  assert.is(sink.text, '+a\r\n');
  assert.ok(seen.usedBytes > 32_768);
  sink.takeAll();
  assert.equal([sink.text, seen.usedBytes], ['+a\r\n+b\r\n', 0]);
});

test('of a connection that is gone nothing is sent; one whose reply is lost ends, and keeps none of the others', () => {
  const { add, connect, departures, seen } = setUp();
  const [gone, failing, other] = [connect(), connect(), connect()];
  failing.sink.write = () => {
    throw new Error('as nobody foresaw');
  };
  for (const { outbox } of [gone, failing, other]) add('x', outbox);
  gone.outbox.close();
  departures.leave();
  assert.equal([gone.sink.text, other.sink.text], ['', '+x\r\n']);
  assert.equal([seen.defects.length, seen.failed], [1, 1]);
});

test('nothing of a connection, or of what it was sent, is kept when that has left', async () => {
  const { departures, connect, add } = setUp();
  const connectAndSend = (): WeakRef<object>[] => {
    const { sink, outbox } = connect();
    sink.isSlow = true;
    const reply = new Reply(Buffer.alloc(1024));
    reply.simple('x');
    departures.add(reply, outbox);
    departures.leave();
    sink.takeAll();
    return [new WeakRef(outbox), new WeakRef(reply)];
  };
  const gone = connectAndSend();
  // What a WeakRef was made of in a turn is kept for the rest of it.
  await new Promise(setImmediate);
  collectGarbage();
  assert.equal(
    gone.map((ref) => ref.deref()),
    [undefined, undefined],
  );
  // It is still of use.
  const { sink, outbox } = connect();
  add('1', outbox);
  departures.leave();
  assert.is(sink.text, '+1\r\n');
});

test('what is added or sent while they leave keeps its place', () => {
  const { add, connect, departures } = setUp();
  const [a, b] = [connect(), connect()];
  const write = a.sink.write.bind(a.sink);
  a.sink.write = (bytes, sent) => {
    a.sink.write = write;
    add('behind', b.outbox);
    departures.leave();
    return write(bytes, sent);
  };
  add('1', a.outbox);
  add('2', b.outbox);
  departures.leave();
  assert.equal([a.sink.text, b.sink.text], ['+1\r\n', '+2\r\n+behind\r\n']);
});

test.run();
