// The short way for GET and SET means what the ordinary way means: two daemons' worth of parts are told the same bytes, one
// of them without it, and must answer the same, byte by byte, and hold and count the same.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { seededRandom } from '../../store/seeded-random.ts';
import { command, Served } from './served.ts';

const test = suite('RESP express');

const ODD = [
  'PING\r\n',
  '*0\r\n',
  '*2\r\n$3\r\nGET\r\n$01\r\na\r\n',
  '*3\r\n$3\r\nGET\r\n$1\r\na\r\n$1\r\nb\r\n',
  '*2\r\n$3\r\nSET\r\n$1\r\na\r\n',
  '*2\r\n$3\r\nGET\r\n$-1\r\n',
  '*2\r\n$3\r\nGET\r\n$0\r\n\r\n',
];

const ODD_FORMS = ['EX', 'PX', 'EXAT', 'PXAT', 'XX', 'KEEPTTL', 'NX', 'E', 'EXX', 'XE'];
const ODD_LIVES = [
  '0',
  '-1',
  '01',
  '+1',
  '1.5',
  '',
  ' 1',
  '999999999',
  '1000000000',
  '99999999999999999999',
  'EX',
];

/** Mostly GET and SET of few keys, of all caches, with what changes what they mean in between. */
function randomCommand(random: () => number, own = ''): string {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const key = `${pick(['', '', '', 'short:', 'idle:', 'default:', 'nowhere:'])}key-${Math.floor(random() * 12)}${own}`;
  const value = String.fromCharCode(97 + Math.floor(random() * 26)).repeat(Math.floor(random() ** 6 * 9000));
  const chance = random();
  if (chance < 0.5) return command(pick(['GET', 'get', 'gEt']), key);
  if (chance < 0.8) return command(pick(['SET', 'set', 'Set']), key, value);
  if (chance < 0.93) {
    const life = String(1 + Math.floor(random() ** 3 * 5000));
    return command('SET', key, value, pick(['PX', 'EX', 'px', 'eX']), life);
  }
  if (chance < 0.945) return command('SET', key, value, pick(ODD_FORMS), pick(ODD_LIVES));
  if (chance < 0.95)
    return command(pick(['SETEX', 'PSETEX']), key, String(Math.floor(random() * 2000)), value);
  if (chance < 0.96) return command('DEL', key);
  if (chance < 0.97) return command('EXPIRE', key, '3');
  if (chance < 0.98) return command('APPEND', key, 'x');
  if (chance < 0.984) return command(pick(['MULTI', 'EXEC', 'EXEC', 'DISCARD']));
  if (chance < 0.986) return command('WATCH', key);
  if (chance < 0.987) return command('CLIENT', 'REPLY', pick(['ON', 'ON', 'ON', 'OFF', 'SKIP']));
  if (chance < 0.988) return command('HELLO', pick(['2', '3']));
  if (chance < 0.9885) return own === '' ? command('FLUSHALL') : command('DBSIZE', 'x');
  if (chance < 0.99) return command('SIDECACHE.REFRESH', 'default', 'KEY', `key-1${own}`);
  if (chance < 0.999) return command('MGET', key, `key-2${own}`);
  return pick(ODD);
}

