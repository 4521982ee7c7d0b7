// The short way for GET and SET means what the ordinary way means: two daemons' worth of parts are told the same bytes, one
// of them without it, and must answer the same, byte by byte, and hold and count the same.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RespConnection } from '../../../src/serve/resp/connection.ts';
import { Express } from '../../../src/serve/resp/express.ts';
import { RespServer, type RespServerParts } from '../../../src/serve/resp/resp-server.ts';
import { RoomQueue } from '../../../src/serve/room-queue.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { CommandLab } from './command-lab.ts';
import { FakeSink } from './fake-sink.ts';

const test = suite('RESP express');

const PEER = { address: '/s:0', localAddress: '/s:0', isTrusted: true, takesInline: true };

interface Connected {
  /** Says what was replied by then. */
  say(bytes: Buffer): string;
  /** From now on, or no longer, replies wait until they are taken; says what was replied and waited. */
  takesSlowly(isSlow: boolean): string;
  close(): void;
  readonly isOver: boolean;
}

/** Connections to commands over real caches. */
class Served {
  readonly lab = new CommandLab({ memoryBytes: 2 << 20 });
  readonly #shared: RespServer;
  /** What is read into, for all connections. */
  readonly #memory = Buffer.alloc(32_768);
  expressed = 0;

  constructor(isExpress: boolean) {
    const { changes, clock, dispatch, keyspace, server } = this.lab;
    const express = new Express(keyspace, server);
    const run: Express['run'] = (client, bytes, from, end, reply) => {
      if (!isExpress) return from;
      const to = express.run(client, bytes, from, end, reply);
      this.expressed += to - from;
      return to;
    };
    const forget = (): void => express.forget();
    this.#shared = new RespServer({
      ...{
        changes,
        dispatch,
        keyspace,
        server,
        clock,
        express: { run, forget },
        uploads: new RoomQueue(clock),
      },
      headroom: { charge: () => true, release: () => {} },
      garbage: { passed: () => {} },
      defect: (error: unknown) => this.lab.defects.push(error),
    } as unknown as RespServerParts);
  }

  connect(): Connected {
    const sink = new FakeSink();
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    const socket = Object.assign(new EventEmitter(), {
      ...{ writable: true, destroyed: false, resume: () => {}, pause: () => {} },
      ...{ end, destroySoon: end, destroy: end },
      get writableLength() {
        return sink.writableLength;
      },
      write: sink.write.bind(sink),
    });
    const connection = new RespConnection(this.#shared, socket as unknown as Socket, PEER);
    return {
      say: (bytes) => {
        const memory = this.#memory.subarray(0, bytes.copy(this.#memory));
        connection.receivedShared(memory, false);
        memory.fill('*');
        return sink.takeText();
      },
      takesSlowly: (isSlow) => {
        sink.isSlow = isSlow;
        sink.takeAll();
        return sink.takeText();
      },
      close: () => connection.closed(),
      get isOver() {
        return isOver;
      },
    };
  }

  /** All that a client could tell of what is stored. */
  state(): string {
    return this.lab.caches.all
      .map(({ name, counters, shelf: { stored } }) =>
        JSON.stringify([name, stored.entries, stored.bytes, stored.payloadBytes, counters]),
      )
      .join('\n');
  }
}

function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}

const ODD = [
  'PING\r\n',
  '*0\r\n',
  '*2\r\n$3\r\nGET\r\n$01\r\na\r\n',
  '*3\r\n$3\r\nGET\r\n$1\r\na\r\n$1\r\nb\r\n',
  '*2\r\n$3\r\nSET\r\n$1\r\na\r\n',
  '*2\r\n$3\r\nGET\r\n$-1\r\n',
  '*2\r\n$3\r\nGET\r\n$0\r\n\r\n',
];

/** Mostly GET and SET of few keys, of all caches, with what changes what they mean in between. */
function randomCommand(random: () => number): string {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)]!;
  const key = `${pick(['', '', '', 'short:', 'idle:', 'default:', 'nowhere:'])}key-${Math.floor(random() * 12)}`;
  const value = String.fromCharCode(97 + Math.floor(random() * 26)).repeat(Math.floor(random() ** 6 * 9000));
  const chance = random();
  if (chance < 0.5) return command(pick(['GET', 'get', 'gEt']), key);
  if (chance < 0.94) return command(pick(['SET', 'set', 'Set']), key, value);
  if (chance < 0.95) return command('SET', key, value, 'PX', String(1 + Math.floor(random() * 5000)));
  if (chance < 0.96) return command('DEL', key);
  if (chance < 0.97) return command('EXPIRE', key, '3');
  if (chance < 0.98) return command('APPEND', key, 'x');
  if (chance < 0.984) return command(pick(['MULTI', 'EXEC', 'EXEC', 'DISCARD']));
  if (chance < 0.986) return command('WATCH', key);
  if (chance < 0.987) return command('CLIENT', 'REPLY', pick(['ON', 'ON', 'ON', 'OFF', 'SKIP']));
  if (chance < 0.988) return command('HELLO', pick(['2', '3']));
  if (chance < 0.9885) return command('FLUSHALL');
  if (chance < 0.99) return command('SIDECACHE.REFRESH', 'default', 'KEY', 'key-1');
  if (chance < 0.999) return command('MGET', key, 'key-2');
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

test('what is there is read and written the short way, and so is what comes behind a command that is not', () => {
  const served = new Served(true);
  const client = served.connect();
  assert.is(client.say(Buffer.from(command('SET', 'a', '1'))), '+OK\r\n');
  assert.is(served.expressed, 0, 'there is nothing to write over');
  const both = command('GET', 'a') + command('SET', 'a', '2');
  assert.is(client.say(Buffer.from(both)), '$1\r\n1\r\n+OK\r\n');
  assert.is(served.expressed, both.length);
  const miss = command('GET', 'missing');
  const get = command('GET', 'a');
  assert.is(client.say(Buffer.from(get + miss + get + get)), '$1\r\n2\r\n$-1\r\n$1\r\n2\r\n$1\r\n2\r\n');
  assert.is(served.expressed, both.length + 3 * get.length);
});

test('while commands are timed none goes the short way', () => {
  const served = new Served(true);
  const client = served.connect();
  const get = Buffer.from(command('GET', 'a'));
  client.say(
    Buffer.from(command('SET', 'a', '1') + command('CONFIG', 'SET', 'slowlog-log-slower-than', '0')),
  );
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

test.run();
