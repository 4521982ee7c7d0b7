// The commands on keys: TTL, EXPIRE, RENAME, COPY, SCAN and their like.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../store/seeded-random.ts';
import { CommandLab } from './command-lab.ts';
import type { Said } from './reply-value.ts';

const keys = suite('keys');

// --- ends

keys('EXPIRE and its kin give an end, TTL and its kin say it', () => {
  const lab = new CommandLab();
  const nowMs = lab.clock.now();
  lab.say('SET', 'k', 'v');
  assert.is(lab.say('TTL', 'k'), -1);
  assert.is(lab.say('EXPIRETIME', 'k'), -1);
  assert.is(lab.say('EXPIRE', 'k', '100'), 1);
  assert.is(lab.say('TTL', 'k'), 100);
  assert.is(lab.say('PTTL', 'k'), 100_000);
  assert.is(lab.say('PEXPIRETIME', 'k'), nowMs + 100_000);
  assert.is(lab.say('PEXPIRE', 'k', '1499'), 1);
  assert.is(lab.say('TTL', 'k'), 1);
  lab.say('PEXPIRE', 'k', '1500');
  assert.is(lab.say('TTL', 'k'), 2);
  assert.is(lab.say('PEXPIREAT', 'k', String(nowMs + 7000)), 1);
  assert.is(lab.say('EXPIRETIME', 'k'), (nowMs + 7000) / 1000);
  assert.is(lab.say('EXPIREAT', 'k', String(nowMs / 1000 + 5)), 1);
  lab.clock.advance(4999);
  assert.is(lab.say('EXISTS', 'k'), 1);
  lab.clock.advance(1);
  assert.is(lab.say('EXISTS', 'k'), 0);
  assert.is(lab.say('TTL', 'k'), -2);
  assert.is(lab.say('PEXPIRETIME', 'k'), -2);
  assert.is(lab.say('EXPIRE', 'k', '1'), 0);
  lab.end();
});

keys('a time is as long as it was said to be, wherever between two milliseconds it began', () => {
  const lab = new CommandLab();
  for (const fraction of [0.1, 0.5, 0.3]) {
    lab.clock.advance(fraction);
    lab.say('SET', 'k', 'v', 'PX', '1000');
    assert.is(lab.say('PTTL', 'k'), 1000);
    lab.say('PEXPIREAT', 'k', '2000000');
    assert.is(lab.say('PEXPIRETIME', 'k'), 2_000_000);
  }
  lab.end();
});

keys('an end that is past deletes', () => {
  const lab = new CommandLab();
  for (const said of [
    ['EXPIRE', '-1'],
    ['EXPIRE', '0'],
    ['PEXPIREAT', '1'],
    ['EXPIREAT', '-5'],
  ]) {
    lab.say('SET', 'users:k', 'v');
    assert.is(lab.say(said[0]!, 'users:k', said[1]!), 1);
    assert.is(lab.say('EXISTS', 'users:k'), 0);
  }
  lab.clock.advance(5);
  assert.equal(lab.told, ['delete users k']);
  lab.end();
});

keys('NX, XX, GT and LT say on what condition', () => {
  const lab = new CommandLab();
  const until = (given: string, condition: string) => lab.say('EXPIRE', 'k', given, condition);
  lab.say('SET', 'k', 'v');
  assert.is(until('100', 'XX'), 0);
  assert.is(until('100', 'GT'), 0);
  assert.is(until('100', 'nx'), 1);
  assert.is(until('200', 'NX'), 0);
  assert.is(until('50', 'GT'), 0);
  assert.is(until('100', 'GT'), 0);
  assert.is(until('150', 'GT'), 1);
  assert.is(until('150', 'LT'), 0);
  assert.is(until('120', 'LT'), 1);
  assert.is(until('130', 'XX'), 1);
  assert.is(lab.say('TTL', 'k'), 130);
  lab.say('PERSIST', 'k');
  assert.is(until('100', 'LT'), 1);
  assert.is(lab.say('EXPIRE', 'k', '90', 'XX', 'LT'), 1);
  const atOdds = '-ERR NX and XX, GT or LT options at the same time are not compatible';
  assert.is(lab.say('EXPIRE', 'k', '1', 'NX', 'XX'), atOdds);
  assert.is(lab.say('EXPIRE', 'k', '1', 'GT', 'NX'), atOdds);
  assert.is(
    lab.say('EXPIRE', 'k', '1', 'GT', 'LT'),
    '-ERR GT and LT options at the same time are not compatible',
  );
  assert.is(lab.say('EXPIRE', 'k', '1', 'AB'), '-ERR Unsupported option AB');
  lab.end();
});

