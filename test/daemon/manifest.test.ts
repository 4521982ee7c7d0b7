// The sidecar's command exactly as manifest.yml has it: any exit of it ends the app's instance, so it must not.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command, freePort } from '../scripts/command.ts';
import { environment, layOut, readManifest } from '../scripts/manifest.ts';

const READY = /"message":"ready"/;
const BACK_WITHIN_MS = 2000;

interface Context {
  home: string;
  socket: string;
  sidecar: Command;
}

const test = suite<Context>("the manifest's sidecar");

test.before.each(async (context) => {
  const { home, app, tmp } = layOut();
  const env = environment(tmp, await freePort());
  context.home = home;
  context.socket = join(tmp, 'sidecache.sock');
  context.sidecar = new Command(readManifest().sidecar.command, { cwd: app, env });
  await context.sidecar.next(READY);
});

test.after.each(async ({ home, sidecar }) => {
  sidecar?.stop('SIGKILL');
  await sidecar?.ended;
  rmSync(home, { recursive: true, force: true });
});

test('a daemon that is killed is back within 2 s', async ({ sidecar, socket }) => {
  let leastMs = Number.POSITIVE_INFINITY;
  // The machine may pause: who is slow is so each time.
  for (let time = 0; time < 3 && leastMs >= BACK_WITHIN_MS; time++) {
    const [daemon] = sidecar.children();
    const back = sidecar.next(READY);
    const killedAtMs = performance.now();
    process.kill(daemon!, 'SIGKILL');
    await back;
    leastMs = Math.min(leastMs, performance.now() - killedAtMs);
    assert.not.equal(sidecar.children(), [daemon]);
  }
  assert.ok(leastMs < BACK_WITHIN_MS, `it took ${leastMs} ms`);
  assert.ok(existsSync(socket));
  assert.ok(sidecar.lines.some((line) => line.includes('ended with 137')));
});

test('SIGTERM to everything at once ends it with 0, the socket removed, the daemon not started again', async ({
  sidecar,
  socket,
}) => {
  sidecar.stop();
  assert.is(await sidecar.ended, 0);
  assert.not(existsSync(socket));
  assert.is(sidecar.lines.filter((line) => READY.test(line)).length, 1);
});

test('SIGTERM to the shell alone is passed on, and the daemon waited for', async ({ sidecar, socket }) => {
  sidecar.kill('SIGTERM');
  assert.is(await sidecar.ended, 0);
  assert.not(existsSync(socket));
});

test('a daemon that somebody stopped is started again: the exit would end the app', async ({ sidecar }) => {
  const [daemon] = sidecar.children();
  const back = sidecar.next(READY);
  process.kill(daemon!, 'SIGTERM');
  await back;
  assert.not.equal(sidecar.children(), [daemon]);
});

test('SIGTERM between a crash and the next start ends it, too', async ({ sidecar }) => {
  const crashed = sidecar.next(/ended with 137/);
  process.kill(sidecar.children()[0]!, 'SIGKILL');
  await crashed;
  sidecar.stop();
  assert.is(await sidecar.ended, 0);
});

test.run();