test('answers, counts and holds what the ordinary way does, whatever comes, in whatever pieces, and however slowly it is taken', async () => {
  let expressed = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const [short, ordinary] = [new Served(true), new Served(false)];
    const pairs = [0, 1].map(() => [short.connect(), ordinary.connect()] as const);
    for (let turn = 0; turn < 60; turn++) {
      const at = Math.floor(random() * pairs.length);
      const bytes = Buffer.from(
        Array.from({ length: 1 + Math.floor(random() * 150) }, () => randomCommand(random)).join(''),
      );
      const pair = pairs[at]!;
      const isSlow = random() < 0.3;
      const said = pair.map((connection) => connection.takesSlowly(isSlow));
      for (let from = 0; from < bytes.length; ) {
        const to = Math.min(bytes.length, from + 1 + Math.floor(random() * 32_000));
        for (const [i, connection] of pair.entries()) said[i] += connection.say(bytes.subarray(from, to));
        if (!isSlow) assert.is(said[0], said[1], `seed ${seed}, turn ${turn}`);
        from = to;
      }
      for (const [i, connection] of pair.entries()) said[i] += connection.takesSlowly(false);
      assert.is(said[0], said[1], `seed ${seed}, turn ${turn}`);
      assert.is(short.state(), ordinary.state(), `seed ${seed}, turn ${turn}`);
      const passMs = Math.floor(random() ** 3 * 6000);
      for (const { lab } of [short, ordinary]) lab.clock.advance(passMs);
      assert.is(pair[0].isOver, pair[1].isOver);
      if (pair[0].isOver) {
        for (const connection of pair) connection.close();
        pairs[at] = [short.connect(), ordinary.connect()];
      }
    }
    expressed += short.expressed;
    await new Promise(setImmediate);
    for (const { lab } of [short, ordinary]) assert.equal(lab.defects.map(String), []);
  }
  assert.ok(expressed > 100_000, `only ${expressed} bytes went the short way`);
});

test('so it does for what several connections are sent in one turn, each with keys of its own', async () => {
  let expressed = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const random = seededRandom(seed);
    const [short, ordinary] = [new Served(true), new Served(false)];
    for (const served of [short, ordinary]) served.beginWaiting();
    const before = short.expressed;
    const pairs = Array.from({ length: 6 }, () => [short.connect(), ordinary.connect()] as const);
    for (let turn = 0; turn < 150; turn++) {
      for (let piece = Math.floor(random() * 25); piece >= 0; piece--) {
        const at = Math.floor(random() * pairs.length);
        const own = `of-${at}`;
        const commands = Array.from({ length: 1 + Math.floor(random() ** 3 * 30) }, () =>
          randomCommand(random, own),
        );
        const bytes = Buffer.from(commands.join(''));
        const cut = random() < 0.1 ? Math.floor(random() * bytes.length) : bytes.length;
        for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)])
          if (part.length > 0 && part.length < 32_768) for (const one of pairs[at]!) one.sayAmongOthers(part);
      }
      for (const served of [short, ordinary]) served.endTurn();
      for (const [at, [one, other]] of pairs.entries()) {
        assert.is(one.taken(), other.taken(), `seed ${seed}, turn ${turn}`);
        assert.is(one.isOver, other.isOver);
        if (!one.isOver) continue;
        for (const connection of [one, other]) connection.close();
        pairs[at] = [short.connect(), ordinary.connect()];
      }
      assert.is(short.state(), ordinary.state(), `seed ${seed}, turn ${turn}`);
      const passMs = Math.floor(random() ** 3 * 3000);
      for (const { lab } of [short, ordinary]) lab.clock.advance(passMs);
    }
    expressed += short.expressed - before;
    await new Promise(setImmediate);
    for (const { lab } of [short, ordinary]) assert.equal(lab.defects.map(String), []);
  }
  assert.ok(expressed > 100_000, `only ${expressed} bytes went the short way`);
});

test('what is there is read, and what is set is written, the short way, and so is what comes behind a command that is not', () => {
  const served = new Served(true);
  const client = served.connect();
  const first = command('SET', 'a', '1');
  assert.is(client.say(Buffer.from(first)), '+OK\r\n');
  const both = command('GET', 'a') + command('SET', 'a', '2');
  assert.is(client.say(Buffer.from(both)), '$1\r\n1\r\n+OK\r\n');
  const written = first.length + both.length;
  assert.is(served.expressed, written);
  const miss = command('GET', 'missing');
  const get = command('GET', 'a');
  assert.is(client.say(Buffer.from(get + miss + get + get)), '$1\r\n2\r\n$-1\r\n$1\r\n2\r\n$1\r\n2\r\n');
  assert.is(served.expressed, written + 3 * get.length);
});