keys('a time beyond 64 bits is refused by the name of the command', () => {
  const lab = new CommandLab();
  for (const [name, given] of [
    ['expire', '9223372036854775807'],
    ['expire', '9223372036854775'],
    ['expire', '-9223372036854776'],
    ['expireat', '9223372036854776'],
    ['pexpire', '9223372036854775807'],
  ]) {
    assert.is(lab.say(name!, 'k', given!), `-ERR invalid expire time in '${name}' command`, given);
  }
  assert.is(lab.say('PEXPIREAT', 'k', '9223372036854775807'), 0);
  assert.is(lab.say('EXPIRE', 'k', '1.5'), '-ERR value is not an integer or out of range');
  lab.end();
});

keys('PERSIST takes the end, but not that of the cache', () => {
  const lab = new CommandLab();
  lab.say('SET', 'k', 'v', 'EX', '10');
  assert.is(lab.say('PERSIST', 'k'), 1);
  assert.is(lab.say('PERSIST', 'k'), 0);
  assert.is(lab.say('TTL', 'k'), -1);
  assert.is(lab.say('PERSIST', 'none'), 0);
  lab.say('SET', 'short:k', 'v');
  assert.is(lab.say('TTL', 'short:k'), 60);
  assert.is(lab.say('PERSIST', 'short:k'), 0);
  assert.is(lab.say('EXPIRE', 'short:k', '10'), 1);
  assert.is(lab.say('TTL', 'short:k'), 10);
  assert.is(lab.say('PERSIST', 'short:k'), 1);
  assert.is(lab.say('TTL', 'short:k'), 60);
  assert.is(lab.say('EXPIRE', 'short:k', '1000'), 1);
  assert.is(lab.say('TTL', 'short:k'), 60);
  lab.end();
});

// --- one by one

keys('TOUCH counts, and is a read', () => {
  const lab = new CommandLab();
  lab.say('MSET', 'idle:a', '1', 'idle:b', '1');
  lab.clock.advance(40_000);
  assert.is(lab.say('TOUCH', 'idle:a', 'idle:a', 'none'), 2);
  lab.clock.advance(40_000);
  assert.is(lab.say('EXISTS', 'idle:a', 'idle:b'), 1);
  lab.end();
});

keys('a DEL or EXISTS of very many gives others their turn, and does it all', async () => {
  const lab = new CommandLab();
  const names = Array.from({ length: 2500 }, (_, i) => `k${i}`);
  lab.say('MSET', ...names.slice(0, 400).flatMap((name) => [name, 'v']));
  assert.is(await lab.saying('EXISTS', ...names, 'k0'), 401);
  assert.is(lab.turns, 2);
  assert.is(await lab.saying('UNLINK', ...names, 'k0'), 400);
  assert.is(await lab.saying('DEL', ...names), 0);
  assert.is(lab.turns, 6);
  lab.end();
});

keys('MEMORY USAGE says what an entry is charged for', () => {
  const lab = new CommandLab();
  lab.say('SET', 'a', 'x'.repeat(1000));
  const before = lab.store.budget.usedBytes;
  const usage = Number(lab.say('MEMORY', 'USAGE', 'a'));
  assert.ok(usage > 1000 && usage < 1200, String(usage));
  lab.say('DEL', 'a');
  assert.is(before - lab.store.budget.usedBytes, usage);
  assert.is(lab.say('MEMORY', 'USAGE', 'a'), null);
  lab.end();
});

keys('a TOUCH of very many gives others their turn', async () => {
  const lab = new CommandLab();
  lab.say('SET', 'k', 'v');
  assert.is(await lab.saying('TOUCH', ...new Array<string>(5000).fill('k')), 5000);
  assert.is(lab.turns, 2);
  lab.end();
});

