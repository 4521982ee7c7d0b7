// What several connections were sent in one turn is run when it ends: each in its order, each answered its own, and the same
// as if it had been run when it came.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Arrivals } from '../../../src/serve/resp/arrivals.ts';
import { collectGarbage } from '../../store/collect-garbage.ts';
import { command, Served } from './served.ts';

const test = suite('RESP arrivals');

const GET = Buffer.from(command('GET', 'a'));
const ONE = '$1\r\n1\r\n';

function setUp(isExpress = true) {
  const served = new Served(isExpress);
  const [a, b, c] = [served.connect(), served.connect(), served.connect()];
  // What comes first may be another protocol.
  for (const client of [a, b, c]) assert.is(client.say(Buffer.from(command('SET', 'a', '1'))), '+OK\r\n');
  served.beginWaiting();
  return { served, a, b, c };
}

const words = (...of: string[]): Buffer => Buffer.from(command(...of));

test('connections that are read from in one turn are answered when it ends', () => {
  const { served, a, b, c } = setUp();
  for (const client of [a, b, c]) client.sayAmongOthers(GET);
  for (const client of [a, b, c]) assert.is(client.taken(), '');
  served.endTurn();
  for (const client of [a, b, c]) assert.is(client.taken(), ONE);
});

test('while turns are of few pieces nobody waits', () => {
  const served = new Served(true);
  const client = served.connect();
  client.say(words('SET', 'a', '1'));
  for (let i = 0; i < 100; i++) {
    client.sayAmongOthers(GET);
    assert.is(client.taken(), ONE);
    served.endTurn();
  }
});

test('each is answered its own, and what one was sent in pieces is run in order', () => {
  const { served, a, b } = setUp();
  a.sayAmongOthers(words('SET', 'x', 'of a'));
  b.sayAmongOthers(words('SET', 'y', 'of b'));
  a.sayAmongOthers(words('GET', 'x'));
  b.sayAmongOthers(Buffer.concat([words('GET', 'y'), words('SET', 'y', 'again')]));
  b.sayAmongOthers(words('GET', 'y'));
  served.endTurn();
  assert.is(a.taken(), '+OK\r\n$4\r\nof a\r\n');
  assert.is(b.taken(), '+OK\r\n$4\r\nof b\r\n+OK\r\n$5\r\nagain\r\n');
});

test('so many pieces do not wait for more', () => {
  const { a, b } = setUp();
  for (let i = 0; i < 15; i++) a.sayAmongOthers(GET);
  assert.is(a.taken(), '');
  b.sayAmongOthers(GET);
  assert.equal([a.taken(), b.taken()], [ONE.repeat(15), ONE]);
});

test('what is long does not wait, but for what came before it', () => {
  const { served, a, b } = setUp();
  const long = 'v'.repeat(2000);
  b.sayAmongOthers(GET);
  a.sayAmongOthers(words('SET', 'long', 'short'));
  a.sayAmongOthers(words('SET', 'long', long));
  a.sayAmongOthers(words('GET', 'long'));
  served.endTurn();
  assert.is(a.taken(), `+OK\r\n+OK\r\n$2000\r\n${long}\r\n`);
  assert.is(b.taken(), ONE);
});

test('what is not for the short way is run behind what is, and keeps its place in its connection', () => {
  const { served, a, b } = setUp();
  a.sayAmongOthers(Buffer.concat([words('APPEND', 'log', 'a'), GET, words('APPEND', 'log', 'b'), GET]));
  b.sayAmongOthers(words('SET', 'log', 'x'));
  a.sayAmongOthers(words('GET', 'log'));
  served.endTurn();
  assert.is(a.taken(), `:2\r\n${ONE}:3\r\n${ONE}$3\r\nxab\r\n`);
  assert.is(b.taken(), '+OK\r\n');
});

test('more commands than are looked at together are all run the short way', () => {
  const { served, a, b, c } = setUp();
  const many = Buffer.concat(Array.from({ length: 45 }, () => GET));
  assert.ok(many.length <= 1024);
  const before = served.expressed;
  for (const client of [a, b, c]) client.sayAmongOthers(many);
  served.endTurn();
  for (const client of [a, b, c]) assert.is(client.taken(), ONE.repeat(45));
  assert.is(served.expressed - before, 3 * many.length);
});

