// The handler of docs/notify.md, run as it stands there.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAppUrl } from '../../src/notify/app-url.ts';
import { createPoster } from '../../src/notify/post.ts';
import { systemClock } from '../../src/system-clock.ts';
import { body, change } from './scripted-app.ts';

const RESYNC_ID = 'mwrc0123456789ab-0';

const test = suite('docs/notify.md');

test('the example holds what it is told, and repeats the id when it calls back', async () => {
  const source = /```js\n(.*?)```/s.exec(readFileSync('docs/notify.md', 'utf8'))?.[1];
  assert.ok(source);
  const folder = mkdtempSync(join(tmpdir(), 'sidecache-notify-'));
  const socket = join(folder, 'daemon.sock');
  const called: unknown[] = [];
  const daemon = createServer((request, response) => {
    called.push([request.method, request.url, request.headers['sidecache-event']]);
    response.writeHead(204).end();
  });
  daemon.listen(socket);
  writeFileSync(join(folder, 'server.mjs'), source);
  const env = { ...process.env, PORT: '0', SIDECACHE_SOCKET: socket };
  const app = spawn(process.execPath, [join(folder, 'server.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [line] = await once(createInterface(app.stdout), 'line');
    const url = `http://127.0.0.1:${/[0-9]+$/.exec(line)?.[0]}`;
    const poster = createPoster(parseAppUrl(`${url}/api/v1/refresh_all`), 30_000, systemClock, RESYNC_ID);
    assert.equal(await poster.post(change('0abc-1', { body: body('{"k":"v"}') })), { ok: true });
    assert.equal(await (await fetch(url)).json(), { k: 'v' });
    assert.equal(await poster.post(change('0abc-2')), { ok: true });
    assert.type(Object(await (await fetch(url)).json()).readAt, 'number');
    assert.equal(await poster.post({ kind: 'resync' }), { ok: true });
    const path = '/cache/invalidate?pages=1';
    assert.equal(called, [['POST', path, '0abc-2']]);
    assert.equal(await poster.post(change('0abc-3', { body: body('{') })), {
      ok: false,
      why: 'answered 500',
    });
    poster.close();
  } finally {
    app.kill();
    await once(app, 'exit');
    daemon.close();
    rmSync(folder, { recursive: true });
  }
});

test.run();
