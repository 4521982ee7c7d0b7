// The commands on strings.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settled } from '../../cache/fake-clock.ts';
import { CommandLab } from './command-lab.ts';

const strings = suite('strings');

strings('SETNX stores only what is not there', () => {
  const lab = new CommandLab();
  assert.is(lab.say('SETNX', 'k', 'one'), 1);
  assert.is(lab.say('SETNX', 'k', 'two'), 0);
  assert.is(lab.say('GET', 'k'), 'one');
  lab.end();
});

strings('SETEX and PSETEX store until then', () => {
  const lab = new CommandLab();
  assert.is(lab.say('SETEX', 'k', '10', 'v'), 'OK');
  assert.is(lab.say('PTTL', 'k'), 10_000);
  assert.is(lab.say('PSETEX', 'k', '1500', 'v'), 'OK');
  lab.clock.advance(1499);
  assert.is(lab.say('GET', 'k'), 'v');
  lab.clock.advance(1);
  assert.is(lab.say('GET', 'k'), null);
  for (const [name, time] of [
    ['setex', '0'],
    ['setex', '-1'],
    ['setex', '9223372036854775807'],
    ['psetex', '9223372036854775807'],
  ]) {
    assert.is(lab.say(name!, 'k', time!, 'v'), `-ERR invalid expire time in '${name}' command`);
  }
  assert.is(lab.say('SETEX', 'k', 'x', 'v'), '-ERR value is not an integer or out of range');
  lab.end();
});

strings('what is stored after a miss is not kept where the key changed in between', () => {
  const lab = new CommandLab();
  const other = lab.newClient();
  for (const words of [
    ['SETEX', 'k', '10', 'old'],
    ['PSETEX', 'k', '10', 'old'],
    ['MSET', 'k', 'old'],
  ]) {
    assert.is(lab.say('GET', 'k'), null);
    lab.sayAs(other, 'SET', 'k', 'new');
    lab.sayAs(other, 'DEL', 'k');
    const [name, ...rest] = words;
    assert.is(lab.say(name!, ...rest), 'OK');
    assert.is(lab.say('GET', 'k'), null, name);
  }
  assert.is(lab.say('SETEX', 'k', '10', 'kept'), 'OK');
  assert.is(lab.say('GET', 'k'), 'kept');
  lab.end();
});

strings('what a client sets after it missed the key and forgot it, or all, itself is kept', () => {
  for (const words of [
    ['DEL', 'k'],
    ['FLUSHDB'],
    ['FLUSHALL', 'ASYNC'],
    ['SIDECACHE.INVALIDATE', 'default', 'KEY', 'k'],
    ['SIDECACHE.INVALIDATE', 'default', 'PREFIX', 'k'],
    ['SIDECACHE.REFRESH', 'all'],
  ]) {
    const lab = new CommandLab();
    assert.is(lab.say('GET', 'k'), null);
    lab.asking(...words);
    assert.is(lab.say('SET', 'k', 'v'), 'OK');
    assert.is(lab.say('GET', 'k'), 'v', words.join(' '));
  }
});

strings('a prefix that a client forgets keeps no SET of another key that is late', () => {
  const lab = new CommandLab();
  assert.is(lab.say('GET', 'k'), null);
  lab.sayAs(lab.newClient(), 'FLUSHDB');
  lab.asking('SIDECACHE.INVALIDATE', 'default', 'PREFIX', 'other');
  lab.say('SET', 'k', 'old');
  assert.is(lab.say('GET', 'k'), null);
});

strings('GETSET and GETDEL answer what was there', () => {
  const lab = new CommandLab();
  assert.is(lab.say('GETSET', 'k', 'one'), null);
  lab.say('EXPIRE', 'k', '10');
  assert.is(lab.say('GETSET', 'k', 'two'), 'one');
  assert.is(lab.say('TTL', 'k'), -1);
  assert.is(lab.say('GETDEL', 'k'), 'two');
  assert.is(lab.say('GETDEL', 'k'), null);
  lab.end();
});