keys('RENAME moves an entry with its end, across caches, too', () => {
  const lab = new CommandLab();
  lab.say('SET', 'a', 'v', 'EX', '100');
  lab.say('SET', 'short:b', 'other', 'EX', '5');
  assert.is(lab.say('RENAME', 'a', 'users:b'), 'OK');
  assert.equal(lab.say('MGET', 'a', 'users:b'), [null, 'v']);
  assert.is(lab.say('TTL', 'users:b'), 100);
  assert.is(lab.say('RENAMENX', 'users:b', 'short:b'), 0);
  assert.is(lab.say('RENAME', 'users:b', 'users:b'), 'OK');
  assert.is(lab.say('RENAMENX', 'users:b', 'users:b'), 0);
  assert.is(lab.say('RENAME', 'users:b', 'short:b'), 'OK');
  assert.is(lab.say('GET', 'short:b'), 'v');
  assert.is(lab.say('TTL', 'short:b'), 60);
  assert.is(lab.say('RENAMENX', 'short:b', 'a'), 1);
  assert.is(lab.say('RENAME', 'none', 'a'), '-ERR no such key');
  assert.is(lab.say('RENAME', 'none', 'none'), '-ERR no such key');
  assert.is(lab.say('RENAMENX', 'none', 'a'), '-ERR no such key');
  lab.end();
});

keys('COPY copies an entry with its end', () => {
  const lab = new CommandLab();
  lab.say('SET', 'a', 'v', 'EX', '100');
  assert.is(lab.say('COPY', 'a', 'b'), 1);
  assert.is(lab.say('TTL', 'b'), 100);
  lab.say('SET', 'a', 'new');
  assert.is(lab.say('COPY', 'a', 'b'), 0);
  assert.is(lab.say('COPY', 'a', 'b', 'REPLACE', 'DB', '0'), 1);
  assert.equal(lab.say('MGET', 'a', 'b'), ['new', 'new']);
  assert.is(lab.say('TTL', 'b'), -1);
  assert.is(lab.say('COPY', 'none', 'b', 'REPLACE'), 0);
  assert.is(lab.say('GET', 'b'), 'new');
  assert.is(lab.say('COPY', 'a', 'a'), '-ERR source and destination objects are the same');
  assert.is(lab.say('COPY', 'a', 'c', 'DB', '1'), '-ERR DB index is out of range');
  assert.is(lab.say('COPY', 'a', 'c', 'DB'), '-ERR syntax error');
  lab.end();
});

// --- all of them

/** Every key that a whole SCAN tells. */
async function scanned(lab: CommandLab, between: () => void, ...options: string[]): Promise<string[]> {
  const told: string[] = [];
  let cursor = '0';
  do {
    const [next, page] = (await lab.asking('SCAN', cursor, ...options)) as [string, string[]];
    told.push(...page);
    cursor = next;
    between();
  } while (cursor !== '0');
  return told;
}

keys('KEYS and SCAN tell the keys of all caches by the names that clients use', async () => {
  const lab = new CommandLab();
  lab.say('MSET', 'a', '1', 'users:b', '1', 'short:c', '1', 'none:d', '1');
  const all = ['a', 'none:d', 'short:c', 'users:b'];
  assert.equal((lab.say('KEYS', '*') as string[]).sort(), all);
  assert.equal((await scanned(lab, () => {})).sort(), all);
  assert.equal(lab.say('KEYS', 'users:*'), ['users:b']);
  assert.equal((lab.say('KEYS', '?????:*') as string[]).sort(), ['short:c', 'users:b']);
  assert.equal(await scanned(lab, () => {}, 'MATCH', 'no*'), ['none:d']);
  assert.equal((await scanned(lab, () => {}, 'TYPE', 'string')).sort(), all);
  assert.equal(await scanned(lab, () => {}, 'TYPE', 'hash'), []);
  assert.equal(lab.say('KEYS', 'x'), []);
  lab.end();
});

keys('an end is the very millisecond that was said, however it came to the entry', () => {
  const lab = new CommandLab();
  const end = Math.floor(lab.clock.now()) + 123_457;
  // As the time of a real clock: it goes on, by parts of a millisecond, at every look.
  const { now } = lab.clock;
  lab.clock.now = () => {
    lab.clock.advance(0.01);
    return now.call(lab.clock);
  };
  lab.say('SET', 'a', '1', 'PXAT', String(end));
  assert.is(lab.say('PEXPIRETIME', 'a'), end);
  for (const words of [
    ['INCRBYFLOAT', 'a', '1.5'],
    ['SETRANGE', 'a', '1', 'x'],
    ['SET', 'a', '2', 'KEEPTTL'],
    ['APPEND', 'a', '3'],
    ['COPY', 'a', 'b'],
    ['RENAME', 'b', 'a'],
  ]) {
    lab.say(...words);
    assert.is(lab.say('PEXPIRETIME', 'a'), end, words.join(' '));
  }
  assert.is(lab.say('PEXPIREAT', 'a', String(end), 'LT'), 0);
  assert.is(lab.say('PEXPIREAT', 'a', String(end), 'GT'), 0);
  lab.end();
});

