// get, set, delete, explain: what they ask the daemon, and what they print of its answers.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { LABELS } from '../../src/commands/explain.ts';
import { type Canned, type FakeDaemon, problem, startFakeDaemon, temporarySocket } from './fake-daemon.ts';
import { type Ran, runCommand, type Surroundings } from './fake-host.ts';

const test = suite('commands on entries');

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const open: FakeDaemon[] = [];

test.after.each(async () => {
  await Promise.all(open.splice(0).map((daemon) => daemon.close()));
});

async function against(
  canned: Canned,
  argv: readonly string[],
  around: Surroundings = {},
): Promise<Ran & { asked: FakeDaemon['asked'] }> {
  const daemon = await startFakeDaemon(() => canned);
  open.push(daemon);
  const ran = await runCommand(argv, { ...around, env: { SIDECACHE_SOCKET: daemon.socket, ...around.env } });
  return { ...ran, asked: daemon.asked };
}

test('get prints a value byte for byte', async () => {
  const { exitCode, stdoutBytes, stderr, asked } = await against({ body: EVERY_BYTE }, [
    'get',
    'users',
    '42',
  ]);
  assert.is(exitCode, 0);
  assert.ok(stdoutBytes.equals(EVERY_BYTE));
  assert.is(stderr, '');
  assert.is(`${asked[0]?.method} ${asked[0]?.target}`, 'GET /caches/users/42');
});

test('a key is sent as its bytes, whatever they are', async () => {
  const keys: [string, string][] = [
    ['a/b?c#d%e f+g', 'a%2Fb%3Fc%23d%25e%20f%2Bg'],
    ['042', '042'],
    ['1e3', '1e3'],
    ['größe', 'gr%C3%B6%C3%9Fe'],
    ['.', '%2E'],
    ['..', '%2E%2E'],
    ['a..b', 'a..b'],
    ['true', 'true'],
  ];
  for (const [key, inUrl] of keys) {
    const { asked } = await against({}, ['get', 'users', key]);
    assert.is(asked[0]?.target, `/caches/users/${inUrl}`);
  }
});

test('a key that begins with a dash is a key after --', async () => {
  const { asked, exitCode } = await against({}, ['get', 'users', '--', '--socket']);
  assert.is(exitCode, 0);
  assert.is(asked[0]?.target, '/caches/users/--socket');
});

test('an encoded key reaches the daemon with every byte it had, valid UTF-8 or not', async () => {
  const { asked } = await against({}, ['get', 'users', '--encoded', '%00%ff%2Fa%']);
  assert.is(asked.length, 0, 'a lone % is refused before asking');
  const { asked: second } = await against({}, ['get', 'users', '--encoded', '%00%ff%2Fa']);
  assert.is(second[0]?.target, '/caches/users/%00%FF%2Fa');
});

test('get of a missing entry prints nothing and exits 3', async () => {
  const gone = problem(404, 'not_found', 'users has no such entry');
  const { exitCode, stdout, stderr } = await against(gone, ['get', 'users', '1']);
  assert.is(exitCode, 3);
  assert.is(stdout, '');
  assert.is(stderr, 'sidecache: users has no such entry\n');
});

test('get of an entry whose load failed exits 1 with the daemon’s reason', async () => {
  const failed = problem(502, 'load_failed', 'the origin answered 500');
  const { exitCode, stderr } = await against(failed, ['get', 'users', '1']);
  assert.is(exitCode, 1);
  assert.match(stderr, 'the origin answered 500');
});

test('a value cut short is an error, not a shorter value', async () => {
  const cut = { headers: { 'Content-Length': '10' }, body: 'half', breaksOff: true };
  const { exitCode, stderr } = await against(cut, ['get', 'users', '1']);
  assert.is(exitCode, 1);
  assert.match(stderr, 'before the value was complete');
});

test('get --include shows the head on standard error and leaves standard output alone', async () => {
  const canned = { headers: { 'Cache-Status': 'sidecache; hit' }, body: 'v' };
  const { stdout, stderr } = await against(canned, ['get', 'users', '1', '--include']);
  assert.is(stdout, 'v');
  assert.match(stderr, /^HTTP\/1\.1 200 OK\n/);
  assert.match(stderr, 'Cache-Status: sidecache; hit\n');
});

