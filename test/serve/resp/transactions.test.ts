// MULTI, EXEC, DISCARD, WATCH.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLab } from './command-lab.ts';

const transactions = suite('transactions');

transactions('EXEC runs what was queued and answers each of it', () => {
  const lab = new CommandLab();
  assert.is(lab.say('MULTI'), 'OK');
  assert.is(lab.say('SET', 'a', 'x'), 'QUEUED');
  assert.is(lab.say('INCR', 'a'), 'QUEUED');
  assert.is(lab.say('APPEND', 'a', 'y'), 'QUEUED');
  assert.is(lab.say('GET', 'a'), 'QUEUED');
  assert.equal(lab.say('EXEC'), ['OK', '-ERR value is not an integer or out of range', 2, 'xy']);
  assert.is(lab.say('EXEC'), '-ERR EXEC without MULTI');
  lab.say('MULTI');
  assert.equal(lab.say('EXEC'), []);
  lab.end();
});

transactions('what cannot be queued makes EXEC refuse', () => {
  const lab = new CommandLab();
  lab.say('MULTI');
  lab.say('SET', 'a', '1');
  assert.match(String(lab.say('NOSUCH', 'a')), /^-ERR unknown command/);
  assert.is(lab.say('EXEC'), '-EXECABORT Transaction discarded because of previous errors.');
  assert.is(lab.say('GET', 'a'), null);
  lab.say('MULTI');
  lab.say('GET');
  assert.is(lab.say('EXEC'), '-EXECABORT Transaction discarded because of previous errors.');
  lab.end();
});

transactions('MULTI and WATCH are refused in MULTI, and do no harm there', () => {
  const lab = new CommandLab();
  lab.say('MULTI');
  assert.is(lab.say('MULTI'), '-ERR MULTI calls can not be nested');
  assert.is(lab.say('WATCH', 'a'), '-ERR WATCH inside MULTI is not allowed');
  lab.say('SET', 'a', '1');
  assert.equal(lab.say('EXEC'), ['OK']);
  lab.end();
});

transactions('DISCARD forgets what was queued and what was watched', () => {
  const lab = new CommandLab();
  assert.is(lab.say('DISCARD'), '-ERR DISCARD without MULTI');
  lab.say('WATCH', 'a');
  lab.say('MULTI');
  lab.say('SET', 'a', '1');
  assert.is(lab.say('DISCARD'), 'OK');
  assert.is(lab.say('GET', 'a'), null);
  lab.sayAs(lab.newClient(), 'SET', 'a', '2');
  lab.say('MULTI');
  assert.equal(lab.say('EXEC'), []);
  lab.end();
});

transactions('whatever else ends a watch, nobody heeds it any more', () => {
  const lab = new CommandLab();
  lab.say('WATCH', 'a', 'b');
  assert.is(lab.watches.size, 2);
  lab.client.reset();
  assert.is(lab.watches.size, 0, 'RESET');
  lab.say('WATCH', 'a');
  assert.match(String(lab.say('EXEC', 'now')), /^-EXECABORT/);
  assert.is(lab.watches.size, 0, 'an EXEC that was refused');
  lab.say('WATCH', 'a');
  lab.client.ended();
  assert.is(lab.watches.size, 0, 'the end of the connection');
  lab.end();
});

/** What EXEC answers after `between` happened to a watched key. */
function watched(between: (lab: CommandLab) => void, before: (lab: CommandLab) => void = () => {}) {
  const lab = new CommandLab();
  before(lab);
  assert.is(lab.say('WATCH', 'other', 'k'), 'OK');
  between(lab);
  lab.say('MULTI');
  lab.say('GET', 'any');
  const said = lab.say('EXEC');
  lab.end();
  return said;
}

const exists = (lab: CommandLab): void => void lab.say('SET', 'k', 'v');
const expires = (lab: CommandLab): void => void lab.say('SET', 'k', 'v', 'PX', '10');
const ran = [null];

transactions('EXEC does nothing once a watched key changed', () => {
  for (const words of [
    ['SET', 'k', 'v'],
    ['APPEND', 'k', 'x'],
    ['DEL', 'k'],
    ['EXPIRE', 'k', '100'],
    ['RENAME', 'k', 'x'],
    ['SIDECACHE.INVALIDATE', 'default'],
  ]) {
    const change = (lab: CommandLab): void => {
      const [name, ...rest] = words;
      if (name === 'SIDECACHE.INVALIDATE') lab.cache('default').invalidateAll();
      else lab.sayAs(lab.newClient(), name!, ...rest);
    };
    assert.is(watched(change, exists), null, words.join(' '));
  }
  assert.is(watched(exists), null, 'created');
  const comesAndGoes = (lab: CommandLab): void => {
    lab.say('SET', 'k', 'v');
    lab.say('GETDEL', 'k');
  };
  assert.is(watched(comesAndGoes), null, 'created and deleted');
  assert.is(
    watched((lab) => lab.clock.advance(10), expires),
    null,
    'expired',
  );
  assert.is(
    watched((lab) => lab.say('PERSIST', 'k'), expires),
    null,
    'given no end',
  );
});

