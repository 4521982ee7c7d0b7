// One call to an app, over the network.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAppUrl } from '../../src/notify/app-url.ts';
import type { Told } from '../../src/notify/job.ts';
import type { PostAnswer } from '../../src/notify/notifier.ts';
import { createPoster, type Poster } from '../../src/notify/post.ts';
import { systemClock } from '../../src/system-clock.ts';
import { body, change } from './scripted-app.ts';

const RESYNC_ID = 'mwrc0123456789ab-0';

const test = suite('posts to the app');

const PATH = '/api/v1/refresh_all';
const SHORT_MS = 150;
const LONG_MS = 30_000;

interface Heard {
  readonly request: IncomingMessage;
  readonly text: string;
}

interface App {
  readonly url: string;
  readonly heard: Heard[];
  readonly connections: Socket[];
}

/** Runs `use` with a poster to an app that answers as given, and leaves nothing open. */
async function withApp(
  server: Server,
  heard: Heard[],
  use: (poster: Poster, app: App) => Promise<void>,
  { timeoutMs = LONG_MS, userinfo = '', path = PATH } = {},
): Promise<void> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://${userinfo}127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const poster = createPoster(parseAppUrl(url), timeoutMs, systemClock, RESYNC_ID);
  try {
    await use(poster, { url, heard, connections });
  } finally {
    poster.close();
    for (const socket of connections) socket.destroy();
    server.close();
    await once(server, 'close');
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse, n: number) => void;

async function answering(
  handler: Handler,
  use: (poster: Poster, app: App) => Promise<void>,
  options: { timeoutMs?: number; userinfo?: string; path?: string } = {},
): Promise<void> {
  const heard: Heard[] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += chunk;
    heard.push({ request, text });
    handler(request, response, heard.length);
  });
  await withApp(server, heard, use, options);
}

/** `say` is called with each connection when the head of a request came in. */
async function raw(
  say: (socket: Socket, n: number) => void,
  use: (poster: Poster, app: App) => Promise<void>,
  options: { timeoutMs?: number } = {},
): Promise<void> {
  let n = 0;
  const server = createRawServer((socket) => socket.on('data', () => say(socket, ++n)));
  await withApp(server, [], use, options);
}

const plain = change('0abc-7', { keys: [Buffer.from('a b/é')], tags: ['t'], prefixes: [Buffer.from('p:')] });

function ends(status: number, headers: Record<string, string> = {}): Handler {
  return (_, response) => void response.writeHead(status, headers).end();
}

for (const status of [200, 201, 202, 204, 299]) {
  test(`an app that answers ${status} has taken it`, () =>
    answering(ends(status), async (poster) => {
      assert.equal(await poster.post(plain), { ok: true });
    }));
}

