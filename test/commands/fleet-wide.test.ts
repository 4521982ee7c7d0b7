// invalidate and refresh: what is asked for, who confirmed, and what the exit code says of it.

import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Canned, type FakeDaemon, problem, startFakeDaemon } from './fake-daemon.ts';
import { type Ran, runCommand } from './fake-host.ts';

const test = suite('commands on all instances');

const CONFIRMED = {
  kind: 'invalidate',
  applied: 1,
  members: 1,
  entries: 12,
  report: [{ index: '0', instance_id: 'i-0', incarnation: 'x', status: 'applied', ms: 1, entries: 12 }],
};
const open: FakeDaemon[] = [];

test.after.each(async () => {
  await Promise.all(open.splice(0).map((daemon) => daemon.close()));
});

async function against(
  canned: Canned,
  argv: readonly string[],
): Promise<Ran & { asked: FakeDaemon['asked'] }> {
  const daemon = await startFakeDaemon(() => canned);
  open.push(daemon);
  const ran = await runCommand([...argv, '--socket', daemon.socket]);
  return { ...ran, asked: daemon.asked };
}

async function targetOf(argv: readonly string[]): Promise<string> {
  const { asked } = await against({ body: CONFIRMED }, argv);
  return `${asked[0]?.method} ${asked[0]?.target}`;
}

test('invalidate names its caches and asks for a report', async () => {
  assert.is(
    await targetOf(['invalidate', 'users', 'flags']),
    'POST /cache/invalidate?users=1&flags=1&report=1',
  );
  assert.is(await targetOf(['invalidate', '--all']), 'POST /cache/invalidate?all=1&report=1');
});

test('keys, tags and prefixes are sent as bytes, each one of them', async () => {
  const argv = ['invalidate', 'users', '--key', 'a&b=c', '--key', '1', '--tag', 'team:7', '--prefix', 'x+ y'];
  const query = 'users=1&key=a%26b%3Dc&key=1&tag=team%3A7&prefix=x%2B%20y&report=1';
  assert.is(await targetOf(argv), `POST /cache/invalidate?${query}`);
});

test('scope, require and timeout are handed to the daemon', async () => {
  const argv = ['invalidate', '--all', '--scope', 'local', '--require', 'all', '--timeout', '2s'];
  assert.is(await targetOf(argv), 'POST /cache/invalidate?all=1&scope=local&require=all&timeout=2s&report=1');
});

test('refresh is the same form, and --wait waits for loads', async () => {
  assert.is(await targetOf(['refresh', 'users']), 'POST /cache/refresh?users=1&report=1');
  assert.is(
    await targetOf(['refresh', 'users', '--wait']),
    'POST /cache/refresh?users=1&wait=loaded&report=1',
  );
});

test('a selection too long for a request line is sent as a form', async () => {
  const many = Array.from({ length: 1000 }, (_, n) => ['--key', `key-number-${n}`]).flat();
  const { asked } = await against({ body: CONFIRMED }, ['invalidate', 'users', ...many]);
  assert.is(asked[0]?.target, '/cache/invalidate');
  assert.is(asked[0]?.headers['content-type'], 'application/x-www-form-urlencoded');
  assert.match(asked[0]?.body.toString() ?? '', /^users=1&key=key-number-0&.*&key=key-number-999&report=1$/);
});

test('no cache, a parameter’s name as a cache, or --all with names: nothing is asked', async () => {
  for (const words of [[], ['all'], ['scope'], ['Users'], ['users', '--all'], ['--key', '1'], ['a=1&all']]) {
    const { exitCode, asked } = await against({ body: CONFIRMED }, ['invalidate', ...words]);
    assert.is(exitCode, 2, words.join(' '));
    assert.is(asked.length, 0, words.join(' '));
  }
});

test('every member of the report is a row', async () => {
  const { exitCode, stdout } = await against({ body: CONFIRMED }, ['invalidate', 'users']);
  assert.is(exitCode, 0);
  assert.equal(stdout.split('\n'), [
    'INDEX  INSTANCE  STATUS   MS  ENTRIES',
    '0      i-0       applied   1       12',
    '1/1 instances confirmed, 12 entries here',
    '',
  ]);
});