keys('what was in use a moment ago is not idle', () => {
  const lab = new CommandLab();
  for (let ms = 0; ms < 5000; ms += 700) {
    lab.clock.advance(700);
    lab.say('SET', 'a', '1');
    assert.is(lab.say('OBJECT', 'IDLETIME', 'a'), 0);
  }
  lab.clock.advance(60_000);
  const idle = Number(lab.say('OBJECT', 'IDLETIME', 'a'));
  assert.ok(idle >= 60 && idle <= 64, String(idle));
  lab.end();
});

keys('an argument is shown in errors up to a zero byte, as Redis does', () => {
  const lab = new CommandLab();
  assert.is(lab.say('EXPIRE', 'a', '1', 'GT', 'so\x00x'), '-ERR Unsupported option so');
  assert.is(lab.say('EXPIRE', 'a', '1', '\x00\xff'), '-ERR Unsupported option ');
  lab.end();
});

keys('who keeps copies is told where an entry is given another end, and only there', () => {
  const lab = new CommandLab();
  lab.say('SET', 'a', '1');
  lab.say('TTL', 'a');
  lab.say('PERSIST', 'a');
  lab.say('EXPIRE', 'none', '10');
  lab.say('GETEX', 'a');
  lab.say('EXPIRE', 'a', '10', 'XX');
  assert.equal(lab.gotEnd, []);
  for (const words of [
    ['EXPIRE', 'a', '10'],
    ['PERSIST', 'a'],
    ['GETEX', 'a', 'EX', '10'],
    ['GETEX', 'a', 'PERSIST'],
    ['PEXPIREAT', 'a', String(lab.clock.now() + 5000)],
  ]) {
    lab.say(...words);
    assert.equal(lab.gotEnd.splice(0), ['default a'], words.join(' '));
  }
  lab.end();
});

keys('what expired, is idle too long or known not to exist is not told', async () => {
  const lab = new CommandLab();
  lab.say('SET', 'a', '1', 'PX', '1');
  lab.say('SET', 'idle:b', '1');
  const said = lab.saying('GET', 'users:c');
  lab.loader.last.absent();
  assert.is(await said, null);
  lab.say('SET', 'd', '1');
  assert.equal(lab.say('KEYS', 'idle:*'), ['idle:b']);
  lab.clock.advance(59_999);
  assert.equal((lab.say('KEYS', '*') as string[]).sort(), ['d', 'idle:b']);
  lab.clock.advance(1);
  assert.equal(lab.say('KEYS', '*'), ['d']);
  lab.end();
});

keys('SCAN tells every key that is there all the while, whatever else comes and goes', async () => {
  const lab = new CommandLab();
  const random = seededRandom(5);
  const kept = Array.from({ length: 500 }, (_, i) => `kept:${i}`);
  for (const key of kept) lab.say('SET', key, 'v');
  let others = 0;
  const shake = (): void => {
    for (let i = 0; i < 20; i++) {
      lab.say('SET', `other:${others++}`, 'v'.repeat(1 + Math.floor(random() * 100)));
      lab.say('DEL', `other:${others - 30}`);
      lab.say('APPEND', kept[Math.floor(random() * kept.length)]!, 'x');
    }
  };
  const told = new Set(await scanned(lab, shake, 'COUNT', '7'));
  assert.equal(
    kept.filter((key) => !told.has(key)),
    [],
  );
  lab.end();
});

keys('COUNT says about how many keys a call looks at', () => {
  const lab = new CommandLab();
  for (let i = 0; i < 100; i++) lab.say('SET', `k${i}`, 'v');
  const page = (...options: string[]): number =>
    (lab.say('SCAN', '0', ...options) as [string, string[]])[1].length;
  assert.is(page(), 10);
  assert.is(page('COUNT', '25'), 25);
  assert.is(page('COUNT', '9223372036854775807'), 100);
  assert.is(lab.say('SCAN', '0', 'COUNT', '0'), '-ERR syntax error');
  assert.is(lab.say('SCAN', '0', 'COUNT', 'x'), '-ERR value is not an integer or out of range');
  assert.is(lab.say('SCAN', '0', 'COUNT'), '-ERR syntax error');
  assert.is(lab.say('SCAN', '0', 'FOO', 'x'), '-ERR syntax error');
  for (const cursor of ['x', '1x', ' 1', '18446744073709551616', '+']) {
    assert.is(lab.say('SCAN', cursor), '-ERR invalid cursor', cursor);
  }
  assert.equal(lab.say('SCAN', '18446744073709551615'), ['0', []]);
  lab.end();
});