for (const status of [304, 400, 404, 429, 500, 503]) {
  test(`an app that answers ${status} has not taken it`, () =>
    answering(ends(status), async (poster) => {
      assert.equal(await poster.post(plain), { ok: false, why: `answered ${status}` });
    }));
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect (${status}) is not followed`, () =>
    answering(ends(status, { location: '/elsewhere' }), async (poster, { heard }) => {
      const why = `answered ${status}: redirects are not followed`;
      assert.equal(await poster.post(plain), { ok: false, why });
      assert.is(heard.length, 1);
    }));
}

test('a change is told as JSON, keys percent-encoded, with the id that a handler repeats', () =>
  answering(ends(200), async (poster, { heard }) => {
    await poster.post(plain);
    const { request, text } = heard[0]!;
    assert.is(request.method, 'POST');
    assert.is(request.url, PATH);
    assert.is(request.headers['content-type'], 'application/json');
    assert.is(request.headers['sidecache-event'], '0abc-7');
    assert.is(request.headers['user-agent'], 'sidecache');
    assert.is(request.headers['content-length'], String(Buffer.byteLength(text)));
    assert.equal(JSON.parse(text), {
      kind: 'invalidate',
      caches: ['users'],
      keys: ['a%20b%2F%C3%A9'],
      tags: ['t'],
      prefixes: ['p%3A'],
    });
  }));

test('a body is handed on as it came, with its content type', () =>
  answering(ends(200), async (poster, { heard }) => {
    await poster.post({ ...plain, body: { contentType: 'text/csv', bytes: Buffer.from('a;b\n') } });
    assert.is(heard[0]!.text, 'a;b\n');
    assert.is(heard[0]!.request.headers['content-type'], 'text/csv');
    assert.is(heard[0]!.request.headers['sidecache-event'], '0abc-7');
  }));

test('a resync is told as JSON', () =>
  answering(ends(200), async (poster, { heard }) => {
    await poster.post({ kind: 'resync' });
    assert.is(heard[0]!.text, '{"kind":"resync"}');
    assert.is(heard[0]!.request.headers['sidecache-event'], RESYNC_ID);
    assert.is(heard[0]!.request.headers['content-type'], 'application/json');
  }));

test('userinfo of the URL is sent as Basic, and neither it nor the query is named', () =>
  answering(
    ends(500),
    async (poster, { heard, url }) => {
      const answer = await poster.post(plain);
      const { authorization } = heard[0]!.request.headers;
      assert.is(authorization, `Basic ${Buffer.from('us er:p@ss%').toString('base64')}`);
      assert.is(heard[0]!.request.url, `${PATH}?token=hidden`);
      assert.not.match(JSON.stringify([answer, parseAppUrl(url).name]), /ss%|hidden|us.*er/);
    },
    { userinfo: 'us%20er:p%40ss%@', path: `${PATH}?token=hidden` },
  ));

test('the connection is used again', () =>
  answering(
    (_, response) => void response.end('thanks'),
    async (poster, { connections }) => {
      for (let i = 0; i < 5; i++) assert.equal(await poster.post(plain), { ok: true });
      assert.is(connections.length, 1);
    },
  ));

test('an app that never answers is given up when the time is over', () =>
  answering(
    () => undefined,
    async (poster) => {
      const why = `did not answer within ${SHORT_MS} ms`;
      assert.equal(await poster.post(plain), { ok: false, why });
    },
    { timeoutMs: SHORT_MS },
  ));

test('an answer that does not end is given up when the time is over', () =>
  answering(
    (_, response) => void response.writeHead(200, { 'content-length': '10' }).write('x'),
    async (poster) => {
      const why = `answered, but not to the end within ${SHORT_MS} ms`;
      assert.equal(await poster.post(plain), { ok: false, why });
    },
    { timeoutMs: SHORT_MS },
  ));

test('a huge answer is not read to its end', () =>
  answering(
    (_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(16 * 1024)));
      };
      response.on('drain', more);
      more();
    },
    async (poster, { connections }) => {
      assert.equal(await poster.post(plain), { ok: true });
      await closed(connections[0]!);
    },
  ));

test('a connection cut before the answer is a failure', () =>
  raw(
    (socket) => socket.resetAndDestroy(),
    async (poster) => {
      const why = 'closed the connection before it answered';
      assert.equal(await poster.post(plain), { ok: false, why });
    },
  ));

test('an answer that is cut off is a failure', () =>
  raw(
    (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx'),
    async (poster) => {
      const why = 'closed the connection before the end of its answer';
      assert.equal(await poster.post(plain), { ok: false, why });
    },
  ));

test('what is not HTTP is a failure', () =>
  raw(
    (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    async (poster) => {
      const answer = await poster.post(plain);
      assert.match(whyOf(answer), /^could not be told \(HPE_[A-Z_]+\)$/);
    },
  ));

test('another protocol is a failure, at once', () =>
  raw(
    (socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
    async (poster) => {
      assert.match(whyOf(await poster.post(plain)), /^answered 101/);
    },
  ));

test('a kept-alive connection that the app closed meanwhile is no failure', () =>
  raw(
    (socket, n) => {
      if (n === 2) socket.resetAndDestroy();
      else socket.write('HTTP/1.1 204 No Content\r\n\r\n');
    },
    async (poster, { connections }) => {
      assert.equal(await poster.post(plain), { ok: true });
      assert.equal(await poster.post(plain), { ok: true });
      assert.is(connections.length, 2);
    },
  ));

test('nobody there is a failure, in words', async () => {
  const server = createRawServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const poster = createPoster(parseAppUrl(`http://127.0.0.1:${port}/`), LONG_MS, systemClock, RESYNC_ID);
  assert.equal(await poster.post(plain), { ok: false, why: 'refused the connection' });
  poster.close();
});

test('closing breaks off the call in flight', () =>
  answering(
    () => poster?.close(),
    async (given) => {
      poster = given;
      assert.equal(await given.post(plain), {
        ok: false,
        why: 'was not waited for: the daemon is ending',
      });
    },
  ));
let poster: Poster | undefined;

test('what cannot be sent is a failure without its content', () =>
  answering(ends(200), async (given, { heard }) => {
    const told: Told = { ...plain, body: { ...body('hidden')!, contentType: 'bad\r\nvalue' } };
    const answer = await given.post(told);
    assert.match(whyOf(answer), /^could not be told \(\w+\)$/);
    assert.is(heard.length, 0);
  }));

/** Not events.once: that rejects at the error which a reset is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

function whyOf(answer: PostAnswer): string {
  return answer.ok ? 'ok' : answer.why;
}

test.run();
