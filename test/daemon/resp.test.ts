// RESP of the real process: beside HTTP on one socket, in front of an origin, and against clients that do not read.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SocketClient } from '../serve/resp/pubsub-socket.ts';
import { encodeCommand, RawClient } from '../serve/resp-differential/raw-client.ts';
import type { Tree } from '../serve/resp-differential/reply-tree.ts';
import { Daemon, until } from './daemon.ts';
import { Origin } from './origin-server.ts';

interface Context {
  origin: Origin;
  daemon: Daemon;
}

const test = suite<Context>('resp');

const PASSWORD = 'open-sesame';

test.before(async (context) => {
  context.origin = await Origin.start();
  context.daemon = await Daemon.start({
    config: {
      memory: '64M',
      http: '127.0.0.1:0',
      resp: { listen: '127.0.0.1:0', password: PASSWORD },
      caches: {
        default: {},
        users: { loader: { url: `${context.origin.url}/users/{key}`, timeout: '5s', retries: 0 } },
        kept: { mode: 'replicated' },
      },
    },
  });
});

test.after(async ({ daemon, origin }) => {
  const { lines } = daemon;
  await daemon.stop();
  await origin.down();
  assert.equal(
    lines.filter(({ message }) => message === 'a defect was survived'),
    [],
  );
});

const ok: Tree = { type: '+', text: 'OK' };
const nothing: Tree = { type: '$-', text: '' };

function bulk(text: string): Tree {
  return { type: '$', text };
}

function errorOf(tree: Tree): string {
  assert.is(tree.type, '-', JSON.stringify(tree));
  return 'text' in tree ? tree.text : '';
}

function command(...args: string[]): string {
  return encodeCommand(args).toString('latin1');
}

// --- one socket, two protocols

test('what is written over HTTP is read over RESP, and the other way round', async ({ daemon }) => {
  const client = await RawClient.connect(daemon.socket);
  await daemon.put('/caches/default/by-http', 'one');
  assert.equal(await client.send('GET', 'by-http'), bulk('one'));
  assert.equal(await client.send('SET', 'users:by-resp', 'two'), ok);
  assert.is((await daemon.request('/caches/users/by-resp')).text, 'two');
  assert.equal(await client.send('SET', 'nowhere:x', 'three'), ok);
  assert.is((await daemon.request('/caches/default/nowhere:x')).text, 'three');
  assert.equal(await client.send('SET', 'default:x', 'four'), ok);
  assert.is((await daemon.request('/caches/default/default:x')).text, 'four');
  assert.equal(await client.send('DEL', 'by-http', 'nowhere:x', 'by-http'), { type: ':', text: '2' });
  assert.is((await daemon.request('/caches/default/by-http')).status, 404);
  client.close();
});

test('commands typed as lines are answered; one that sounds like HTTP ends the connection', async ({
  daemon,
}) => {
  assert.is(await daemon.raw('SET line "a b"\r\nGET line\r\nQUIT\r\n'), '+OK\r\n$3\r\na b\r\n+OK\r\n');
  for (const sent of [
    'POST / \r\nHost: x\r\n\r\nPING\r\n',
    'PING\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nPING\r\n',
  ]) {
    const answer = await daemon.raw(sent);
    assert.match(answer, /-ERR this is RESP/);
    assert.not.match(answer, /HTTP\/1\.1 \d/);
    assert.ok((answer.match(/PONG/g) ?? []).length <= 1);
  }
});

test('a connection never changes its protocol', async ({ daemon }) => {
  const afterResp = await daemon.raw(
    `${command('PING')}GET /caches/default/line HTTP/1.1\r\nHost: x\r\n\r\n${command('PING')}`,
  );
  assert.match(afterResp, /^\+PONG\r\n-ERR /);
  assert.not.match(afterResp, 'HTTP/1.1 200');
  const afterHttp = await daemon.raw(`GET /healthz HTTP/1.1\r\n\r\n${command('PING')}`);
  assert.match(
    afterHttp,
    /^HTTP\/1\.1 200 .*\}\nHTTP\/1\.1 400 .*"this is not a request as HTTP\/1\.1 has it"\}$/s,
  );
  assert.not.match(afterHttp, 'PONG');
});

test('who sends all and then ends is answered in full', async ({ daemon }) => {
  const socket = daemon.connect();
  socket.setEncoding('latin1');
  let answer = '';
  socket.on('data', (text: string) => {
    answer += text;
  });
  socket.end(command('ECHO', 'last words') + command('PING'));
  await once(socket, 'close');
  assert.is(answer, '$10\r\nlast words\r\n+PONG\r\n');
});

// --- over TCP

