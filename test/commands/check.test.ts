// biome-ignore-all lint/suspicious/noTemplateCurlyInString: such texts are what is tested

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type CheckRow, runCheck } from '../../src/commands/check.ts';

interface Context {
  directory: string;
}

interface Checked {
  exitCode: number;
  out: string;
  err: string;
}

const test = suite<Context>('check');

test.before.each(async (context) => {
  context.directory = await mkdtemp(join(tmpdir(), 'sidecache-check-'));
});

test.after.each(async ({ directory }) => {
  await rm(directory, { recursive: true });
});

async function check(
  directory: string,
  file: string,
  json = false,
  env: Record<string, string> = {},
): Promise<Checked> {
  const config = join(directory, 'sidecache.yml');
  await writeFile(config, file);
  const checked = { exitCode: 0, out: '', err: '' };
  checked.exitCode = await runCheck({
    flags: { config },
    env,
    json,
    write: (text) => {
      checked.out += text;
    },
    writeError: (text) => {
      checked.err += text;
    },
  });
  return checked;
}

test('every effective value is printed with its source', async ({ directory }) => {
  const { exitCode, out } = await check(directory, 'memory: 64M\ncaches: { users: { refresh: 60s } }');
  assert.is(exitCode, 0);
  assert.match(out, /^memory +64M +file .*sidecache\.yml:1$/m);
  assert.match(out, /^max_value +8M +computed from memory$/m);
  assert.match(out, /^caches\.users\.refresh +1m +file .*:2$/m);
  assert.match(out, /^caches\.users\.ttl +off +default$/m);
  assert.match(out, /^socket_mode +0600 +default$/m);
  assert.match(out, /^caches\.default\.writes +fill +computed: has no loader$/m);
});

test('secrets are redacted in text and in JSON', async ({ directory }) => {
  const file =
    'caches: { users: { loader: { url: "http://bob:hunter2@h/{key}", headers: { authorization: "Bearer ${T}" } } } }';
  for (const json of [false, true]) {
    const { out } = await check(directory, file, json, { T: 'hunter2' });
    assert.not.match(out, /hunter2|bob/);
    assert.match(out, /http:\/\/\[redacted\]@h\/\{key\}/);
    assert.match(out, /authorization=\[redacted\]/);
  }
});

const FLEET = `
notify: { url: "http://ann:hunter2@127.0.0.1:8080/refreshed" }
caches: { users: { notify: { url: "http://ann:hunter2@127.0.0.1:8080/users" } } }
fleet:
  listen: 0.0.0.0:7071
  token: [hunter2-hunter2-hunter2, hunter2-hunter2-hunter3]
  operators: [{ token: hunter2-hunter2-hunter4 }, { basic: "bob:hunter2" }]
  open: [metrics, healthz]
  peers: { list: ["http://10.0.0.1:7071", "http://10.0.0.2:7071"] }
`;

test('the fleet is shown with its sources and without its secrets', async ({ directory }) => {
  const { exitCode, out } = await check(directory, FLEET, false, { SIDECACHE_FLEET_SYNC: '2s' });
  assert.is(exitCode, 0);
  const rows: Record<string, RegExp> = {
    'fleet.listen': /0\.0\.0\.0:7071 +file .*:5/,
    'fleet.token': /\[redacted\], \[redacted\] +file .*:6/,
    'fleet.operators': /\{ token: \[redacted\] \}, \{ basic: \[redacted\] \} +file .*:7/,
    'fleet.allow': /invalidate, refresh, metrics, peers, discovery +default/,
    'fleet.open': /metrics, healthz +file .*:8/,
    'fleet.insecure': /false +default/,
    'fleet.tls.ca': /none +default/,
    'fleet.sync': /2s +env SIDECACHE_FLEET_SYNC/,
    'fleet.peers.dns': /none +default/,
    'fleet.peers.list': /http:\/\/10\.0\.0\.1:7071, http:\/\/10\.0\.0\.2:7071 +file .*:9/,
    'notify.url': /http:\/\/\[redacted\]@127\.0\.0\.1:8080\/refreshed +file .*:2/,
    'notify.timeout': /1s +default/,
    'caches.users.notify.url': /http:\/\/\[redacted\]@127\.0\.0\.1:8080\/users +file .*:3/,
    'caches.users.mode': /invalidation +computed: fleet\.peers\.list is set/,
  };
  for (const [key, row] of Object.entries(rows)) {
    const line = out.split('\n').find((text) => text.startsWith(`${key} `));
    assert.match(line ?? '', row, key);
  }
  for (const json of [false, true]) {
    assert.not.match((await check(directory, FLEET, json)).out, /hunter2|ann:|bob/);
  }
});

