// What the daemon listens on: sockets that others left or have, ports that are taken, and configurations that are bad.

import { once } from 'node:events';
import { existsSync, lstatSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from './daemon.ts';

const test = suite<{ daemons: Daemon[] }>('listening');

test.before.each((context) => {
  context.daemons = [];
});

test.after.each(async ({ daemons }) => {
  for (const daemon of daemons) await daemon.stop('SIGKILL');
});

test("the socket is its owner's alone from its first moment", async ({ daemons }) => {
  const daemon = new Daemon();
  daemons.push(daemon);
  const modes = new Set<number>();
  const watching = watch(daemon.folder);
  const look = (): void => {
    const found = lstatSync(daemon.socket, { throwIfNoEntry: false });
    if (found) modes.add(found.mode & 0o777);
  };
  watching.on('change', look);
  await until(() => {
    look();
    return daemon.lines.some(({ message }) => message === 'ready');
  });
  watching.close();
  assert.equal([...modes], [0o600]);
});

test('socket_mode says who else may connect', async ({ daemons }) => {
  const daemon = await Daemon.start({ config: { socket_mode: '0660' } });
  daemons.push(daemon);
  assert.is(lstatSync(daemon.socket).mode & 0o777, 0o660);
});

test('a socket that a killed daemon left is replaced', async ({ daemons }) => {
  const first = await Daemon.start();
  daemons.push(first);
  first.child.kill('SIGKILL');
  await first.ended;
  assert.ok(existsSync(first.socket));
  const second = await Daemon.start({ folder: first.folder });
  daemons.push(second);
  assert.is((await second.request('/healthz')).status, 200);
});

const somaxconn = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));

test('1,000 may connect while the daemon is busy, and all are answered', async ({ daemons }) => {
  const daemon = await Daemon.start({ config: { memory: '64M' } });
  daemons.push(daemon);
  const clients = Math.min(1000, somaxconn);
  daemon.child.kill('SIGSTOP');
  const answers = Array.from({ length: clients }, () => answerOf(daemon.socket));
  await Promise.all(answers.map(({ connected }) => connected));
  daemon.child.kill('SIGCONT');
  const said = await Promise.all(answers.map(({ answered }) => answered));
  assert.equal([...new Set(said)], ['+PONG\r\n']);
});