test('over TCP: AUTH first, no lines, and what HELLO says', async ({ daemon }) => {
  const ready = await daemon.line('ready');
  const port = Number(String(ready.resp).split(':').at(-1));
  assert.match(await overTcp(port, `${command('GET', 'x')}${command('QUIT')}`), /^-NOAUTH .*\r\n\+OK\r\n$/);
  assert.match(await overTcp(port, command('AUTH', 'wrong') + command('QUIT')), /^-WRONGPASS /);
  assert.match(await overTcp(port, command('HELLO', '3') + command('QUIT')), /^-NOAUTH HELLO must/);
  assert.is(
    await overTcp(port, command('AUTH', PASSWORD) + command('PING') + command('QUIT')),
    '+OK\r\n+PONG\r\n+OK\r\n',
  );
  const greeted = await overTcp(port, command('HELLO', '3', 'AUTH', 'default', PASSWORD) + command('QUIT'));
  assert.match(greeted, /^%7\r\n\$6\r\nserver\r\n\$5\r\nredis\r\n\$7\r\nversion\r\n\$5\r\n7\.4\.0\r\n/);
  assert.match(await overTcp(port, 'PING\r\n'), /^-ERR Protocol error/);
  assert.match(await overTcp(port, 'POST / HTTP/1.1\r\nHost: x\r\n\r\n'), /^-ERR Protocol error/);
  assert.match(await overTcp(port, '*11\r\n'), /^-ERR Protocol error: unauthenticated multibulk length/);
});

async function overTcp(port: number, sent: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  let answer = '';
  socket.on('data', (text: string) => {
    answer += text;
  });
  socket.on('error', () => undefined);
  socket.write(sent);
  await once(socket, 'close');
  return answer;
}

// --- through the loader

/** Answers each path when it is let go. */
class Held {
  readonly #waiting = new Map<string, () => void>();

  constructor(origin: Origin) {
    origin.answering = (request, response) => {
      this.#waiting.set(request.url!, () => response.end(`value of ${request.url}`));
    };
  }

  async letGo(path: string): Promise<void> {
    await until(
      () => this.#waiting.has(path),
      () => `${path} was not asked for`,
    );
    this.#waiting.get(path)!();
  }
}

test('a read that waits for its load keeps its place among 1,000; others are not kept waiting', async ({
  daemon,
  origin,
}) => {
  const held = new Held(origin);
  const client = await RawClient.connect(daemon.socket);
  const other = await RawClient.connect(daemon.socket);
  await client.send('SET', 'stored', 'here');
  const sent = Array.from({ length: 1000 }, (_, i) =>
    i % 250 === 100 ? command('GET', `users:slow${i}`) : command('GET', 'stored'),
  );
  client.write(sent.join('') + command('SET', 'stored', 'changed') + command('GET', 'stored'));
  assert.equal(await other.send('GET', 'stored'), bulk('here'));
  // The last of them first: their order on the wire is that of the commands.
  for (const i of [850, 600, 350, 100]) await held.letGo(`/users/slow${i}`);
  for (let i = 0; i < 1000; i++) {
    const expected = i % 250 === 100 ? `value of /users/slow${i}` : 'here';
    assert.equal(await client.next(), bulk(expected), `reply ${i}`);
  }
  assert.equal(await client.next(), ok);
  assert.equal(await client.next(), bulk('changed'));
  client.close();
  other.close();
});

test('MGET of 100 keys, some of them to be loaded, inside a pipeline', async ({ daemon, origin }) => {
  origin.answering = (request, response) => response.end(`value of ${request.url}`);
  const client = await RawClient.connect(daemon.socket);
  const keys = Array.from({ length: 100 }, (_, i) => (i % 10 === 5 ? `users:m${i}` : `m${i}`));
  for (const [i, key] of keys.entries()) if (i % 2 === 0) await client.send('SET', key, `v${i}`);
  client.write(command('PING') + command('MGET', ...keys) + command('ECHO', 'after'));
  assert.equal(await client.next(), { type: '+', text: 'PONG' });
  const items = keys.map((_, i) => {
    if (i % 10 === 5) return bulk(`value of /users/m${i}`);
    return i % 2 === 0 ? bulk(`v${i}`) : nothing;
  });
  assert.equal(await client.next(), { type: '*', items });
  assert.equal(await client.next(), bulk('after'));
  client.close();
});

test('a load that fails is -LOADFAIL, also as an element of MGET', async ({ daemon, origin }) => {
  origin.answering = (_request, response) => {
    response.statusCode = 500;
    response.end();
  };
  const client = await RawClient.connect(daemon.socket);
  assert.match(errorOf(await client.send('GET', 'users:broken')), /^LOADFAIL /);
  await client.send('SET', 'whole', '1');
  const reply = await client.send('MGET', 'whole', 'users:broken2', 'missing');
  assert.ok('items' in reply);
  assert.equal(reply.items[0], bulk('1'));
  assert.match(errorOf(reply.items[1]!), /^LOADFAIL /);
  assert.equal(reply.items[2], nothing);
  origin.answering = (_request, response) => {
    response.statusCode = 404;
    response.end();
  };
  assert.equal(await client.send('GET', 'users:nobody'), nothing);
  client.close();
});

// --- fills