test('a terminal shows control characters of a value and does not obey them', async () => {
  const canned = { body: 'a\x1b]0;title\x07\tb\n\u009b2Jc' };
  const { stdout } = await against(canned, ['get', 'users', '1'], { terminal: true });
  assert.is(stdout, 'a\\x1b]0;title\\x07\tb\n\\x9b2Jc\n');
});

test('get --json holds text as text and other bytes as base64', async () => {
  const text = await against({ headers: { ETag: '"1"' }, body: 'grün' }, ['get', 'users', 'a b', '--json']);
  assert.equal(
    { ...JSON.parse(text.stdout), etag: undefined },
    {
      cache: 'users',
      key: 'a%20b',
      content_type: null,
      etag: undefined,
      age_s: null,
      cache_status: null,
      size: 5,
      value: 'grün',
    },
  );
  const bytes = await against({ body: EVERY_BYTE }, ['get', 'users', '1', '--json']);
  assert.is(JSON.parse(bytes.stdout).value_base64, EVERY_BYTE.toString('base64'));
});

test('a reader that went away is no failure', async () => {
  const gone = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
  }).on('error', () => {});
  const { exitCode, stderr } = await against({ body: 'v' }, ['get', 'users', '1'], { stdout: gone });
  assert.is(exitCode, 0);
  assert.is(stderr, '');
});

test('a full disk is a failure', async () => {
  const full = new Writable({
    write: (_chunk, _encoding, done) => done(Object.assign(new Error('no space left'), { code: 'ENOSPC' })),
  }).on('error', () => {});
  const { exitCode, stderr } = await against({ body: 'v' }, ['get', 'users', '1'], { stdout: full });
  assert.is(exitCode, 1);
  assert.match(stderr, 'no space left');
});

test('set sends value, times, type and tags', async () => {
  const argv = [
    'set',
    'users',
    '42',
    'grün',
    '--ttl',
    '30s',
    '--content-type',
    'text/plain',
    '--tag',
    'a',
    '--tag',
    'team:7',
  ];
  const { exitCode, stdout, asked } = await against({ status: 201 }, argv);
  const [put] = asked;
  assert.is(exitCode, 0);
  assert.is(stdout, '');
  assert.is(`${put?.method} ${put?.target}`, 'PUT /caches/users/42?ttl=30s');
  assert.is(put?.body.toString(), 'grün');
  assert.is(put?.headers['content-length'], '5');
  assert.is(put?.headers['content-type'], 'text/plain');
  assert.is(put?.headers['surrogate-key'], 'a team:7');
  assert.is(put?.headers['if-none-match'], undefined);
});

test('set reads standard input byte for byte where there is no value, or - for one', async () => {
  for (const value of [[], ['-']]) {
    const stdin = Readable.from([EVERY_BYTE, EVERY_BYTE]);
    const { asked } = await against({ status: 204 }, ['set', 'users', '42', ...value], { stdin });
    assert.ok(asked[0]?.body.equals(Buffer.concat([EVERY_BYTE, EVERY_BYTE])));
  }
});

test('set without a value at a terminal is a mistake, not a wait', async () => {
  const { exitCode, stderr, asked } = await against({}, ['set', 'users', '42'], { terminal: true });
  assert.is(exitCode, 2);
  assert.match(stderr, 'VALUE is missing');
  assert.is(asked.length, 0);
});

test('an empty value is a value', async () => {
  const { exitCode, asked } = await against({ status: 201 }, ['set', 'users', '42', '']);
  assert.is(exitCode, 0);
  assert.is(asked[0]?.headers['content-length'], '0');
});

test('set --if-absent asks for exactly that, and exits 1 when the entry is there', async () => {
  const there = problem(412, 'precondition_failed', 'the entry is not as If-None-Match says');
  const { exitCode, stderr, asked } = await against(there, ['set', 'users', '42', 'v', '--if-absent']);
  assert.is(asked[0]?.headers['if-none-match'], '*');
  assert.is(exitCode, 1);
  assert.is(stderr, 'sidecache: there is already an entry under this key\n');
});

