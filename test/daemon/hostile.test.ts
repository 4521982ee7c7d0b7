// What no HTTP library would send, and what one only sends by mistake: refused, closed, and nobody else's trouble.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from './daemon.ts';

const test = suite<{ daemon: Daemon }>('hostile requests');

const SENTINEL = 'v4lu3-s3nt1n3l';

test.before(async (context) => {
  context.daemon = await Daemon.start({ config: { memory: '32M', http: '127.0.0.1:0' } });
  await context.daemon.put('/caches/default/a', SENTINEL);
});

test.after.each(async ({ daemon }) => {
  assert.is((await daemon.request('/caches/default/a')).text, SENTINEL);
});

test.after(async ({ daemon }) => {
  const { lines, output } = daemon;
  await daemon.stop('SIGKILL');
  assert.equal(
    lines.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  );
  assert.not.match(output, SENTINEL);
});

// --- not HTTP, or two readings of it

const GET = 'GET /caches/default/a HTTP/1.1\r\n';
const PUT = 'PUT /caches/default/smuggled HTTP/1.1\r\n';

for (const [what, bytes] of [
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex')],
  ['a version there never was', 'GET / HTTP/7.0\r\n\r\n'],
  [
    'both a length and chunks',
    `${PUT}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x`,
  ],
  ['two lengths', `${PUT}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`],
  ['a length that is no number', `${PUT}Content-Length: 5, 5\r\n\r\nhello`],
  ['a negative length', `${PUT}Content-Length: -5\r\n\r\nhello`],
  ['an encoding behind chunked', `${PUT}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ['a header over two lines', `${GET}X: a\r\n b\r\nY : c\r\n\r\n`],
  ['a space before the colon', `${GET}Content-Length : 0\r\n\r\n`],
  ['a bare CR in a header', `${GET}X: a\rb\r\n\r\n`],
  ['a zero byte in a header', `${GET}X: a\0b\r\n\r\n`],
  ['a space in the target', 'GET /caches/default/a b HTTP/1.1\r\n\r\n'],
] as const) {
  test(`${what}: 400, and the connection is closed`, async ({ daemon }) => {
    const answer = await daemon.raw(bytes);
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.match(answer, 'application/problem+json');
    assert.match(answer, 'Cache-Control: no-store');
    assert.is(answer.match(/HTTP\/1\.1 \d/g)!.length, 1, answer);
    assert.is((await daemon.request('/caches/default/smuggled')).status, 404);
  });
}

test('a bad chunk in the middle of an upload: 400, closed, nothing stored', async ({ daemon }) => {
  for (const chunk of ['zz\r\nhello\r\n', '5\r\nhelloX', 'fffffffffffffffff\r\n', '-1\r\n']) {
    const answer = await daemon.raw(`${PUT}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n${chunk}`);
    assert.match(answer, /^HTTP\/1\.1 400 /, chunk);
    assert.is((await daemon.request('/caches/default/smuggled')).status, 404);
  }
});

test('what follows a request and is no HTTP never gets into its answer', async ({ daemon }) => {
  const value = 'x'.repeat(2 << 20);
  await daemon.put('/caches/default/long', value);
  const answer = await daemon.raw('GET /caches/default/long HTTP/1.1\r\n\r\n\x01\x02 nonsense\r\n\r\n');
  const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
  // Cut short is allowed, mixed up is not.
  assert.ok(value.startsWith(body.slice(0, value.length)));
  assert.match(body.slice(value.length), /^(HTTP\/1\.1 400 .*)?$/s);
});

test('a head over 264 KiB: 431, closed', async ({ daemon }) => {
  assert.match(await daemon.raw(`${GET}X: ${'h'.repeat(300_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /);
});

test('CONNECT: 405, closed; an upgrade nobody offers is a request like any other', async ({ daemon }) => {
  assert.match(await daemon.raw('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n'), /^HTTP\/1\.1 405 /);
  const upgrade = `${GET}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`;
  assert.match(await daemon.raw(upgrade), new RegExp(`^HTTP/1\\.1 200 .*${SENTINEL}$`, 's'));
});

test('other methods: 405 with what is allowed', async ({ daemon }) => {
  for (const method of ['TRACE', 'OPTIONS', 'PATCH', 'POST', 'PROPFIND']) {
    const answer = await daemon.request('/caches/default/a', { method });
    assert.is(answer.status, 405, method);
    assert.is(answer.headers.allow, 'GET, HEAD, PUT, DELETE');
    assert.is(answer.headers['content-type'], 'application/problem+json');
  }
});

test('the absolute form of a target and HTTP/1.0 are understood', async ({ daemon }) => {
  const absolute = 'GET http://any.host/caches/default/a HTTP/1.1\r\nConnection: close\r\n\r\n';
  assert.match(await daemon.raw(absolute), SENTINEL);
  const old = await daemon.raw('GET /caches/default/a HTTP/1.0\r\n\r\n');
  assert.match(old, new RegExp(`^HTTP/1\\.1 200 .*${SENTINEL}$`, 's'));
});

test('Expect: 100-continue is answered before the body is sent; any other expectation 417', async ({
  daemon,
}) => {
  const socket = daemon.connect();
  socket.setEncoding('latin1').write(`${PUT}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`);
  const [first] = await once(socket, 'data');
  assert.match(String(first), /^HTTP\/1\.1 100 /);
  socket.write('ok');
  const [second] = await once(socket, 'data');
  assert.match(String(second), /^HTTP\/1\.1 201 /);
  socket.destroy();
  await daemon.request('/caches/default/smuggled', { method: 'DELETE' });
  assert.match(await daemon.raw(`${GET}Expect: the-unexpected\r\n\r\n`), /^HTTP\/1\.1 417 /);
});

test('Expect: 100-continue for more than is allowed: 413, and no body was asked for', async ({ daemon }) => {
  const answer = await daemon.raw(`${PUT}Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n`);
  assert.match(answer, /^HTTP\/1\.1 413 /);
});

// --- bodies

for (const overTcp of [false, true]) {
  const over = overTcp ? 'loopback HTTP' : 'the socket';
  for (const encoding of ['content-length', 'chunked'] as const) {
    test(`a ${encoding} body over the limit, over ${over}: 413 that can be read, closed`, async ({
      daemon,
    }) => {
      const headers: Record<string, string> =
        encoding === 'chunked' ? { 'transfer-encoding': 'chunked' } : {};
      const body = Buffer.alloc(5 << 20);
      const answer = await daemon.request('/caches/default/big', { method: 'PUT', body, headers, overTcp });
      assert.is(answer.status, 413);
      assert.is(answer.headers['content-type'], 'application/problem+json');
      assert.is(answer.headers.connection, 'close');
      assert.match(answer.text, 'max_value');
    });
  }
}

test('an upload that breaks off stores nothing and holds nothing', async ({ daemon }) => {
  for (let i = 0; i < 20; i++) {
    const socket = daemon.connect();
    socket.write('PUT /caches/default/broken HTTP/1.1\r\nContent-Length: 4000000\r\n\r\nonly so much');
    await once(socket, 'connect');
    socket.end();
  }
  await until(async () => (await daemon.json('/caches')).memory.receiving_bytes === 0);
  assert.is((await daemon.request('/caches/default/broken')).status, 404);
});

test('an upload that waits for room and whose sender goes away is forgotten', async ({ daemon }) => {
  const open: Socket[] = [];
  for (let i = 0; i < 12; i++) {
    const socket = daemon.connect();
    open.push(socket);
    socket.write(`PUT /caches/default/w${i} HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n.`);
  }
  await until(async () => (await daemon.json('/caches')).memory.receiving_bytes > 12e6);
  for (const socket of open) socket.destroy();
  await until(async () => (await daemon.json('/caches')).memory.receiving_bytes === 0);
  assert.is((await daemon.put('/caches/default/after', Buffer.alloc(4_000_000))).status, 201);
});

test('a part of a value is refused', async ({ daemon }) => {
  const headers = { 'content-range': 'bytes 0-4/10' };
  assert.is((await daemon.put('/caches/default/part', 'hello', headers)).status, 400);
});

test('half a request, then silence: 408, closed within 12 s; whoever says nothing at all, too', async ({
  daemon,
}) => {
  const startedAtMs = performance.now();
  const [half, none] = await Promise.all([daemon.raw(`${GET}X: y`), daemon.raw('')]);
  assert.match(half, /^HTTP\/1\.1 408 /);
  assert.match(half, 'application/problem+json');
  assert.match(none, /^HTTP\/1\.1 408 /);
  assert.ok(performance.now() - startedAtMs < 14_000);
});

// --- many at once on one connection

test('1,000 requests sent at once are answered in order, or refused from one on', async ({ daemon }) => {
  const sent = Array.from({ length: 1000 }, (_, i) => `GET /caches/default/n${i} HTTP/1.1\r\n\r\n`).join('');
  for (let i = 0; i < 1000; i++) if (i % 2 === 0) await daemon.put(`/caches/default/n${i}`, `<${i}>`);
  const answer = await daemon.raw(sent);
  const values = [...answer.matchAll(/<(\d+)>/g)].map(([, n]) => Number(n));
  assert.ok(values.length > 50);
  assert.equal(
    values,
    values.map((_, i) => 2 * i),
  );
  assert.match(answer, /HTTP\/1\.1 503 .*too many requests/s);
});

test('reads behind an upload on one connection wait for it', async ({ daemon }) => {
  const value = 'u'.repeat(300_000);
  const answer = await daemon.raw(
    `${GET}\r\nPUT /caches/default/up HTTP/1.1\r\nContent-Length: ${value.length}\r\n\r\n${value}` +
      'GET /caches/default/up HTTP/1.1\r\nConnection: close\r\n\r\n',
  );
  assert.equal(
    [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status),
    ['200', '201', '200'],
  );
  assert.ok(answer.endsWith(value));
});

// --- loopback

test('over loopback HTTP, no page of a browser gets in: Host 421, Origin and other sites 403', async ({
  daemon,
}) => {
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await daemon.request('/caches/default/a', { headers, overTcp: true })).status;
  assert.is(await ask({}), 200);
  for (const host of ['localhost', 'LOCALHOST:7070', '127.0.0.1', '127.1.2.3:80', '[::1]:7070'])
    assert.is(await ask({ host }), 200, host);
  for (const host of [
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '10.0.0.1',
    '[::2]',
  ])
    assert.is(await ask({ host }), 421, host);
  assert.is(await ask({ origin: 'http://localhost' }), 403);
  assert.is(await ask({ origin: 'null' }), 403);
  assert.is(await ask({ 'sec-fetch-site': 'none' }), 200);
  assert.is(await ask({ 'sec-fetch-site': 'same-origin' }), 200);
  assert.is(await ask({ 'sec-fetch-site': 'same-site' }), 403);
  assert.is(await ask({ 'sec-fetch-site': 'cross-site' }), 403);
});

test('the socket has no such rules: what is on it was let in by the file system', async ({ daemon }) => {
  const headers = { host: 'evil.example', origin: 'http://evil.example', 'sec-fetch-site': 'cross-site' };
  assert.is((await daemon.request('/caches/default/a', { headers })).status, 200);
  assert.match(await daemon.raw(`${GET}Connection: close\r\n\r\n`), SENTINEL);
});

test.run();