keys('a few keys among many that went are told in one page', () => {
  const lab = new CommandLab();
  for (let i = 0; i < 2000; i++) lab.say('SET', `k${i}`, 'v');
  for (let i = 0; i < 1999; i++) lab.say('DEL', `k${i}`);
  assert.equal(lab.say('SCAN', '0'), ['0', ['k1999']]);
  lab.say('DEL', 'k1999');
  assert.equal(lab.say('SCAN', '0'), ['0', []]);
  lab.end();
});

keys('KEYS and a large SCAN give others their turn and see what comes meanwhile', async () => {
  const lab = new CommandLab();
  for (let i = 0; i < 10_000; i++) lab.say('SET', `k${i}`, 'v');
  lab.onTurn = () => lab.say('DEL', 'k9999');
  const told = (await lab.saying('KEYS', 'k*')) as Said[];
  assert.is(told.length, 9999);
  assert.ok(lab.turns >= 4, `${lab.turns} turns`);
  const [cursor, page] = (await lab.saying('SCAN', '0', 'COUNT', '20000')) as [string, string[]];
  assert.is(cursor, '0');
  assert.is(page.length, 9999);
  lab.end();
});

keys('more names than one reply may hold are refused, or come in several pages', async () => {
  const lab = new CommandLab();
  for (let i = 0; i < 200; i++) lab.say('SET', `${i}-${'k'.repeat(60_000)}`, 'v');
  assert.is(await lab.saying('KEYS', '*'), '-ERR more keys match than one reply may hold; use SCAN');
  assert.is((await scanned(lab, () => {}, 'COUNT', '1000')).length, 200);
  const narrow = new CommandLab({ roomBytes: 100_000 });
  for (let i = 0; i < 10; i++) narrow.say('SET', `${i}-${'k'.repeat(60_000)}`, 'v');
  assert.match(String(await narrow.asking('KEYS', '*')), /^-OOM /);
  lab.end();
  narrow.end();
});

keys('a pattern is at most 1,024 bytes', () => {
  const lab = new CommandLab();
  const refused = '-ERR the pattern is too long: at most 1024 bytes';
  assert.is(lab.say('KEYS', 'x'.repeat(1025)), refused);
  assert.is(lab.say('SCAN', '0', 'MATCH', 'x'.repeat(1025)), refused);
  assert.equal(lab.say('KEYS', 'x'.repeat(1024)), []);
  lab.end();
});

keys('SCAN comes to its end at once where few keys are left of many', async () => {
  const lab = new CommandLab();
  for (let i = 0; i < 30_000; i++) lab.say('SET', `k${i}`, '1');
  for (let i = 0; i < 30_000; i++) if (i % 10_000 !== 9999) lab.say('DEL', `k${i}`);
  assert.equal(await lab.asking('SCAN', '0'), ['0', ['k9999', 'k19999', 'k29999']]);
  lab.end();
});

keys('RANDOMKEY tells the few that are left of many, each about as often', () => {
  const lab = new CommandLab();
  for (let i = 0; i < 5000; i++) lab.say('SET', `k${i}`, '1');
  // The second stands right behind the first.
  for (let i = 0; i < 5000; i++) if (i !== 4000 && i !== 4001) lab.say('DEL', `k${i}`);
  const count = { k4000: 0, k4001: 0 };
  for (let i = 0; i < 200; i++) count[lab.say('RANDOMKEY') as keyof typeof count]++;
  assert.ok(count.k4000 > 50 && count.k4001 > 50, JSON.stringify(count));
  lab.end();
});

keys('RANDOMKEY tells any of the keys, each about as often', () => {
  const lab = new CommandLab();
  assert.is(lab.say('RANDOMKEY'), null);
  const count = new Map<string, number>();
  for (const key of ['a', 'b', 'users:c', 'short:d']) {
    lab.say('SET', key, '1');
    count.set(key, 0);
  }
  lab.say('SET', 'gone', '1', 'PX', '1');
  lab.clock.advance(1);
  for (let i = 0; i < 400; i++) {
    const key = String(lab.say('RANDOMKEY'));
    count.set(key, count.get(key)! + 1);
  }
  assert.is(count.size, 4);
  for (const [key, times] of count) assert.ok(times > 50, `${key}: ${times} of 400`);
  lab.end();
});

keys.run();