test('--fill and --change say what a write means, and exclude each other', async () => {
  assert.is((await against({}, ['set', 'c', 'k', 'v', '--fill'])).asked[0]?.target, '/caches/c/k?fill=1');
  assert.is((await against({}, ['set', 'c', 'k', 'v', '--change'])).asked[0]?.target, '/caches/c/k?change=1');
  assert.is((await against({}, ['set', 'c', 'k', 'v', '--fill', '--change'])).exitCode, 2);
});

test('a tag with a blank would be two tags and is refused', async () => {
  const { exitCode, asked } = await against({}, ['set', 'c', 'k', 'v', '--tag', 'a b']);
  assert.is(exitCode, 2);
  assert.is(asked.length, 0);
});

test('a refusal in the middle of an upload is read, not lost with the connection', async () => {
  const body = JSON.stringify(problem(413, 'too_large', 'larger than max_value (4M)').body);
  const head = `HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`;
  const at = temporarySocket();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    // Answers on the first bytes and closes, the rest unread.
    socket.once('data', () => socket.pause().end(head + body, () => socket.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(at.socket, resolve));
  const stdin = Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(1 << 20)));
  const { exitCode, stderr } = await runCommand(['set', 'c', 'k', '--socket', at.socket], { stdin });
  await new Promise((resolve) => server.close(resolve));
  at.remove();
  assert.is(exitCode, 1);
  assert.match(stderr, 'larger than max_value');
});

test('standard input that cannot be read is named as the cause', async () => {
  const stdin = new Readable({ read: () => stdin.destroy(new Error('EISDIR: is a directory')) });
  const { exitCode, stderr } = await against({}, ['set', 'c', 'k'], { stdin });
  assert.is(exitCode, 1);
  assert.match(stderr, 'standard input cannot be read: EISDIR');
});

test('delete asks for each key, and for none where one is malformed', async () => {
  const { exitCode, asked } = await against({ status: 204 }, ['delete', 'users', '1', 'a/b']);
  assert.is(exitCode, 0);
  assert.equal(
    asked.map((one) => `${one.method} ${one.target}`),
    ['DELETE /caches/users/1', 'DELETE /caches/users/a%2Fb'],
  );
  const malformed = await against({ status: 204 }, ['delete', 'users', '--encoded', '1', '%zz']);
  assert.is(malformed.exitCode, 2);
  assert.is(malformed.asked.length, 0);
});

test('explain lists every field, known or not, in units people read', async () => {
  const body = {
    cache: 'users',
    key: '42',
    state: 'stale',
    age_ms: 72_400,
    size_bytes: 1536,
    tags: ['a', 'b'],
    stored_at: 0,
    new_field: { x: 1 },
    last_error: 'boom\x1b[2J',
  };
  const { stdout, asked } = await against({ body }, ['explain', 'users', '42']);
  assert.is(asked[0]?.target, '/caches/users/42?explain=1');
  assert.equal(stdout.split('\n'), [
    'cache       users',
    'key         42',
    'state       stale',
    'age         1m 12s',
    'size        1.5K (1536)',
    'tags        a, b',
    'loaded at   1970-01-01T00:00:00.000Z',
    'new field   {"x":1}',
    'last error  boom\\x1b[2J',
    '',
  ]);
  const json = await against({ body }, ['explain', 'users', '42', '--json']);
  assert.equal(JSON.parse(json.stdout), body);
});

test('explain of a key that is not there is an answer: exit 0', async () => {
  const body = { cache: 'users', key: '1', state: 'absent', failures: 2, next_retry_in_ms: 250 };
  const { exitCode, stdout } = await against({ body }, ['explain', 'users', '1']);
  assert.is(exitCode, 0);
  assert.match(stdout, /^state +absent\nfailed loads in a row +2\nnext load in +250ms$/m);
});

test('docs/command-line.md says what the labels of explain mean', () => {
  const docs = readFileSync('docs/command-line.md', 'utf8');
  for (const label of LABELS.values()) assert.ok(docs.includes(`| ${label} | `), label);
});

test.run();
