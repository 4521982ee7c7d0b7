// The example app and the daemon beside it, each by the command that manifest.yml has for it.

import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Command, freePort } from '../scripts/command.ts';
import { environment, layOut, readManifest } from '../scripts/manifest.ts';

interface Context {
  home: string;
  url: string;
  app: Command;
  sidecar: Command;
}

const test = suite<Context>('the example app');

test.before(async (context) => {
  const { home, app, tmp } = layOut();
  const port = await freePort();
  const where = { cwd: app, env: environment(tmp, port) };
  const manifest = readManifest();
  context.home = home;
  context.url = `http://127.0.0.1:${port}`;
  // The platform gives no order; the app first is the harder one.
  context.app = new Command(manifest.app.command, where);
  const listening = context.app.next(/^the app listens/);
  context.sidecar = new Command(manifest.sidecar.command, where);
  await listening;
});

test.after(async ({ home, app, sidecar }) => {
  for (const command of [app, sidecar]) {
    command?.stop('SIGKILL');
    await command?.ended;
  }
  rmSync(home, { recursive: true, force: true });
});

test('it started because the daemon answered, not because it stopped waiting', ({ app, sidecar }) => {
  assert.ok(sidecar.lines.some((line) => line.includes('"ready"')));
  assert.equal(app.lines.length, 1, app.lines.join('\n'));
});

test('the first read of a user loads it from the origin, the second is a hit', async ({ url }) => {
  const first = await fetch(`${url}/users/7`);
  assert.is(first.status, 200);
  assert.match(first.headers.get('x-user-from')!, 'fwd=uri-miss');
  const second = await fetch(`${url}/users/7`);
  assert.match(second.headers.get('x-user-from')!, 'hit');
  assert.equal(await second.json(), await first.json());
});

test('a user the origin does not know is a 404, from the cache as from the origin', async ({ url }) => {
  for (const path of ['/users/nobody', '/users/nobody', '/internal/users/nobody', '/nonsuch']) {
    assert.is((await fetch(`${url}${path}`)).status, 404, path);
  }
  assert.is((await fetch(`${url}/healthz`)).status, 200);
});

test('without the daemon it goes on, straight from the origin', async ({ url, sidecar }) => {
  sidecar.stop();
  await sidecar.ended;
  const answer = await fetch(`${url}/users/7`);
  assert.is(answer.status, 200);
  assert.is(answer.headers.get('x-user-from'), 'origin');
});

test('SIGTERM ends it with 0', async ({ app }) => {
  app.stop();
  assert.is(await app.ended, 0);
});

test.run();