strings('MSET stores all, MSETNX all or none', () => {
  const lab = new CommandLab();
  assert.is(lab.say('MSET', 'a', '1', 'short:b', '2'), 'OK');
  assert.equal(lab.say('MGET', 'a', 'short:b', 'c'), ['1', '2', null]);
  assert.is(lab.say('MSETNX', 'c', '3', 'a', '4'), 0);
  assert.is(lab.say('GET', 'c'), null);
  assert.is(lab.say('MSETNX', 'c', '3', 'd', '4'), 1);
  assert.is(lab.say('MSET', 'a', '1', 'b'), "-ERR wrong number of arguments for 'mset' command");
  assert.is(lab.say('MSETNX', 'a', '1', 'b'), "-ERR wrong number of arguments for 'msetnx' command");
  lab.end();
});

strings('an MSET of very many gives others their turn', async () => {
  const lab = new CommandLab();
  const pairs = Array.from({ length: 2500 }, (_, i) => [`k${i}`, 'v']).flat();
  let seen: unknown;
  lab.onTurn = () => {
    seen = lab.say('EXISTS', 'k0', 'k999', 'k1000', 'k2499');
  };
  assert.is(await lab.saying('MSET', ...pairs), 'OK');
  assert.is(seen, 2);
  assert.is(lab.turns, 2);
  assert.is(lab.say('EXISTS', 'k0', 'k1000', 'k2499'), 3);
  const small = new CommandLab({ roomBytes: 1000 });
  assert.match(String(small.say('MSET', ...pairs)), /^-OOM /);
  assert.equal(small.say('KEYS', '*'), []);
  lab.end();
  small.end();
});

strings('APPEND and SETRANGE change the value and keep what the entry has beside it', () => {
  const lab = new CommandLab();
  assert.is(lab.say('APPEND', 'k', 'abc'), 3);
  assert.is(lab.say('SIDECACHE.FILL', 'k', 'abc', 'TYPE', 'text/plain', 'EX', '100', 'TAG', 'x', 'y'), 'OK');
  assert.is(lab.say('APPEND', 'k', 'def'), 6);
  assert.is(lab.say('SETRANGE', 'k', '8', 'X'), 9);
  assert.is(lab.say('GET', 'k'), 'abcdef\0\0X');
  assert.is(lab.say('TTL', 'k'), 100);
  const cache = lab.cache('default');
  const slot = cache.shelf.peek(Buffer.from('k'));
  assert.is(lab.store.contentType(slot), 'text/plain');
  assert.equal(lab.store.tags(slot).sort(), ['x', 'y']);
  lab.end();
});

strings('a value does not grow beyond what may be stored', () => {
  const lab = new CommandLab();
  const most = lab.store.room.maxValueBytes;
  const tooLong = `-ERR the value is larger than max_value allows (${most} bytes)`;
  assert.is(lab.say('SETRANGE', 'k', String(most - 1), 'x'), most);
  assert.is(lab.say('STRLEN', 'k'), most);
  assert.is(lab.say('APPEND', 'k', 'x'), tooLong);
  assert.is(lab.say('SETRANGE', 'k', String(most), 'x'), tooLong);
  assert.is(
    lab.say('SETRANGE', 'k', '9223372036854775807', 'x'),
    '-ERR string exceeds maximum allowed size (proto-max-bulk-len)',
  );
  assert.is(lab.say('STRLEN', 'k'), most);
  lab.end();
});

strings('SETRANGE of nothing creates nothing', () => {
  const lab = new CommandLab();
  assert.is(lab.say('SETRANGE', 'k', '5', ''), 0);
  assert.is(lab.say('EXISTS', 'k'), 0);
  lab.say('SET', 'k', 'abc');
  assert.is(lab.say('SETRANGE', 'k', '5', ''), 3);
  assert.is(lab.say('SETRANGE', 'k', '-1', 'x'), '-ERR offset is out of range');
  lab.end();
});