test('of a fleet that is not configured nothing is shown but its defaults', async ({ directory }) => {
  const { out } = await check(directory, '');
  assert.match(out, /^fleet\.listen +off +default$/m);
  assert.match(out, /^fleet\.(token|operators|open) +none +default$/m);
  assert.match(out, /^caches\.default\.mode +local +computed: no fleet\.peers$/m);
});

test('a user whose password is made at start is shown as such', async ({ directory }) => {
  const { out } = await check(directory, 'fleet: { listen: 0.0.0.0:0, operators: [{ basic: bob }] }');
  assert.match(out, /^fleet\.operators +\{ basic: \[redacted\] without a password \} +file /m);
});

test('secrets are not in what is wrong either', async ({ directory }) => {
  const file =
    'notify: { url: "http://ann:hunter2@h/{key}" }\nfleet: { token: hunter2, operators: [{ basic: "bob:hunter2\\n" }] }';
  const { exitCode, err } = await check(directory, file);
  assert.is(exitCode, 2);
  assert.equal(
    err
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]),
    ['notify.url', 'fleet.token', 'fleet.operators'],
  );
  assert.not.match(err, /hunter2|bob/);
});

test('JSON has the same rows and the warnings', async ({ directory }) => {
  const { out } = await check(directory, 'caches: { flags: { mode: replicated } }', true, {
    MEMORY_LIMIT: '1G',
  });
  const report: { options: CheckRow[]; warnings: string[] } = JSON.parse(out);
  assert.equal(report.options.find((row) => row.key === 'caches.flags.mode')?.value, 'replicated');
  assert.is(report.warnings.length, 1);
});

test('a bad configuration exits 2, its problems on standard error, one a line', async ({ directory }) => {
  const { exitCode, out, err } = await check(directory, 'memory: lots\ndrain: 60\n');
  assert.is(exitCode, 2);
  assert.is(out, '');
  assert.equal(
    err
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ', 1)[0]),
    ['memory', 'drain'],
  );
});

test('caches that may hold the only copy of something are warned of, default is not', async ({
  directory,
}) => {
  const env = { MEMORY_LIMIT: '1G' };
  const file =
    'caches: { aside: {}, sessions: { writes: change }, users: { loader: { url: "http://h/{key}" } } }';
  const { out } = await check(directory, file, false, env);
  const warnings = out.split('\n').filter((line) => line.startsWith('warning: '));
  assert.is(warnings.length, 2);
  assert.match(warnings[0]!, /caches\.aside: it has no loader; that is fine where/);
  assert.match(warnings[1]!, /caches\.sessions: it has no loader, and a write to it is a change/);
  assert.not.match((await check(directory, '', false, env)).out, /warning/);
});

test('memory that does not add up is warned of', async ({ directory }) => {
  const { out } = await check(directory, 'memory: 64M', false, { MEMORY_LIMIT: '64M' });
  assert.match(out, /^warning: memory: 64M may take 153\.6M/m);
});

test('nothing a terminal would act on is printed', async ({ directory }) => {
  const { out } = await check(directory, 'socket: "/tmp/\\e[31m.sock"');
  assert.not.ok(out.includes('\u001b'));
});

test.run();