test('so is what is set with an end, which it keeps to', () => {
  const served = new Served(true);
  const client = served.connect();
  for (const [form, life] of [
    ['EX', '3'],
    ['px', '3000'],
  ] as const) {
    const set = command('SET', form, 'value', form, life);
    const before = served.expressed;
    assert.is(client.say(Buffer.from(set)), '+OK\r\n');
    assert.is(served.expressed, before + set.length);
    served.lab.clock.advance(2990);
    assert.is(client.say(Buffer.from(command('GET', form))), '$5\r\nvalue\r\n', form);
    served.lab.clock.advance(10);
    assert.is(client.say(Buffer.from(command('GET', form))), '$-1\r\n', form);
  }
});

test('and what is set in a cache with a ttl', () => {
  const served = new Served(true);
  const client = served.connect();
  const set = command('SET', 'short:a', 'value') + command('SET', 'short:b', 'value', 'EX', '100');
  client.say(Buffer.from(set));
  assert.is(served.expressed, set.length);
  served.lab.clock.advance(60_000);
  assert.is(client.say(Buffer.from(command('EXISTS', 'short:a', 'short:b'))), ':0\r\n');
});

test('while commands are timed none goes the short way', () => {
  const served = new Served(true);
  const client = served.connect();
  const get = Buffer.from(command('GET', 'a'));
  client.say(Buffer.from(command('CONFIG', 'SET', 'slowlog-log-slower-than', '0')));
  client.say(Buffer.from(command('SET', 'a', '1')));
  assert.is(client.say(get), '$1\r\n1\r\n');
  assert.is(served.expressed, 0);
  client.say(Buffer.from(command('CONFIG', 'SET', 'slowlog-log-slower-than', '-1')));
  client.say(get);
  assert.is(served.expressed, get.length);
});

test('who ends a pause gets its own replies, and who waited for that its own', async () => {
  for (const isExpress of [true, false]) {
    const served = new Served(isExpress);
    const [one, two] = [served.connect(), served.connect()];
    one.say(Buffer.from(command('SET', 'a', 'of one') + command('SET', 'b', 'of two')));
    assert.is(one.say(Buffer.from(command('CLIENT', 'PAUSE', '60000', 'WRITE'))), '+OK\r\n');
    assert.is(two.say(Buffer.from(command('SET', 'c', '1') + command('GET', 'b'))), '');
    const said = one.say(
      Buffer.from(command('GET', 'a') + command('CLIENT', 'UNPAUSE') + command('GET', 'a')),
    );
    assert.is(said, '$6\r\nof one\r\n+OK\r\n$6\r\nof one\r\n');
    await new Promise(setImmediate);
    assert.is(two.takesSlowly(false), '+OK\r\n$6\r\nof two\r\n');
  }
});

test('a command that came in part is left for when the rest is there', () => {
  const served = new Served(true);
  const client = served.connect();
  const set = command('SET', 'a', 'value');
  client.say(Buffer.from(set + command('GET', 'a')));
  for (const whole of [set, command('GET', 'a')]) {
    for (let at = 1; at < whole.length; at++) {
      assert.is(client.say(Buffer.from(whole.slice(0, at))), '', `${at} bytes of ${JSON.stringify(whole)}`);
      assert.is(client.say(Buffer.from(whole.slice(at))), whole === set ? '+OK\r\n' : '$5\r\nvalue\r\n');
    }
  }
});

test('a value over max_value is refused, be there an entry or not, however short it is', () => {
  for (const isExpress of [true, false]) {
    const served = new Served(isExpress, { maxValueBytes: 1024 });
    const client = served.connect();
    const set = (length: number): string => client.say(Buffer.from(command('SET', 'a', 'v'.repeat(length))));
    const refused = '-ERR the value is larger than max_value allows (1024 bytes)\r\n';
    assert.is(set(1025), refused);
    assert.is(client.say(Buffer.from(command('EXISTS', 'a'))), ':0\r\n');
    assert.is(set(1024), '+OK\r\n');
    assert.is(set(1025), refused);
    assert.is(client.say(Buffer.from(command('STRLEN', 'a'))), ':1024\r\n');
    assert.is(set(4095), refused);
  }
});

test.run();
