// keys and status: pages put together, tables that a key cannot break.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Asked, type Canned, type FakeDaemon, startFakeDaemon } from './fake-daemon.ts';
import { type Ran, runCommand, type Surroundings } from './fake-host.ts';

const test = suite('commands that list');
const open: FakeDaemon[] = [];

test.after.each(async () => {
  await Promise.all(open.splice(0).map((daemon) => daemon.close()));
});

async function against(
  answer: (asked: Asked) => Canned,
  argv: readonly string[],
  around: Surroundings = {},
): Promise<Ran & { targets: string[] }> {
  const daemon = await startFakeDaemon(answer);
  open.push(daemon);
  const ran = await runCommand([...argv, '--socket', daemon.socket], around);
  return { ...ran, targets: daemon.asked.map((one) => one.target) };
}

/** Two keys a page, however many are asked for. */
function paged(total: number): (asked: Asked) => Canned {
  return ({ target }) => {
    const at = Number(/cursor=c%2F(\d+)/.exec(target)?.[1] ?? 0);
    const keys = [at, at + 1].filter((n) => n < total).map((n) => `k%3A${n}`);
    return { body: { cache: 'users', keys, cursor: at + 2 < total ? `c/${at + 2}` : null } };
  };
}

test('keys follows the cursor to the end', async () => {
  const { stdout, stderr, targets } = await against(paged(5), ['keys', 'users', '--all', '--prefix', 'k:']);
  assert.is(stdout, 'k:0\nk:1\nk:2\nk:3\nk:4\n');
  assert.is(stderr, '');
  assert.equal(targets, [
    '/caches/users?prefix=k%3A&limit=1000',
    '/caches/users?prefix=k%3A&limit=1000&cursor=c%2F2',
    '/caches/users?prefix=k%3A&limit=1000&cursor=c%2F4',
  ]);
});

test('keys stops at its limit', async () => {
  const { stdout, targets } = await against(paged(9), ['keys', 'users', '--limit', '3']);
  assert.equal(targets, ['/caches/users?limit=3', '/caches/users?limit=1&cursor=c%2F2']);
  assert.match(stdout, /^k:0\nk:1\nk:2\n/);
});

test('keys that were left out are mentioned, where nobody asked for a limit', async () => {
  const full = Array.from({ length: 1000 }, (_, n) => `k${n}`);
  const { stderr } = await against(() => ({ body: { keys: full, cursor: 'x' } }), ['keys', 'users']);
  assert.match(stderr, '--all lists them');
});

test('a key is printed so that it can be pasted back and no terminal obeys it', async () => {
  const body = {
    keys: ['user%3A1', 'a%20b%25', '%1B%5B2J', '%FF', 'gr%C3%B6%C3%9Fe', '%E2%80%AE'],
    cursor: null,
  };
  const { stdout } = await against(() => ({ body }), ['keys', 'users'], { terminal: true });
  assert.equal(stdout.trim().split('\n'), [
    'user:1',
    'a%20b%25',
    '%1B[2J',
    '%FF',
    'gr%C3%B6%C3%9Fe',
    '%E2%80%AE',
  ]);
});

test('keys --json is one document over all pages', async () => {
  const { stdout } = await against(paged(3), ['keys', 'users', '--json']);
  assert.equal(JSON.parse(stdout), { cache: 'users', keys: ['k:0', 'k:1', 'k:2'], more: false });
});

const STATUS = {
  instance: {
    index: '0',
    instance_id: 'i-0',
    incarnation: 'x',
    version: '0.1.0',
    uptime_ms: 3_720_000,
    state: 'ready',
  },
  memory: { limit_bytes: 64 * 1024 * 1024, used_bytes: 16 * 1024 * 1024 },
  caches: [
    {
      name: 'default',
      entries: 0,
      bytes: 0,
      reads: {},
      loads: 0,
      load_failures: 0,
      evictions: { memory: 0, ttl: 0 },
    },
    {
      name: 'users',
      entries: 1200,
      bytes: 1_572_864,
      overhead_bytes: 157_286,
      window_share: 0.05,
      reads: { hit: 90, stale: 4, miss: 4, negative: 1, error: 1 },
      loads: 10,
      load_failures: 1,
      evictions: { memory: 2, ttl: 1 },
    },
  ],
};

test('status says under its table which loads are paused and what failed last, and nothing where all is well', async () => {
  const caches = [
    { name: 'flags', breaker: 'closed', last_error: null },
    { name: 'teams', breaker: 'closed', last_error: 'http://h answered 500' },
    { name: 'users', breaker: 'open', last_error: 'http://h refused\x1b[2J' },
  ];
  const { stdout } = await against(() => ({ body: { ...STATUS, caches } }), ['status']);
  assert.equal(stdout.split('\n').slice(-4), [
    '',
    'teams: last error: http://h answered 500',
    'users: loads paused, last error: http://h refused\\x1b[2J',
    '',
  ]);
});

test('status shows the instance, its memory and a line for each cache', async () => {
  const { stdout, targets } = await against(() => ({ body: STATUS }), ['status']);
  assert.equal(targets, ['/caches']);
  assert.equal(stdout.split('\n'), [
    'instance  0 i-0',
    'state     ready',
    'version   0.1.0',
    'up        1h 2m',
    'memory    16M of 64M (25.0%)',
    '',
    'CACHE    ENTRIES  BYTES  OVERHEAD  WINDOW   HITS  LOADS  FAILURES          EVICTED',
    'default        0     0B         -    0.0%      -      0         0                0',
    'users       1200   1.5M     10.0%    5.0%  95.0%     10         1  memory 2, ttl 1',
    '',
  ]);
});

test('colours are for terminals that want them', async () => {
  const answer = (): Canned => ({ body: STATUS });
  assert.match((await against(answer, ['status'], { terminal: true })).stdout, '\x1b[1m');
  const env = { NO_COLOR: '1' };
  assert.not.match((await against(answer, ['status'], { terminal: true, env })).stdout, '\x1b');
  assert.not.match((await against(answer, ['status'])).stdout, '\x1b');
});

test('what answers in another shape is shown as far as it goes', async () => {
  const { exitCode, stdout } = await against(() => ({ body: { caches: [{ name: 'a\nb' }] } }), ['status']);
  assert.is(exitCode, 0);
  assert.match(stdout, 'a\\x0ab');
  const other = await against(() => ({ body: 'I am nginx' }), ['status']);
  assert.is(other.exitCode, 1);
  assert.match(other.stderr, 'did not answer as a sidecache daemon does');
});

test.run();
