// RESP from people who mean harm, and from programs gone wrong: whatever comes, the daemon answers or closes, stays
// within its memory, and others are served as before.

import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CORPUS } from '../serve/resp-differential/corpus/index.ts';
import { encodeCommand, RawClient } from '../serve/resp-differential/raw-client.ts';
import { show } from '../serve/resp-differential/reply-tree.ts';
import { casesOf } from '../serve/resp-differential/step.ts';
import { type SeededRandom, seededRandom } from '../store/seeded-random.ts';
import { Daemon, until } from './daemon.ts';

const SEED = Number(process.env.RESP_HOSTILE_SEED ?? 20261122);
/** Over the daemon's socket; the parser by itself is given millions. */
const MUTATIONS = Number(process.env.RESP_MUTATIONS ?? 100_000);
const MEMORY = 16 << 20;
/** Promise 5: what RSS may be over the idle one. */
const ALLOWED_BYTES = (24 << 20) + 1.15 * MEMORY;

interface Context {
  daemon: Daemon;
  idleBytes: number;
}

const test = suite<Context>('hostile RESP');

/** Commands that end or hold up a connection, each by its own right. */
const NOT_SENT = /^(QUIT|RESET|DEBUG|WAIT|(CLIENT (PAUSE|KILL|REPLY))|P?SUBSCRIBE|MONITOR|HELLO)/i;
const COMMANDS: readonly Buffer[] = [
  ...new Set(
    Object.values(CORPUS)
      .flatMap(casesOf)
      .flatMap(({ steps }) => steps)
      .filter(({ how, text }) => !['raw', 'closes'].includes(how) && !NOT_SENT.test(text))
      .filter(({ args }) => args.join('').length < 500)
      .map(({ args }) => encodeCommand(args).toString('latin1')),
  ),
].map((text) => Buffer.from(text, 'latin1'));

/** What they answer is told by what came before them on the connection alone, and not by what time it is. */
const DETERMINED = COMMANDS.filter(
  (command) =>
    !/\n(KEYS|SCAN|RANDOMKEY|TIME|INFO|CLIENT|SLOWLOG|MEMORY|PUBLISH|PUBSUB|PX|PEXPIRE|PSETEX)\r/i.test(
      command.toString('latin1'),
    ),
);

test.before(async (context) => {
  context.daemon = await Daemon.start({ config: { memory: `${MEMORY}` } });
  await served(context.daemon);
  context.idleBytes = context.daemon.rssBytes;
});

test.after(async ({ daemon }) => {
  await daemon.stop('SIGKILL');
});

/** Whatever it was, the daemon runs, serves, and is no larger than it may be. */
function hostile(claim: string, run: (context: Context) => Promise<void>): void {
  test(claim, async (context) => {
    await run(context);
    const { daemon, idleBytes } = context;
    assert.ok(daemon.running, daemon.output);
    // Those who were there are gone; that it takes notice of it is soon, and not at once.
    await until(async () => (await daemon.request('/healthz')).status === 200);
    await served(daemon);
    const grown = daemon.rssBytes - idleBytes;
    assert.ok(grown <= ALLOWED_BYTES, `RSS grew by ${Math.round(grown / 2 ** 20)} MB`);
  });
}

/** Whoever comes now is answered. */
async function served(daemon: Daemon): Promise<void> {
  const client = await RawClient.connect(daemon.socket);
  assert.is(show(await client.send('SET', 'served', 'yes')), '+OK');
  assert.is(show(await client.send('GET', 'served')), '"yes"');
  client.close();
}

/** As many as the socket's backlog takes, again and again. */
async function inGroups<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  while (all.length < count) {
    const group = Math.min(count - all.length, 50);
    all.push(...(await Promise.all(Array.from({ length: group }, (_, i) => open(all.length + i)))));
  }
  return all;
}

function opened(daemon: Daemon, bytes: Buffer | string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = daemon.connect();
    socket.once('connect', () => socket.write(bytes, () => resolve(socket)));
    socket.once('error', () => resolve(socket));
  });
}

// --- parts of what is right

hostile('every prefix of every valid command, and then the end of the connection', async ({ daemon }) => {
  const random = seededRandom(SEED);
  for (const command of COMMANDS) {
    const ends = Array.from({ length: command.length }, (_, end) => end);
    // All of them for short ones, a few for the others: prefixes of one length look much alike.
    const few = command.length <= 40 ? ends : ends.filter(() => random.percent(12));
    const part = (i: number): Buffer => command.subarray(0, few[i]);
    const sockets = await inGroups(few.length, (i) => opened(daemon, part(i)));
    for (const socket of sockets) socket.destroy();
  }
});