transactions('EXEC runs where a watched key is as it was', () => {
  assert.equal(
    watched(() => {}),
    ran,
  );
  assert.equal(
    watched(() => {}, exists),
    ran,
  );
  assert.equal(
    watched((lab) => lab.say('GET', 'k'), exists),
    ran,
  );
  assert.equal(
    watched((lab) => lab.say('DEL', 'k')),
    ran,
  );
  assert.equal(
    watched((lab) => lab.say('SET', 'x', '1'), exists),
    ran,
  );
  assert.equal(
    watched((lab) => lab.clock.advance(9), expires),
    ran,
  );
});

transactions('UNWATCH and EXEC end the watch', () => {
  const lab = new CommandLab();
  lab.say('WATCH', 'k');
  lab.say('SET', 'k', '1');
  assert.is(lab.say('UNWATCH'), 'OK');
  lab.say('MULTI');
  assert.equal(lab.say('EXEC'), []);
  lab.say('WATCH', 'k');
  lab.say('SET', 'k', '2');
  lab.say('MULTI');
  assert.is(lab.say('EXEC'), null);
  lab.say('MULTI');
  assert.equal(lab.say('EXEC'), []);
  lab.end();
});

transactions('a client that goes watches nothing any more', () => {
  const lab = new CommandLab();
  const client = lab.newClient();
  lab.sayAs(client, 'WATCH', 'a', 'b', 'a');
  assert.is(lab.watches.size, 2);
  client.ended();
  assert.is(lab.watches.size, 0);
  const other = lab.newClient();
  lab.sayAs(other, 'WATCH', 'a');
  other.reset();
  lab.sayAs(other, 'WATCH', 'b');
  assert.is(lab.watches.size, 1);
  lab.say('SET', 'a', 'v');
  lab.sayAs(other, 'MULTI');
  assert.equal(lab.sayAs(other, 'EXEC'), []);
  lab.end();
});

transactions('what is watched is bounded', () => {
  const lab = new CommandLab();
  const keys = Array.from({ length: 10_000 }, (_, i) => `k${i}`);
  assert.is(lab.say('WATCH', ...keys), 'OK');
  assert.match(String(lab.say('WATCH', 'one')), /^-ERR a client watches at most/);
  lab.say('UNWATCH');
  assert.match(
    String(lab.say('WATCH', ...keys.slice(0, 20).map((key) => key.padEnd(60_000)))),
    /^-ERR a client/,
  );
  lab.end();
});

transactions('a read in EXEC waits for its load, and what comes after it for the read', async () => {
  const lab = new CommandLab();
  lab.say('MULTI');
  lab.say('SET', 'a', '1');
  lab.say('GET', 'users:1');
  lab.say('INCR', 'a');
  lab.say('GETEX', 'users:2');
  const said = lab.saying('EXEC');
  assert.is(lab.sayAs(lab.newClient(), 'GET', 'a'), '1');
  lab.loader.last.answer('loaded');
  await new Promise(setImmediate);
  assert.is(lab.sayAs(lab.newClient(), 'GET', 'a'), '2');
  lab.loader.last.fail();
  const [first, second, third, fourth] = (await said) as string[];
  assert.equal([first, second, third], ['OK', 'loaded', 2]);
  assert.match(fourth!, /^-LOADFAIL /);
  lab.end();
});

transactions('what is queued is charged as it is kept: of very many short arguments, too', () => {
  const lab = new CommandLab();
  const keys = Array.from({ length: 20_000 }, () => '');
  lab.say('MULTI');
  assert.is(lab.say('DEL', ...keys), 'QUEUED');
  assert.ok(lab.roomUsed >= 20_000 * 8, `${lab.roomUsed} bytes`);
  lab.say('DISCARD');
  lab.end();
});

transactions('what EXEC runs is charged until it has run, also where it waits', async () => {
  const lab = new CommandLab();
  lab.say('MULTI');
  lab.say('GET', 'users:1');
  lab.say('SET', 'k', 'v'.repeat(100_000));
  const said = lab.saying('EXEC');
  assert.ok(lab.roomUsed > 100_000, `${lab.roomUsed} bytes`);
  lab.loader.last.answer('v');
  assert.equal(await said, ['v', 'OK']);
  lab.end();
});

transactions('watched keys are charged, refused where there is no room, and given back', () => {
  const lab = new CommandLab({ roomBytes: 100_000 });
  const keys = Array.from({ length: 1000 }, (_, i) => `k${i}`);
  lab.say('SET', 'k1', 'v');
  assert.is(lab.say('WATCH', 'k1', 'first'), 'OK');
  assert.ok(lab.roomUsed > 1000, `${lab.roomUsed} bytes`);
  assert.match(String(lab.say('WATCH', ...keys)), /^-OOM /);
  lab.say('SET', 'first', 'v');
  lab.say('MULTI');
  assert.is(lab.say('EXEC'), null);
  assert.is(lab.roomUsed, 0);
  lab.say('WATCH', 'k1', 'k2');
  lab.say('UNWATCH');
  assert.is(lab.roomUsed, 0);
  const client = lab.newClient();
  lab.sayAs(client, 'WATCH', 'k1', 'k2');
  client.ended();
  lab.end();
});

transactions.run();