test('a command that is not for the short way, and comes when others wait, has them answered before it is run', () => {
  const { a, b } = setUp();
  b.say(words('MULTI'));
  a.sayAmongOthers(GET);
  b.sayAmongOthers(GET);
  assert.equal([a.taken(), b.taken()], [ONE, '+QUEUED\r\n']);
});

test('what came in part waits for the rest, which may come in the same turn', () => {
  const { served, a, b } = setUp();
  for (let at = 1; at < GET.length; at++) {
    a.sayAmongOthers(GET.subarray(0, at));
    b.sayAmongOthers(GET.subarray(0, at));
    a.sayAmongOthers(GET.subarray(at));
    served.endTurn();
    assert.equal([a.taken(), b.taken()], [ONE, ''], `${at} bytes`);
    b.sayAmongOthers(GET.subarray(at));
    served.endTurn();
    assert.is(b.taken(), ONE, `${at} bytes`);
  }
});

test('a pause that begins in the turn holds what waits', async () => {
  const { served, a, b, c } = setUp();
  c.say(words('MULTI'));
  c.say(words('CLIENT', 'PAUSE', '60000', 'ALL'));
  a.sayAmongOthers(GET);
  c.sayAmongOthers(words('EXEC'));
  b.sayAmongOthers(GET);
  served.endTurn();
  // Who waited already when the pause was asked for is answered first.
  assert.equal([a.taken(), b.taken(), c.taken()], [ONE, '', '*1\r\n+OK\r\n']);
  served.lab.clock.advance(60_000);
  await new Promise(setImmediate);
  assert.is(b.taken(), ONE);
});

test('what a client is sent without asking for it comes before what waits to be run', async () => {
  const { served, a } = setUp();
  a.sayAmongOthers(GET);
  a.push('pushed');
  await Promise.resolve();
  served.endTurn();
  assert.is(a.taken(), `+pushed\r\n${ONE}`);
});

test('a client that ends in the turn in which it asked is answered, then closed', () => {
  const { a, b } = setUp();
  a.sayAmongOthers(GET);
  b.sayAmongOthers(GET);
  a.ends();
  assert.equal([a.taken(), a.isOver, b.isOver], [ONE, true, false]);
});

test('what a client sent before it went is run', () => {
  const { served, a, b } = setUp();
  a.sayAmongOthers(Buffer.concat([words('SET', 'set', '1'), words('APPEND', 'appended', '1')]));
  a.close();
  served.endTurn();
  assert.is(b.say(words('EXISTS', 'set', 'appended')), ':2\r\n');
});

test('of a client that was killed nothing more is run', () => {
  const { served, a, b, c } = setUp();
  const [id] = /\d+/.exec(a.say(words('CLIENT', 'ID')))!;
  b.sayAmongOthers(words('CLIENT', 'KILL', 'ID', id!));
  a.sayAmongOthers(words('APPEND', 'killed', '1'));
  served.endTurn();
  assert.equal([a.taken(), b.taken(), a.isOver], ['', ':1\r\n', true]);
  assert.is(c.say(words('EXISTS', 'killed')), ':0\r\n');
});

test('nothing is kept of a connection whose pieces were run', async () => {
  const nothing = (): void => {};
  const express = { prepare: nothing, look: () => true, fetch: nothing, forget: nothing };
  const arrivals = new Arrivals({ express, now: () => 0 });
  const runOne = (stopsAt: number): WeakRef<object> => {
    const connection = { runArrived: () => stopsAt, takeIn: nothing };
    arrivals.add(connection, GET);
    arrivals.run();
    return new WeakRef(connection);
  };
  const gone = [runOne(0), runOne(GET.length)];
  // What a WeakRef was made of in a turn is kept for the rest of it.
  await new Promise(setImmediate);
  collectGarbage();
  assert.equal(
    gone.map((ref) => ref.deref()),
    [undefined, undefined],
  );
});

test('a connection is busy while something it was sent waits', () => {
  const { served, a } = setUp();
  assert.not(a.isBusy);
  a.sayAmongOthers(GET);
  assert.ok(a.isBusy);
  served.endTurn();
  assert.not(a.isBusy);
});

test.run();