hostile('commands split at random places are answered as if they came whole', async ({ daemon }) => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 20; round++) {
    const sent = Array.from({ length: 40 }, () => random.pick(DETERMINED));
    const all = Buffer.concat(sent);
    const whole = await RawClient.connect(daemon.socket);
    await whole.send('FLUSHALL');
    whole.write(all);
    const expected = await taken(whole, sent.length);
    const split = await RawClient.connect(daemon.socket);
    split.socket.setNoDelay(true);
    await split.send('FLUSHALL');
    for (let from = 0; from < all.length; ) {
      const to = Math.min(all.length, from + 1 + random.below(20));
      await new Promise((written) => split.socket.write(all.subarray(from, to), written));
      from = to;
    }
    const answers = await taken(split, sent.length);
    assert.equal(answers.map(kindOf), expected.map(kindOf), `seed ${SEED}, round ${round}`);
    whole.close();
    split.close();
  }
});

hostile(`${MUTATIONS} mutated inputs: each is answered or closed`, async ({ daemon }) => {
  const random = seededRandom(SEED);
  let left = MUTATIONS;
  while (left > 0) {
    const batch = Math.min(left, 200);
    left -= batch;
    const inputs = Array.from({ length: batch }, () => mutated(pick(random), random));
    const client = await RawClient.connect(daemon.socket);
    client.write(Buffer.concat(inputs));
    // What was cut off waits for more; half of them are left at once, the others say no more and wait for the answers.
    if (random.percent(50)) client.close();
    else client.socket.end();
    await until(
      () => client.closed,
      () => `seed ${SEED}: left open with ${left} to go`,
    );
    if (!daemon.running) throw new Error(`it ended, seed ${SEED}, ${left} to go:\n${daemon.output}`);
  }
});

// --- what no one may say

const BROKEN: Readonly<Record<string, string>> = {
  'a command of 1,000,000,000 arguments': '*1000000000\r\n',
  'a length of -2': '*1\r\n$-2\r\n',
  'a length of -1': '*1\r\n$-1\r\n',
  'a length of a terabyte': '*1\r\n$999999999999\r\n',
  'a length that overflows 64 bits': '*1\r\n$99999999999999999999999\r\n',
  'a count that overflows 64 bits': '*99999999999999999999999\r\n',
  'an array in a command': '*1\r\n*1\r\n*1\r\n$4\r\nPING\r\n',
  'a deep nest of arrays': '*1\r\n'.repeat(10_000),
  'a number where a bulk belongs': '*2\r\n$4\r\nPING\r\n:1\r\n',
  'a count that is a word': '*many\r\n',
  'a length that is a word': '*1\r\n$long\r\n',
  'a reply in place of a command': '*1\r\n+OK\r\n',
  'HTTP behind RESP': '*1\r\n$4\r\nPING\r\nGET /caches HTTP/1.1\r\nHost: localhost\r\n\r\n',
  'HTTP in the middle of RESP': '*2\r\n$3\r\nGET\r\nGET /caches HTTP/1.1\r\n\r\n',
  'an inline POST': 'POST /caches/default/a\r\nContent-Length: 3\r\n\r\nabc',
  'an inline POST behind RESP': '*1\r\n$4\r\nPING\r\nPOST / \r\n',
  'a Host header': 'Host: localhost\r\n',
  'an inline command with a quote that never ends': 'SET a "unbalanced\r\n',
};

for (const [name, bytes] of Object.entries(BROKEN)) {
  hostile(`${name}: an error, and the connection is closed`, async ({ daemon }) => {
    const answer = await daemon.raw(bytes);
    assert.match(answer, /^(\+PONG\r\n)?(-ERR [^\r\n]+\r\n)+$/);
  });
}

hostile('RESP behind HTTP is no command, and the connection is closed', async ({ daemon }) => {
  await daemon.put('/caches/default/kept', 'here');
  const request = 'GET /caches/default/kept HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const answer = await daemon.raw(`${request}${encodeCommand(['FLUSHALL'])}${request}`);
  assert.match(answer, /^HTTP\/1\.1 200 .*\r\n\r\nhere(HTTP\/1\.1 400 .*)?$/s);
  assert.is((await daemon.request('/caches/default/kept')).text, 'here');
});

hostile('RESP in the body of a request is a value, and no command', async ({ daemon }) => {
  await daemon.put('/caches/default/kept', 'here');
  const body = encodeCommand(['FLUSHALL']);
  assert.ok((await daemon.put('/caches/default/body', body)).status < 300);
  assert.is((await daemon.request('/caches/default/kept')).text, 'here');
});

