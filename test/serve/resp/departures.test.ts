// Replies of one turn leave together: in order, before anything else of their connection, and at the end of the turn.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Departures } from '../../../src/serve/resp/departures.ts';
import { Outbox } from '../../../src/serve/resp/outbox.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { countedAccount } from './counted-account.ts';
import { FakeSink } from './fake-sink.ts';
import { command, Served } from './served.ts';

const test = suite('RESP departures');

function setUp() {
  const turnEnds: (() => void)[] = [];
  const seen = { made: 0, usedBytes: 0, failed: 0, defects: [] as unknown[] };
  const newReply = (): Reply => {
    seen.made++;
    return new Reply(Buffer.alloc(32_768));
  };
  const departures = new Departures({
    newReply,
    atEndOfTurn: (run) => turnEnds.push(run),
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
    ...{ seen, departures, connect, turnEnds },
    add: (text: string, outbox: Outbox): void => {
      scratch.simple(text);
      scratch = departures.add(scratch, outbox);
      assert.is(scratch.length, 0);
    },
  };
}

test('what waits leaves at the end of the turn, in order, and its memory is used again', () => {
  const { add, connect, turnEnds, seen } = setUp();
  const [a, b] = [connect(), connect()];
  for (let turn = 0; turn < 100; turn++) {
    add('1', a.outbox);
    add('2', b.outbox);
    add('3', a.outbox);
    assert.equal([a.sink.text, b.sink.text, turnEnds.length], ['', '', 1]);
    turnEnds.pop()!();
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

const GET = Buffer.from(command('GET', 'a'));

function threeClients() {
  const served = new Served(true);
  const [a, b, c] = [served.connect(), served.connect(), served.connect()];
  // What comes first may be another protocol.
  for (const client of [a, b, c]) assert.is(client.say(Buffer.from(command('SET', 'a', '1'))), '+OK\r\n');
  return { served, a, b, c };
}

test('connections that are read from in one turn are answered when it ends', () => {
  const { served, a, b, c } = threeClients();
  for (const client of [a, b, c]) client.sayAmongOthers(GET);
  for (const client of [a, b, c]) assert.is(client.taken(), '');
  served.endTurn();
  for (const client of [a, b, c]) assert.is(client.taken(), '$1\r\n1\r\n');
});

test('a command that is not for the short way has what waits leave before it is run', () => {
  const { a, b } = threeClients();
  a.sayAmongOthers(GET);
  b.sayAmongOthers(Buffer.from(`${command('GET', 'a')}${command('STRLEN', 'a')}`));
  assert.equal([a.taken(), b.taken()], ['$1\r\n1\r\n', '$1\r\n1\r\n:1\r\n']);
});

test('what a client is sent without asking for it comes behind the reply that waits', async () => {
  const { a } = threeClients();
  a.sayAmongOthers(GET);
  a.push('pushed');
  await Promise.resolve();
  assert.is(a.taken(), '$1\r\n1\r\n+pushed\r\n');
});

test('a client that ends in the turn in which it asked is answered, then closed', () => {
  const { a } = threeClients();
  a.sayAmongOthers(GET);
  a.ends();
  assert.equal([a.taken(), a.isOver], ['$1\r\n1\r\n', true]);
});

test.run();
