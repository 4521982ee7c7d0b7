// wait: until the daemon is ready, then the program that waited for it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../src/commands/run.ts';
import { problem, startFakeDaemon, temporarySocket } from './fake-daemon.ts';
import { FakeHost, runCommand } from './fake-host.ts';

const test = suite('wait');

const READY = { status: 200, body: { ready: true } };
const NODE = process.execPath;

test('wait ends as soon as the daemon is ready', async () => {
  const daemon = await startFakeDaemon(() => READY);
  const { exitCode, stdout } = await runCommand(['wait', '--socket', daemon.socket]);
  await daemon.close();
  assert.is(exitCode, 0);
  assert.is(stdout, '');
  assert.equal(
    daemon.asked.map((one) => one.target),
    ['/readyz'],
  );
});

test('a daemon that comes later is noticed', async () => {
  const at = temporarySocket();
  const waiting = runCommand(['wait', '--socket', at.socket]);
  const daemon = await startFakeDaemon(() => READY, at);
  assert.is((await waiting).exitCode, 0);
  await daemon.close();
});

test('a daemon that answers but is not ready yet is asked again', async () => {
  let asked = 0;
  const daemon = await startFakeDaemon(() => {
    asked += 1;
    return asked < 3 ? problem(503, 'not_ready', 'still loading') : READY;
  });
  const { exitCode, stdout } = await runCommand(['wait', '--json', '--socket', daemon.socket]);
  await daemon.close();
  assert.is(exitCode, 0);
  assert.is(JSON.parse(stdout).ready, true);
  assert.is(asked, 3);
});

test('a daemon that is never ready is exit 5 with its own reason', async () => {
  const daemon = await startFakeDaemon(() => problem(503, 'not_ready', 'the daemon is stopping'));
  const { exitCode, stderr } = await runCommand(['wait', '--timeout', '120ms', '--socket', daemon.socket]);
  await daemon.close();
  assert.is(exitCode, 5);
  assert.match(stderr, 'not ready after 0.12 s: the daemon is stopping');
});

test('a bad configuration does not get better: wait ends at once with the reason and exit 2', async () => {
  const daemon = await startFakeDaemon(() =>
    problem(503, 'bad_config', 'caches.users.refresh: 5 has no unit'),
  );
  const waiting = ['wait', '--timeout', '10m', '--socket', daemon.socket];
  const { exitCode, stderr } = await runCommand(waiting);
  assert.is(exitCode, 2);
  assert.match(stderr, 'its configuration is bad: caches.users.refresh: 5 has no unit');
  assert.is(daemon.asked.length, 1);
  const program = ['--', NODE, '-e', 'process.exit(9)'];
  assert.is((await runCommand([...waiting, ...program])).exitCode, 2);
  const ran = await runCommand([...waiting, '--or-run', ...program]);
  await daemon.close();
  assert.is(ran.exitCode, 9);
  assert.match(ran.stderr, 'without it');
});

test('no daemon, and no directory either, is exit 5 and says where it looked', async () => {
  const { exitCode, stderr } = await runCommand([
    'wait',
    '--timeout',
    '1ms',
    '--socket',
    '/nowhere/at/all.sock',
  ]);
  assert.is(exitCode, 5);
  assert.match(stderr, 'no daemon answers on /nowhere/at/all.sock');
});

test('a daemon that accepts and says nothing does not hold wait past its time', async () => {
  const at = temporarySocket();
  const { createServer } = await import('node:net');
  const open = new Set<import('node:net').Socket>();
  const server = createServer((socket) => open.add(socket));
  await new Promise<void>((resolve) => server.listen(at.socket, resolve));
  const { exitCode, stderr } = await runCommand(['wait', '--timeout', '50ms', '--socket', at.socket]);
  for (const socket of open) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  at.remove();
  assert.is(exitCode, 5);
  assert.match(stderr, 'did not answer');
});

test('the program runs when the daemon is ready, with its own options and exit code', async () => {
  const daemon = await startFakeDaemon(() => READY);
  const argv = [
    'wait',
    '--socket',
    daemon.socket,
    '--',
    NODE,
    '-e',
    'process.exit(process.argv.length + 5)',
    '--',
    '--json',
  ];
  const { exitCode } = await runCommand(argv);
  await daemon.close();
  assert.is(exitCode, 7);
});

test('the program does not run when the daemon does not come, unless --or-run', async () => {
  const nowhere = ['wait', '--timeout', '1ms', '--socket', '/nowhere/s.sock'];
  const program = ['--', NODE, '-e', 'process.exit(9)'];
  assert.is((await runCommand([...nowhere, ...program])).exitCode, 5);
  const { exitCode, stderr } = await runCommand([...nowhere, '--or-run', ...program]);
  assert.is(exitCode, 9);
  assert.match(stderr, 'without it');
});

test('a program that a signal ended is 128 and the signal’s number', async () => {
  const daemon = await startFakeDaemon(() => READY);
  const argv = ['wait', '--socket', daemon.socket, '--', NODE, '-e', 'process.kill(process.pid, "SIGKILL")'];
  assert.is((await runCommand(argv)).exitCode, 137);
  await daemon.close();
});

test('a program that is not there is 127, one that may not run is 126', async () => {
  const daemon = await startFakeDaemon(() => READY);
  const missing = await runCommand(['wait', '--socket', daemon.socket, '--', 'no-such-program-here']);
  assert.is(missing.exitCode, 127);
  assert.match(missing.stderr, 'no-such-program-here: no such program');
  assert.is((await runCommand(['wait', '--socket', daemon.socket, '--', '/etc/passwd'])).exitCode, 126);
  await daemon.close();
});

test('signals are listened to only while the program runs', async () => {
  const daemon = await startFakeDaemon(() => READY);
  const host = new FakeHost();
  assert.is(await run(['wait', '--socket', daemon.socket, '--', NODE, '-e', ''], host), 0);
  assert.is(host.listeners('SIGTERM'), 0);
  await daemon.close();
});

test.run();