for (const [name, byte] of Object.entries({ letters: 'x', 'NUL bytes': '\0', asterisks: '*' })) {
  hostile(`100 MB of ${name} without a newline: an error, long before the end`, async ({ daemon }) => {
    const piece = Buffer.alloc(1 << 20, byte, 'latin1');
    const socket = daemon.connect();
    let said = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      said += text;
    });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    let sent = 0;
    for (; sent < 100 && !socket.destroyed; sent++) {
      const drained = new Promise<void>((resolve) => socket.write(piece, () => resolve()));
      await Promise.race([drained, closed]);
    }
    await closed;
    assert.ok(sent < 20, `${sent} MB were taken`);
    assert.match(said, /^$|^-ERR |^HTTP\/1\.1 4/);
  });
}

hostile('bulks that are announced and never come take no memory', async ({ daemon, idleBytes }) => {
  const sockets = await inGroups(500, () => opened(daemon, '*3\r\n$3\r\nSET\r\n$1\r\na\r\n$2000000\r\nx'));
  assert.ok(daemon.rssBytes - idleBytes <= ALLOWED_BYTES);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await daemon.json('/caches')).memory.receiving_bytes === 0);
});

// --- who asks and does not read

hostile(
  'who asks for more and more and reads nothing is not read from, and others are served',
  async ({ daemon }) => {
    const writer = await RawClient.connect(daemon.socket);
    await writer.send('SET', 'large', 'x'.repeat(1 << 20));
    const asked = encodeCommand(['GET', 'large']);
    const greedy = Array.from({ length: 20 }, () => daemon.connect());
    for (const socket of greedy) {
      socket.pause();
      socket.write(Buffer.concat(Array.from({ length: 200 }, () => asked)));
    }
    for (let i = 0; i < 20; i++) assert.is(show(await writer.send('PING')), '+PONG');
    for (const socket of greedy) assert.not(socket.destroyed);
    for (const socket of greedy) socket.destroy();
    writer.close();
  },
);

test('of 1,000 subscribers 10 never read: those are cut off, the others hear everything', async () => {
  // Of the memory that is the default, for 1,000 connections take a part of it.
  const daemon = await Daemon.start();
  try {
    const readers = await inGroups(990, async () => {
      const client = await RawClient.connect(daemon.socket);
      await client.send('SUBSCRIBE', 'news');
      return client;
    });
    for (let i = 0; i < 10; i++) await deafSubscriber(daemon);
    const publisher = await RawClient.connect(daemon.socket);
    assert.is(show(await publisher.send('PUBLISH', 'news', 'first')), ':1000');
    // Only those who do not read hear the flood: the sooner each has more waiting than it may.
    const flood = 'm'.repeat(65_536);
    let left = '';
    for (let sent = 0; left !== ':0' && sent < 5000; sent++) {
      left = show(await publisher.send('PUBLISH', 'flood', flood));
    }
    assert.is(left, ':0');
    assert.is(show(await publisher.send('PUBLISH', 'news', 'last')), ':990');
    const heard = await Promise.all(
      readers.map(async (client) => [await client.next(), await client.next()]),
    );
    const expected = '["message", "news", "first"] ["message", "news", "last"]';
    assert.equal([...new Set(heard.map((frames) => frames.map(show).join(' ')))], [expected]);
  } finally {
    await daemon.stop('SIGKILL');
  }
});

/** Told that it is subscribed, it never reads again. */
async function deafSubscriber(daemon: Daemon): Promise<void> {
  const socket = daemon.connect();
  socket.write(encodeCommand(['SUBSCRIBE', 'news', 'flood']));
  let said = '';
  await new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
      if (said.includes(':2\r\n')) resolve();
    });
  });
  socket.pause();
}

function pick(random: SeededRandom): Buffer {
  return random.pick(COMMANDS);
}

function mutated(input: Buffer, random: SeededRandom): Buffer {
  const bytes = Buffer.from(input);
  const at = random.below(bytes.length);
  switch (random.below(6)) {
    case 0:
      bytes[at] = random.below(256);
      return bytes;
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(4))]);
    case 4:
      return Buffer.concat([bytes.subarray(0, at), random.pick(COMMANDS).subarray(random.below(8))]);
    default:
      return Buffer.from(bytes.toString('latin1').replace(/\d+/, String(random.pick(NUMBERS))), 'latin1');
  }
}

const NUMBERS = [-1, -2, 0, 1, 2, 3, 100, 65_536, 1_048_577, 2 ** 31, '9'.repeat(20), '', '+1', '0x1'];

async function taken(client: RawClient, count: number): Promise<string[]> {
  const frames: string[] = [];
  for (let i = 0; i < count; i++) frames.push(show(await client.next()));
  return frames;
}

/** Times pass and ids are counted on between two runs: numbers are left out of what is compared. */
function kindOf(shown: string): string {
  return shown.replace(/\d+/g, 'n').slice(0, 60);
}

test.run();
