// Entries over HTTP: what is written is what is read, byte by byte, and under the key that was meant.

import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tool } from '../tools.ts';
import { type Answered, Daemon, until } from './daemon.ts';

const test = suite<{ daemon: Daemon }>('entries over HTTP');
const curl = tool('curl');

test.before(async (context) => {
  const caches = { default: {}, other: {}, pages: {} };
  context.daemon = await Daemon.start({ config: { caches, memory: '32M' } });
});

test.after(async ({ daemon }) => {
  await daemon.stop('SIGKILL');
});

function assertProblem(answer: Answered, status: number, detail: RegExp = /./): void {
  assert.is(answer.status, status, answer.text);
  assert.is(answer.headers['content-type'], 'application/problem+json');
  assert.is(answer.headers['cache-control'], 'no-store');
  const problem = JSON.parse(answer.text);
  assert.is(problem.status, status);
  assert.match(problem.type, /^urn:sidecache:[a-z_]+$/);
  assert.match(problem.detail, detail);
}

/** Every byte percent-encoded, so that no client library has a say in it. */
function encoded(key: Uint8Array): string {
  return [...key].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

(curl ? test : test.skip)('with curl: PUT says 201, GET the value as a hit', ({ daemon }) => {
  const run = (...args: string[]): string =>
    execFileSync(curl!, ['-sS', '--unix-socket', daemon.socket, ...args], { encoding: 'utf8' });
  const url = 'http://x/caches/default/greeting';
  assert.is(run('-X', 'PUT', '-d', 'hello', '-o', '/dev/null', '-w', '%{http_code}', url), '201');
  const answer = run('-i', url);
  assert.match(answer, /^Cache-Status: sidecache; hit\r$/m);
  assert.match(answer, /\r\n\r\nhello$/);
});

test('a value leaves with what keeps it private and harmless', async ({ daemon }) => {
  await daemon.put('/caches/default/page', '<script>1</script>', { 'content-type': 'text/html' });
  const { headers } = await daemon.request('/caches/default/page');
  assert.is(headers['content-type'], 'text/html');
  assert.is(headers['cache-control'], 'private, no-cache');
  assert.is(headers['x-content-type-options'], 'nosniff');
  assert.is(headers['content-security-policy'], 'sandbox');
  assert.is(headers['sidecache-instance'], '-');
  assert.is(headers.age, '0');
});

test('a new entry 201, a replaced one 204, a deleted one 404, deleting nothing 204', async ({ daemon }) => {
  assert.is((await daemon.put('/caches/default/life', '1')).status, 201);
  assert.is((await daemon.put('/caches/default/life', '2')).status, 204);
  assert.is((await daemon.request('/caches/default/life')).text, '2');
  assert.is((await daemon.request('/caches/default/life', { method: 'DELETE' })).status, 204);
  assertProblem(await daemon.request('/caches/default/life'), 404);
  assert.is((await daemon.request('/caches/default/life', { method: 'DELETE' })).status, 204);
});

test('an empty value is a value', async ({ daemon }) => {
  await daemon.put('/caches/default/empty', '');
  const answer = await daemon.request('/caches/default/empty');
  assert.is(answer.status, 200);
  assert.is(answer.body.length, 0);
});

for (const length of [1, 4096, 4097, 16_384, 16_385, 1_000_000, 4_194_304]) {
  test(`a value of ${length} bytes comes back as it was, also chunked`, async ({ daemon }) => {
    const value = Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
    for (const headers of [{}, { 'transfer-encoding': 'chunked' }] as Record<string, string>[]) {
      await daemon.put('/caches/default/sized', value, headers);
      const answer = await daemon.request('/caches/default/sized');
      assert.ok(answer.body.equals(value));
      assert.is(answer.headers['content-length'], String(length));
    }
  });
}

test('HEAD is GET without the value', async ({ daemon }) => {
  await daemon.put('/caches/default/head', 'x'.repeat(20_000));
  const [get, head] = [
    await daemon.request('/caches/default/head'),
    await daemon.request('/caches/default/head', { method: 'HEAD' }),
  ];
  assert.is(head.status, 200);
  assert.is(head.body.length, 0);
  assert.is(head.headers['content-length'], '20000');
  assert.is(head.headers.etag, get.headers.etag);
});

// --- keys

for (const [what, key] of [
  ['slashes', 'a/b//c/'],
  ['a percent sign', '100%'],
  ['what looks encoded', '%41%2F'],
  ['question and hash', 'a?b#c'],
  ['a zero byte', '\0'],
  ['dots', '../../etc/passwd'],
  ['one dot', '.'],
  ['a plus', 'a+b c'],
  ['an ampersand and an equals sign', 'a&b=c'],
  ['nothing', ''],
  ['bytes that are no UTF-8', '\xff\xfe\x80'],
] as const) {
  test(`a key with ${what} is itself and no other, in the path and as ?key=`, async ({ daemon }) => {
    const name = encoded(Buffer.from(key, 'latin1'));
    assert.is((await daemon.put(`/caches/other/${name}`, `of ${what}`)).status, 201);
    assert.is((await daemon.request(`/caches/other?key=${name}`)).text, `of ${what}`);
    assert.is((await daemon.request(`/caches/other/${name}`)).text, `of ${what}`);
    assert.is((await daemon.request(`/caches/other?key=${name}`, { method: 'DELETE' })).status, 204);
    assert.is((await daemon.request(`/caches/other/${name}`)).status, 404);
  });
}

test('keys of all 256 bytes are 256 entries', async ({ daemon }) => {
  for (let byte = 0; byte < 256; byte++)
    await daemon.put(`/caches/other/b${encoded([byte] as never)}`, `${byte}`);
  for (let byte = 0; byte < 256; byte++)
    assert.is((await daemon.request(`/caches/other/b${encoded([byte] as never)}`)).text, `${byte}`);
});

test('a plus in a query is a plus; what needs no encoding may be encoded', async ({ daemon }) => {
  await daemon.put('/caches/default?key=a+b', 'plus');
  assert.is((await daemon.request('/caches/default/%61%2bb')).text, 'plus');
  assert.is((await daemon.request('/caches/default/a%20b')).status, 404);
});

test('a key of 64 KiB is a key, one byte more is not', async ({ daemon }) => {
  for (const [make, name] of [
    [(n: number) => 'k'.repeat(n), 'plain'],
    [(n: number) => '%00'.repeat(n), 'encoded'],
  ] as const) {
    for (const path of ['/caches/default/', '/caches/default?key=']) {
      assert.ok([201, 204].includes((await daemon.put(path + make(65_536), name)).status));
      assert.is((await daemon.request(path + make(65_536))).text, name);
      assertProblem(await daemon.put(path + make(65_537), name), 400, /65536 bytes/);
      assertProblem(await daemon.request(path + make(65_537)), 400, /65536 bytes/);
      assertProblem(await daemon.request(path + make(65_537), { method: 'DELETE' }), 400);
    }
    assertProblem(await daemon.request(`/caches/default?key=${make(65_537)}&explain=1`), 400);
  }
});

test('a malformed % is refused wherever it stands', async ({ daemon }) => {
  for (const target of [
    '/caches/default/%',
    '/caches/default/a%2',
    '/caches/default/%zz',
    '/caches/default?key=%g0',
  ])
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE'])
      assert.is((await daemon.request(target, { method })).status, 400, `${method} ${target}`);
  assertProblem(await daemon.request('/caches/default/%'), 400, /%-encoding/);
});

test('a key in the path and in the query is one too many', async ({ daemon }) => {
  assertProblem(await daemon.request('/caches/default/a?key=b'), 400);
});

test('an unknown cache is 404, and the known ones are named', async ({ daemon }) => {
  for (const target of ['/caches/nope/a', '/caches/nope', '/caches/nope?key=a', '/caches/'])
    assertProblem(await daemon.request(target), 404, /default, other, pages/);
  assertProblem(await daemon.put('/caches/nope/a', 'x'), 404);
});

// --- attributes and conditions

test('content types and tags are validated', async ({ daemon }) => {
  const put = (headers: Record<string, string>): Promise<Answered> =>
    daemon.put('/caches/default/typed', 'x', headers);
  assert.ok([201, 204].includes((await put({ 'content-type': 'a'.repeat(255) })).status));
  assertProblem(await put({ 'content-type': 'a'.repeat(256) }), 400, /255/);
  assertProblem(await put({ 'content-type': 'text/\xe4' }), 400);
  assert.is(
    (await put({ 'surrogate-key': Array.from({ length: 64 }, (_, i) => `t${i}`).join(' ') })).status,
    204,
  );
  assertProblem(
    await put({ 'surrogate-key': Array.from({ length: 65 }, (_, i) => `t${i}`).join(' ') }),
    400,
    /64/,
  );
  assertProblem(await put({ 'surrogate-key': 't'.repeat(257) }), 400, /256/);
  assertProblem(await put({ 'surrogate-key': 't\xe4g' }), 400);
  const [typed] = [await daemon.json('/caches/default/typed?explain=1')];
  assert.is(typed.tags.length, 64);
});

test('If-None-Match: * creates, and only creates; If-Match replaces what it names', async ({ daemon }) => {
  const put = (value: string, headers: Record<string, string>): Promise<Answered> =>
    daemon.put('/caches/default/if', value, headers);
  assertProblem(await put('0', { 'if-match': '*' }), 412);
  const created = await put('1', { 'if-none-match': '*' });
  assert.is(created.status, 201);
  assertProblem(await put('2', { 'if-none-match': '*' }), 412);
  assertProblem(await put('2', { 'if-match': '"other"' }), 412);
  const replaced = await put('2', { 'if-match': created.headers.etag! });
  assert.is(replaced.status, 204);
  assertProblem(await put('3', { 'if-match': created.headers.etag! }), 412);
  assert.is((await daemon.request('/caches/default/if')).text, '2');
});

test('who has the value already is told so with 304', async ({ daemon }) => {
  await daemon.put('/caches/default/etag', 'x');
  const { headers } = await daemon.request('/caches/default/etag');
  for (const match of [headers.etag!, `W/${headers.etag}`, `"a", ${headers.etag}`, '*']) {
    const again = await daemon.request('/caches/default/etag', { headers: { 'if-none-match': match } });
    assert.is(again.status, 304, match);
    assert.is(again.body.length, 0);
    assert.is(again.headers.etag, headers.etag);
  }
  const other = await daemon.request('/caches/default/etag', { headers: { 'if-none-match': '"no"' } });
  assert.is(other.status, 200);
});

test('a miss gives a lease; filling with it works once nothing changed, and is refused after a change', async ({
  daemon,
}) => {
  const miss = await daemon.request('/caches/default/leased');
  assertProblem(miss, 404);
  const lease = String(miss.headers['sidecache-lease']);
  assert.is((await daemon.put('/caches/default/leased', 'v', { 'sidecache-lease': lease })).status, 201);
  await daemon.request('/caches/default/leased', { method: 'DELETE' });
  assertProblem(await daemon.put('/caches/default/leased', 'v', { 'sidecache-lease': lease }), 412, /lease/);
  assertProblem(await daemon.put('/caches/default/leased', 'v', { 'sidecache-lease': '1-earlierlife' }), 412);
  assertProblem(await daemon.put('/caches/default/leased', 'v', { 'sidecache-lease': '!' }), 400);
  assert.is((await daemon.request('/caches/default/leased')).status, 404);
});

test('ttl ends an entry; what is no time is refused', async ({ daemon }) => {
  assert.is((await daemon.put('/caches/default/short?ttl=50ms', 'x')).status, 201);
  await until(async () => (await daemon.request('/caches/default/short')).status === 404);
  for (const ttl of ['5', '-1s', '0s', '1y', 'off', '', '366d'])
    assertProblem(await daemon.put(`/caches/default/short?ttl=${ttl}`, 'x'), 400, /ttl/);
});

test('unknown parameters are refused, and named', async ({ daemon }) => {
  assertProblem(await daemon.request('/caches/default/a?tll=1s'), 400, /tll/);
  assertProblem(await daemon.put('/caches/default/a?tll=1s', 'x'), 400, /tll/);
  assertProblem(await daemon.request('/caches/default/a?ttl=1s', { method: 'DELETE' }), 400, /ttl/);
  assertProblem(await daemon.request('/caches/default?lmit=1'), 400, /lmit/);
  assertProblem(await daemon.put('/caches/default/a?fill=maybe', 'x'), 400, /fill/);
});

test('explain tells what is known, and does not count as a read', async ({ daemon }) => {
  await daemon.put('/caches/default/e%2Fx', 'value', {
    'content-type': 'text/plain',
    'surrogate-key': 'one two',
  });
  const before = (await daemon.json('/caches')).caches[0].reads;
  const told = await daemon.json('/caches/default/e%2Fx?explain=1');
  assert.is(told.key, 'e%2Fx');
  assert.is(told.state, 'fresh');
  assert.is(told.size_bytes, 5);
  assert.is(told.content_type, 'text/plain');
  assert.equal(told.tags, ['one', 'two']);
  assert.is((await daemon.json('/caches/default/nothing?explain=1')).state, 'absent');
  assert.equal((await daemon.json('/caches')).caches[0].reads, before);
});

// --- lists

test('a listing has each key exactly once, whatever the page', async ({ daemon }) => {
  const names = Array.from({ length: 300 }, (_, i) => (i % 3 === 0 ? `p/${i}` : `\xe4\0${i}`));
  for (const name of names) await daemon.put(`/caches/pages/${encoded(Buffer.from(name, 'latin1'))}`, '');
  for (const limit of [1, 7, 100, 10_000]) {
    const found = await listed(daemon, `limit=${limit}`);
    assert.equal(found.map(decoded).sort(), [...names].sort(), `limit ${limit}`);
  }
  const prefixed = await listed(daemon, 'limit=10&prefix=p%2F');
  assert.equal(prefixed.map(decoded).sort(), names.filter((name) => name.startsWith('p/')).sort());
  assert.equal(await listed(daemon, 'prefix=none'), []);
  for (const wrong of ['limit=0', 'limit=10001', 'limit=x', 'cursor=-1', 'cursor=x'])
    assertProblem(await daemon.request(`/caches/pages?${wrong}`), 400);
});

test('the caches are listed with their settings and counters', async ({ daemon }) => {
  const { caches, instance, memory } = await daemon.json('/caches');
  assert.equal(
    caches.map(({ name }: { name: string }) => name),
    ['default', 'other', 'pages'],
  );
  assert.is(instance.state, 'ready');
  assert.is(memory.limit_bytes, 32 << 20);
  for (const cache of caches) assert.is(cache.loader, false);
});

async function listed(daemon: Daemon, parameters: string): Promise<string[]> {
  const keys: string[] = [];
  let cursor = '';
  do {
    const page = await daemon.json(`/caches/pages?${parameters}${cursor && `&cursor=${cursor}`}`);
    keys.push(...page.keys);
    cursor = page.cursor ?? '';
  } while (cursor !== '');
  return keys;
}

function decoded(key: string): string {
  return key.replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

test('long values have V8 collect what is young, not all that it holds', async () => {
  const daemon = await Daemon.start({ config: { memory: '64M' }, node: ['--trace-gc'] });
  try {
    // So V8 says of collections that it was asked for.
    const asked = (kind: RegExp): string[] =>
      daemon.output.split('\n').filter((line) => kind.test(line) && line.includes('testing'));
    for (let i = 0; asked(/Scavenge|Minor/).length < 2; i++) {
      assert.ok(i < 100, 'it was not asked to collect');
      await daemon.request(`/caches/default/${i}`, { method: 'PUT', body: Buffer.alloc(1 << 20) });
    }
    assert.equal(asked(/Mark-Compact/), []);
  } finally {
    await daemon.stop('SIGKILL');
  }
});

test.run();
