// The program as a process: exit codes, closed pipes, signals passed on.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startFakeDaemon, temporarySocket } from './fake-daemon.ts';
import { runCommand } from './fake-host.ts';

const test = suite('sidecache as a process');

function sidecache(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', 'src/cli.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

async function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = await once(child, 'exit');
  return signal ?? code;
}

test('the exit code is the command’s', async () => {
  const child = sidecache(['get', 'users', '1', '--socket', '/nowhere/s.sock']);
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  assert.is(await exitOf(child), 4);
  assert.match(stderr, 'no daemon answers on /nowhere/s.sock');
});

test('a reader that closes the pipe ends the listing in peace', async () => {
  const keys = Array.from({ length: 1000 }, (_, n) => `key-${n}-${'x'.repeat(100)}`);
  // Endless: only the closed pipe can end it.
  const daemon = await startFakeDaemon(() => ({ body: { cache: 'users', keys, cursor: 'more' } }));
  const child = sidecache(['keys', 'users', '--all', '--socket', daemon.socket]);
  const ended = exitOf(child);
  child.stdout?.once('data', () => child.stdout?.destroy());
  assert.is(await ended, 0);
  await daemon.close();
});

test('wait hands SIGTERM to the program it started and ends with its code', async () => {
  const daemon = await startFakeDaemon(() => ({ status: 200 }));
  const program = `process.on('SIGTERM', () => process.exit(9)); console.log('up'); setInterval(() => {}, 1e6);`;
  const child = sidecache(['wait', '--', process.execPath, '-e', program], {
    SIDECACHE_SOCKET: daemon.socket,
  });
  const ended = exitOf(child);
  await once(child.stdout!, 'data');
  child.kill('SIGTERM');
  assert.is(await ended, 9);
  await daemon.close();
});

test('serve outlives hang-ups, USR1 and a closed standard output, and ends with 0 on SIGTERM', async () => {
  const at = temporarySocket();
  const child = sidecache(['serve'], { SIDECACHE_SOCKET: at.socket });
  const ended = exitOf(child);
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  await once(child.stdout!, 'data');
  child.stdout?.destroy();
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const) child.kill(signal);
  assert.is((await runCommand(['wait', '--socket', at.socket])).exitCode, 0);
  child.kill('SIGTERM');
  assert.is(await ended, 0);
  assert.is(stderr, '', 'no inspector was started');
  assert.is(existsSync(at.socket), false);
  at.remove();
});

test.run();