test('what a client sets after it missed the key is not kept where the key was changed meanwhile', async ({
  daemon,
}) => {
  const client = await RawClient.connect(daemon.socket);
  assert.equal(await client.send('GET', 'leased'), nothing);
  assert.is((await daemon.request('/cache/invalidate?default=1&key=leased', { method: 'POST' })).status, 204);
  assert.equal(await client.send('SET', 'leased', 'of before'), ok);
  assert.equal(await client.send('GET', 'leased'), nothing);
  assert.equal(await client.send('SET', 'leased', 'of now'), ok);
  assert.equal(await client.send('GET', 'leased'), bulk('of now'));
  assert.equal(await client.send('DEL', 'leased'), { type: ':', text: '1' });
  assert.equal(await client.send('SET', 'leased', 'after its own delete'), ok);
  assert.equal(await client.send('GET', 'leased'), bulk('after its own delete'));
  client.close();
});

test('where writes have no origin, what another set meanwhile voids nothing', async ({ daemon }) => {
  const client = await RawClient.connect(daemon.socket);
  const other = await RawClient.connect(daemon.socket);
  assert.equal(await client.send('GET', 'kept:session'), nothing);
  assert.equal(await other.send('SET', 'kept:session', 'other'), ok);
  assert.equal(await client.send('SET', 'kept:session', 'last'), ok);
  assert.equal(await other.send('GET', 'kept:session'), bulk('last'));
  assert.equal(await client.send('GET', 'lock'), nothing);
  assert.equal(await other.send('SET', 'lock', 'other'), ok);
  assert.equal(await other.send('DEL', 'lock'), { type: ':', text: '1' });
  assert.equal(await client.send('SET', 'lock', 'mine', 'NX'), ok);
  assert.equal(await other.send('GET', 'lock'), bulk('mine'));
  client.close();
  other.close();
});

// --- long values, and clients that do not read

test('a watched key that came and went, by whatever protocol, keeps EXEC from running', async ({
  daemon,
}) => {
  const client = await RawClient.connect(daemon.socket);
  assert.equal(await client.send('WATCH', 'watched'), ok);
  await daemon.put('/caches/default/watched', 'one');
  assert.equal(await client.send('DEL', 'watched'), { type: ':', text: '1' });
  assert.equal(await client.send('MULTI'), ok);
  assert.equal(await client.send('EXEC'), { type: '*-', text: '' });
  client.close();
});

test('who has read a key is told when it is given another end', async ({ daemon }) => {
  const [reader, other] = [new SocketClient(daemon), new SocketClient(daemon)];
  reader.send('HELLO 3', 'CLIENT TRACKING ON', 'SET ending x', 'GET ending');
  await reader.reads(/\$1 x $/);
  await other.says('EXPIRE ending 100', ':1');
  await reader.takes('>2 $10 invalidate *1 $6 ending');
  await reader.says('GET ending', '$1 x');
  await other.says('PERSIST ending', ':1');
  await reader.takes('>2 $10 invalidate *1 $6 ending');
  reader.end();
  other.end();
});

test('values of every length around the bounds come back as they were', async ({ daemon }) => {
  const client = await RawClient.connect(daemon.socket);
  for (const length of [0, 1, 16_384, 65_535, 65_536, 65_537, 300_000, 4 << 20]) {
    const value = Buffer.alloc(length, 'abcdefghijklmnopqrstuvwxyz\r\n').toString('latin1');
    assert.equal(await client.send('SET', 'long', value), ok);
    client.write(command('GET', 'long') + command('PING') + command('MGET', 'long', 'long'));
    assert.equal(await client.next(), bulk(value));
    assert.equal(await client.next(), { type: '+', text: 'PONG' });
    assert.equal(await client.next(), { type: '*', items: [bulk(value), bulk(value)] });
  }
  assert.match(errorOf(await client.send('SET', 'long', 'x'.repeat((4 << 20) * 2 + 1))), /^ERR /);
  client.close();
});

test('a client that does not take its replies is not read from, and costs the others nothing', async ({
  daemon,
}) => {
  const client = await RawClient.connect(daemon.socket);
  await client.send('SET', 'large', 'x'.repeat(50_000));
  const before = daemon.rssBytes;
  const silent: Socket[] = [];
  for (let i = 0; i < 10; i++) {
    const socket = daemon.connect();
    socket.pause();
    socket.write(command('GET', 'large').repeat(5_000));
    silent.push(socket);
  }
  for (let i = 0; i < 200; i++) assert.is((await client.send('GET', 'large')).type, '$');
  assert.ok(daemon.rssBytes - before < 24 << 20, `${daemon.rssBytes - before} bytes more`);
  // One that reads at last gets all of it.
  const late = silent[0]!;
  let bytes = 0;
  late.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  late.resume();
  const all = 5_000 * ('$50000\r\n'.length + 50_002);
  // It may take long, but not stand still.
  for (let before = 0; bytes < all; before = bytes) {
    await until(
      () => bytes > before || bytes >= all,
      () => `${bytes} bytes came`,
    );
  }
  assert.is(bytes, all);
  for (const socket of silent) socket.destroy();
  client.close();
});

test.run();