strings('GETRANGE counts from either end', () => {
  const lab = new CommandLab();
  lab.say('SET', 'k', 'Hello World');
  const ranges: [string, string, string][] = [
    ['0', '4', 'Hello'],
    ['0', '-1', 'Hello World'],
    ['-5', '-1', 'World'],
    ['-100', '0', 'H'],
    ['5', '100', ' World'],
    ['11', '20', ''],
    ['3', '2', ''],
    ['-1', '-5', ''],
    ['-100', '-50', 'H'],
    ['-9223372036854775808', '9223372036854775807', 'Hello World'],
  ];
  for (const [from, to, part] of ranges) {
    assert.is(lab.say('GETRANGE', 'k', from, to), part, `${from} ${to}`);
    assert.is(lab.say('SUBSTR', 'k', from, to), part, `${from} ${to}`);
  }
  assert.is(lab.say('GETRANGE', 'none', '0', '-1'), '');
  assert.is(lab.say('GETRANGE', 'k', 'a', '1'), '-ERR value is not an integer or out of range');
  lab.end();
});

strings('a long part of a value is held, not copied, and stays what it was', () => {
  const lab = new CommandLab();
  const long = Array.from({ length: 40_000 }, (_, i) => String(i)).join(' ');
  lab.say('SET', 'k', long);
  for (const [from, to] of [
    [0, -1],
    [1, 70_000],
    [5, 65_540],
    [100_000, -7],
  ] as const) {
    assert.is(
      lab.say('GETRANGE', 'k', String(from), String(to)),
      long.slice(from, to < 0 ? long.length + to + 1 : to + 1),
    );
  }
  lab.say('MULTI');
  lab.say('GETRANGE', 'k', '1', '70000');
  lab.say('SET', 'k', 'x'.repeat(100_000));
  assert.equal(lab.say('EXEC'), [long.slice(1, 70_001), 'OK']);
  lab.end();
});

strings('a long value that is changed is what it was but for the change', () => {
  const lab = new CommandLab();
  let long = Array.from({ length: 40_000 }, (_, i) => String(i)).join(' ');
  lab.say('SET', 'k', long);
  lab.say('APPEND', 'k', 'tail');
  lab.say('SETRANGE', 'k', '100000', 'middle');
  long = `${long.slice(0, 100_000)}middle${long.slice(100_006)}tail`;
  assert.is(lab.say('GET', 'k'), long);
  lab.say('SETRANGE', 'k', String(long.length + 2), 'end');
  lab.say('COPY', 'k', 'short:copy');
  lab.say('RENAME', 'k', 'renamed');
  assert.is(lab.say('GET', 'renamed'), `${long}\0\0end`);
  assert.is(lab.say('GET', 'short:copy'), `${long}\0\0end`);
  lab.end();
});

strings('looking at a value is a read of it, unless the client leaves no trace', () => {
  const lab = new CommandLab();
  lab.say('MSET', 'idle:a', 'v', 'idle:b', 'v', 'idle:c', 'v', 'idle:d', 'v');
  lab.clock.advance(40_000);
  lab.say('STRLEN', 'idle:a');
  lab.say('GETRANGE', 'idle:b', '0', '-1');
  lab.say('LCS', 'idle:c', 'none');
  lab.client.noTouch = true;
  lab.say('STRLEN', 'idle:d');
  lab.clock.advance(40_000);
  assert.equal((lab.say('KEYS', '*') as string[]).sort(), ['idle:a', 'idle:b', 'idle:c']);
  lab.end();
});

strings('counting keeps to 64 bits, and to what is stored', () => {
  const lab = new CommandLab();
  assert.is(lab.say('INCR', 'n'), 1);
  assert.is(lab.say('INCRBY', 'n', '41'), 42);
  assert.is(lab.say('DECR', 'n'), 41);
  assert.is(lab.say('DECRBY', 'n', '-1'), 42);
  lab.say('SET', 'n', '9223372036854775807', 'EX', '100');
  assert.is(lab.say('INCR', 'n'), '-ERR increment or decrement would overflow');
  assert.is(lab.wire('DECR', 'n'), ':9223372036854775806');
  assert.is(lab.say('TTL', 'n'), 100);
  assert.is(lab.say('DECRBY', 'n', '-9223372036854775808'), '-ERR decrement would overflow');
  for (const text of ['', ' 1', '1.0', 'abc', '1'.repeat(30)]) {
    lab.say('SET', 'n', text);
    assert.is(lab.say('INCR', 'n'), '-ERR value is not an integer or out of range', `'${text}'`);
  }
  lab.end();
});