/** A client that asks once it is connected; fails where it is not let in. */
function answerOf(path: string): { connected: Promise<void>; answered: Promise<string> } {
  const socket = connect(path);
  socket.setEncoding('latin1');
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  const answered = new Promise<string>((resolve, reject) => {
    socket.once('data', (said: string) => {
      resolve(said);
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('end', () => reject(new Error('it was closed')));
  });
  socket.write('PING\r\n');
  return { connected, answered };
}

test('a socket in use is waited for 10 s; then the error names process and version', async ({ daemons }) => {
  const first = await Daemon.start();
  daemons.push(first);
  const second = new Daemon({ folder: first.folder });
  daemons.push(second);
  const startedAtMs = performance.now();
  assert.is.not(await second.ended, 0);
  const tookMs = performance.now() - startedAtMs;
  assert.ok(tookMs > 9_500 && tookMs < 14_000, `${tookMs} ms`);
  assert.match(second.output, `another sidecache listens there: process ${first.pid}, version `);
  assert.match(second.output, first.socket);
  assert.is((await first.request('/healthz')).status, 200);
});

test('a file that is no socket is never deleted', async ({ daemons }) => {
  const folder = await folderOf(daemons);
  const path = join(folder, 'sidecache.sock');
  writeFileSync(path, 'precious');
  const second = new Daemon({ folder });
  daemons.push(second);
  assert.is.not(await second.ended, 0);
  assert.match(second.output, 'not a socket');
  assert.is(readFileSync(path, 'utf8'), 'precious');
});

test('a directory that does not exist is named', async ({ daemons }) => {
  const daemon = new Daemon({ config: { socket: 'no/such/place/s.sock' } });
  daemons.push(daemon);
  assert.is.not(await daemon.ended, 0);
  assert.match(daemon.output, 'no/such/place');
});

test('a port in use ends it with an error that names it, and takes the socket with it', async ({
  daemons,
}) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const daemon = new Daemon({ config: { http: `127.0.0.1:${port}` } });
  daemons.push(daemon);
  assert.is.not(await daemon.ended, 0);
  server.close();
  assert.match(daemon.output, `127.0.0.1:${port}`);
  assert.match(daemon.output, 'EADDRINUSE');
  assert.not(existsSync(daemon.socket));
});

for (const { what, config, named } of [
  { what: 'an unknown key', config: { memroy: '8M' }, named: /memroy.*memory/s },
  { what: 'an unknown key of a cache', config: { caches: { users: { refesh: '1s' } } }, named: /refesh/ },
  {
    what: 'a bad duration',
    config: { caches: { users: { refresh: '10 parsecs' } } },
    named: /refresh.*parsecs/s,
  },
  { what: 'a size out of bounds', config: { memory: '1K' }, named: /memory/ },
  { what: 'a reserved name', config: { caches: { all: {} } }, named: /all/ },
]) {
  test(`${what} ends it with exit code 2, and is named`, async ({ daemons }) => {
    const daemon = new Daemon({ config });
    daemons.push(daemon);
    assert.is(await daemon.ended, 2);
    assert.match(daemon.output, named);
    assert.not(existsSync(daemon.socket));
  });
}

// --- degraded

const BAD_WITH_SECRET = {
  on_bad_config: 'degrade',
  caches: {
    users: {
      refresh: 'often',
      loader: { url: 'http://127.0.0.1:1/{key}', headers: { authorization: 's3cr3t-token' } },
    },
  },
};

test('with on_bad_config: degrade it answers 503 with the reason, and is well', async ({ daemons }) => {
  const daemon = new Daemon({ config: BAD_WITH_SECRET });
  daemons.push(daemon);
  await daemon.line(/degraded/);
  for (const target of ['/caches/users/a', '/readyz', '/cache/invalidate?users=1', '/no/such/path']) {
    const answer = await daemon.request(target);
    assert.is(answer.status, 503, target);
    assert.is(answer.headers['content-type'], 'application/problem+json');
    assert.is(answer.headers['cache-control'], 'no-store');
    assert.match(answer.text, 'refresh');
  }
  assert.is((await daemon.put('/caches/users/a', 'x'.repeat(100_000))).status, 503);
  assert.is((await daemon.request('/healthz')).status, 200);
  assert.is(await daemon.stop(), 0);
  assert.not.match(daemon.output, 's3cr3t');
});

test('where VCAP_APPLICATION is set that is the default; elsewhere it exits', async ({ daemons }) => {
  const { on_bad_config: _, ...bad } = BAD_WITH_SECRET;
  const platform = new Daemon({ config: bad, env: { VCAP_APPLICATION: '{}' } });
  daemons.push(platform);
  await platform.line(/degraded/);
  assert.is((await platform.request('/caches')).status, 503);
  const elsewhere = new Daemon({ config: bad });
  daemons.push(elsewhere);
  assert.is(await elsewhere.ended, 2);
  assert.not.match(platform.output + elsewhere.output, 's3cr3t');
});

test('a configuration that cannot be read at all is no other case', async ({ daemons }) => {
  const daemon = new Daemon({ configText: '{ "caches": [', env: { VCAP_APPLICATION: '{}' } });
  daemons.push(daemon);
  await daemon.line(/degraded/);
  const answer = await daemon.request('/caches/default/a');
  assert.is(answer.status, 503);
  assert.match(answer.text, 'sidecache.json');
});

/** A folder that a daemon had, empty again. */
async function folderOf(daemons: Daemon[]): Promise<string> {
  const daemon = await Daemon.start();
  daemons.push(daemon);
  daemon.child.kill('SIGTERM');
  await daemon.ended;
  return daemon.folder;
}

test.run();