test('one entry is one entry', async () => {
  const { stdout } = await against({ body: { ...CONFIRMED, entries: 1 } }, ['invalidate', 'users']);
  assert.match(stdout, /, 1 entry here\n$/);
});

test('help and package.json say that every instance hears of a call, and help how to keep it to this one', async () => {
  for (const name of ['delete', 'invalidate', 'refresh']) {
    const { stdout } = await runCommand([name, '--help']);
    assert.match(stdout.replace(/\s+/g, ' '), /on every instance/, name);
    assert.not.match(stdout, /in this version/i, name);
    if (name !== 'delete') assert.match(stdout, /`local`: this instance only/, name);
  }
  assert.match(JSON.parse(readFileSync('package.json', 'utf8')).description, /every instance/);
});

test('a member that did not confirm is exit 5 where all were required, and its row is shown', async () => {
  const report = [...CONFIRMED.report, { index: '1', instance_id: 'i-1', status: 'unreachable', ms: 2000 }];
  const refused = problem(504, 'not_confirmed', '1 of 2 confirmed');
  const body = { ...(refused.body as object), ...CONFIRMED, members: 2, report };
  const { exitCode, stdout } = await against({ ...refused, body }, [
    'invalidate',
    'users',
    '--require',
    'all',
  ]);
  assert.is(exitCode, 5);
  assert.match(stdout, /1 +i-1 +unreachable/);
  assert.match(stdout, '1/2 instances confirmed');
});

test('--json prints the report and nothing else, confirmed or not', async () => {
  const { stdout } = await against({ body: CONFIRMED }, ['invalidate', 'users', '--json']);
  assert.equal(JSON.parse(stdout), CONFIRMED);
});

test('an unknown cache is the daemon’s to refuse, by name, and exit 3 as everywhere', async () => {
  const unknown = problem(400, 'bad_query', "unknown cache 'nope'; caches here: users");
  const caches = { body: { caches: [{ name: 'users' }] } };
  const daemon = await startFakeDaemon(({ target }) => (target === '/caches' ? caches : unknown));
  open.push(daemon);
  const at = ['--socket', daemon.socket];
  for (const command of ['invalidate', 'refresh']) {
    const { exitCode, stderr, stdout } = await runCommand([command, 'users', 'nope', '--json', ...at]);
    assert.is(exitCode, 3);
    assert.match(stderr, 'caches here: users');
    assert.equal(JSON.parse(stdout), { error: "unknown cache 'nope'; caches here: users", exit_code: 3 });
  }
  assert.is((await runCommand(['invalidate', 'users', '--key', '1', ...at])).exitCode, 1, 'another mistake');
});

test('a value of an option that cannot be is exit 2, and nothing is asked', async () => {
  const mistakes: [string[], string][] = [
    [['invalidate', 'users', '--require', 'some'], '--require must be all, not some'],
    [['refresh', 'users', '--scope', 'x'], '--scope must be local or fleet, not x'],
    [['invalidate', 'users', '--tag', 'a b'], '--tag must be 1 to 256 printable'],
    [['invalidate', 'users', '--timeout', '2'], '--timeout must be a duration'],
    [['set', 'users', '1', 'v', '--ttl', '5'], '--ttl must be a duration'],
    [['set', 'users', '1', 'v', '--ttl', '0s'], '--ttl must be more than 0 and at most 365d'],
    [['set', 'users', '1', 'v', '--ttl', '366d'], '--ttl must be more than 0 and at most 365d'],
  ];
  for (const [argv, says] of mistakes) {
    const { exitCode, stderr, asked } = await against({ body: CONFIRMED }, argv);
    assert.is(exitCode, 2, argv.join(' '));
    assert.match(stderr, says);
    assert.is(asked.length, 0, argv.join(' '));
  }
});

test.run();