strings('INCRBYFLOAT counts as Redis does', () => {
  const lab = new CommandLab();
  assert.is(lab.say('INCRBYFLOAT', 'n', '10.50'), '10.5');
  assert.is(lab.say('INCRBYFLOAT', 'n', '0.1'), '10.6');
  assert.is(lab.say('INCRBYFLOAT', 'n', '-5'), '5.6');
  assert.is(lab.say('INCRBYFLOAT', 'n', 'inf'), '-ERR increment would produce NaN or Infinity');
  assert.is(lab.say('INCRBYFLOAT', 'n', 'x'), '-ERR value is not a valid float');
  lab.say('SET', 'n', 'x');
  assert.is(lab.say('INCRBYFLOAT', 'n', '1'), '-ERR value is not a valid float');
  lab.end();
});

strings('GETEX reads through the loader and gives what came an end', async () => {
  const lab = new CommandLab();
  const said = lab.saying('GETEX', 'users:1', 'EX', '10');
  lab.loader.last.answer('loaded');
  assert.is(await said, 'loaded');
  assert.is(lab.say('TTL', 'users:1'), 10);
  assert.is(lab.say('GETEX', 'users:1'), 'loaded');
  assert.is(lab.say('TTL', 'users:1'), 10);
  assert.is(lab.say('GETEX', 'users:1', 'PERSIST'), 'loaded');
  assert.is(lab.say('TTL', 'users:1'), -1);
  assert.is(lab.say('GETEX', 'users:1', 'PXAT', '1'), 'loaded');
  assert.is(lab.say('EXISTS', 'users:1'), 0);
  lab.clock.advance(5);
  assert.equal(lab.told, ['delete users 1']);
  lab.end();
});

strings('GETEX says why nothing came', async () => {
  const lab = new CommandLab();
  const failing = lab.saying('GETEX', 'users:1', 'EX', '10');
  lab.loader.last.fail();
  assert.match(String(await failing), /^-LOADFAIL /);
  assert.match(String(lab.say('GETEX', 'users:1', 'EX', '10')), /^-LOADFAIL /);
  const invalid = lab.saying('GETEX', 'users:2', 'EX', '0');
  lab.loader.last.answer('loaded');
  assert.is(await invalid, "-ERR invalid expire time in 'getex' command");
  assert.is(lab.say('GETEX', 'users:2', 'EX', '0'), "-ERR invalid expire time in 'getex' command");
  assert.is(lab.say('GETEX', 'none', 'EX', '0'), null);
  assert.is(lab.say('GETEX', 'none', 'EX'), '-ERR syntax error');
  assert.is(lab.say('GETEX', 'none', 'EX', '1', 'PERSIST'), '-ERR syntax error');
  assert.is(lab.say('GETEX', 'none', 'EX', '1', 'PX', '1'), '-ERR syntax error');
  await settled();
  lab.end();
});

strings('who waits is given the old value after loader.soft_timeout', async () => {
  const lab = new CommandLab({ softTimeoutMs: 300 });
  const first = lab.saying('GET', 'users:1');
  lab.loader.last.answer('old', {
    terms: { freshMs: 1000, staleWhileRevalidateMs: 0, staleIfErrorMs: 60_000 },
  });
  assert.is(await first, 'old');
  lab.clock.advance(2000);
  const said = Promise.all([lab.saying('GET', 'users:1'), lab.saying('MGET', 'users:1'), null]);
  lab.clock.advance(300);
  assert.equal(await Promise.race([said, settled()]), ['old', ['old'], null]);
  lab.loader.last.answer('new');
  await settled();
  assert.is(lab.say('GET', 'users:1'), 'new');
  lab.end();
});

