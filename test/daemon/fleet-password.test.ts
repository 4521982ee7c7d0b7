// Basic without a password: one is made, and shown once, to a terminal, and never to a log (PARITY 36).

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tool } from '../tools.ts';
import { Daemon } from './daemon.ts';

const script = tool('script');

const test = suite('a password that is made');
const CONFIG = { fleet: { listen: '127.0.0.1:0', operators: [{ basic: 'admin' }] } };

(script ? test : test.skip)(
  'is shown once to the terminal, stands in no line of the log, and lets its user in',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidecache-'));
    writeFileSync(join(folder, 'sidecache.json'), JSON.stringify(CONFIG));
    const program = `exec ${process.execPath} ${resolve('dist/sidecache.js')} serve`;
    // A terminal of its own: what a program writes to it looks the same, by whichever stream it came.
    const child = spawn(script!, ['-qec', program, '/dev/null'], {
      cwd: folder,
      env: { ...process.env, TMPDIR: folder },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    await new Promise<void>((ready, failed) => {
      child.stdout.on('data', (text: Buffer) => {
        output += text;
        if (output.includes('"ready"') && output.endsWith('\n')) ready();
      });
      child.once('exit', (code) => failed(new Error(`it ended with ${code}:\n${output}`)));
    });
    const lines = output.split('\r\n');
    const log = lines.filter((line) => line.startsWith('{'));
    const shown = lines.filter((line) => line.includes('password of admin'));
    assert.is(shown.length, 1);
    const password = shown[0]!.split(' ').at(-1)!;
    assert.ok(password.length >= 16);
    assert.not(log.some((line) => line.includes(password)));
    const { fleet, pid } = JSON.parse(log.find((line) => line.includes('"ready"'))!);
    const call = async (user: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(user).toString('base64')}`;
      return (await fetch(`http://${fleet}/cache/invalidate?default=1`, { headers: { authorization } }))
        .status;
    };
    assert.equal([await call(`admin:${password}`), await call('admin:')], [204, 401]);
    const ended = new Promise((done) => child.once('exit', done));
    process.kill(pid, 'SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  },
);

test('is not made where there is no terminal to show it on: the daemon says so', async () => {
  const daemon = new Daemon({ config: CONFIG });
  assert.is(await daemon.ended, 1);
  assert.match(daemon.output, 'admin has no password, and there is no terminal');
});

test.run();