strings('what is held for an MGET that waits is let go of, though its client is gone', async () => {
  const lab = new CommandLab();
  lab.say('SET', 'long', 'l'.repeat(100_000));
  const said = lab.saying('MGET', 'users:1', 'long', 'long');
  lab.client.ended();
  lab.say('DEL', 'long');
  const before = lab.store.budget.usedBytes;
  assert.ok(before > 100_000);
  lab.loader.last.answer('v');
  await Promise.race([said, settled()]);
  assert.ok(lab.store.budget.usedBytes < 100_000, `${lab.store.budget.usedBytes} bytes are held`);
  lab.end();
});

strings('only GET, MGET and GETEX ask the loader', () => {
  const lab = new CommandLab();
  assert.is(lab.say('STRLEN', 'users:1'), 0);
  assert.is(lab.say('GETRANGE', 'users:1', '0', '-1'), '');
  assert.is(lab.say('GETSET', 'users:1', 'a'), null);
  assert.is(lab.say('GETDEL', 'users:1'), 'a');
  assert.is(lab.say('APPEND', 'users:2', 'a'), 1);
  assert.is(lab.say('INCR', 'users:3'), 1);
  assert.is(lab.say('TTL', 'users:4'), -2);
  assert.is(lab.say('LCS', 'users:4', 'users:5'), '');
  assert.is(lab.loader.open.length, 0);
  lab.end();
});

strings('what is written where writes are changes, the others hear of', () => {
  const lab = new CommandLab();
  lab.say('SETNX', 'users:a', '1');
  lab.say('INCR', 'users:a');
  lab.say('MSET', 'users:b', '1', 'c', '1');
  lab.say('RENAME', 'users:b', 'users:d');
  lab.clock.advance(5);
  assert.equal(lab.told.sort(), ['delete users b', 'write users a d']);
  lab.end();
});

strings('LCS answers the string, its length, or where it is', () => {
  const lab = new CommandLab();
  lab.say('MSET', 'a', 'ohmytext', 'b', 'mynewtext');
  assert.is(lab.say('LCS', 'a', 'b'), 'mytext');
  assert.is(lab.say('LCS', 'a', 'b', 'LEN'), 6);
  const matches = [
    [
      [4, 7],
      [5, 8],
    ],
    [
      [2, 3],
      [0, 1],
    ],
  ];
  assert.equal(lab.say('LCS', 'a', 'b', 'IDX'), ['matches', matches, 'len', 6]);
  assert.equal(lab.say('LCS', 'a', 'b', 'IDX', 'MINMATCHLEN', '4', 'WITHMATCHLEN'), [
    'matches',
    [[...matches[0]!, 4]],
    'len',
    6,
  ]);
  assert.is(
    lab.say('LCS', 'a', 'b', 'IDX', 'LEN'),
    '-ERR If you want both the length and indexes, please just use IDX.',
  );
  assert.is(lab.say('LCS', 'a', 'b', 'MINMATCHLEN'), '-ERR syntax error');
  lab.end();
});

strings(
  'a long LCS gives others their turn, and is refused where it is too long or finds no room',
  async () => {
    const lab = new CommandLab();
    lab.say('MSET', 'a', 'ab'.repeat(1000), 'b', 'ba'.repeat(1000));
    assert.is(await lab.saying('LCS', 'a', 'b', 'LEN'), 1999);
    assert.ok(lab.turns >= 9, `${lab.turns} turns`);
    lab.say('SETRANGE', 'a', '100000', 'x');
    lab.say('SETRANGE', 'b', '100000', 'x');
    assert.match(String(lab.say('LCS', 'a', 'b')), /^-ERR the strings are too long/);
    const small = new CommandLab({ roomBytes: 1000 });
    small.say('MSET', 'a', 'x'.repeat(1000), 'b', 'y');
    assert.match(String(small.say('LCS', 'a', 'b')), /^-OOM /);
    lab.end();
    small.end();
  },
);

strings.run();
