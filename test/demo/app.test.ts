// The demo's app: an object in memory, a page that takes a new one, and the switches that break it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AppOptions, DemoApp } from '../../src/demo/app.ts';
import { DemoOrigin } from '../../src/demo/origin.ts';
import { type Asked, startFakeDaemon } from '../commands/fake-daemon.ts';
import { ask, askJson, post } from './asking.ts';

const test = suite('demo app');

const REFRESH = '/api/v1/refresh_all';

function withApp(name: string, body: (app: DemoApp) => Promise<void>, options: AppOptions = {}): void {
  test(name, async () => {
    const app = await DemoApp.start(options);
    await body(app).finally(() => app.close());
  });
}

withApp('the body of a refresh is the new object', async (app) => {
  assert.is(await askJson(`${app.url}/object`), null);
  assert.is((await post(app.url + REFRESH, '{"k":"v"}')).status, 204);
  assert.equal(await askJson(`${app.url}/object`), { k: 'v' });
  assert.equal(app.object, { k: 'v' });
});

withApp('a body that is no JSON is refused, and nothing changes', async (app) => {
  await post(app.url + REFRESH, '[1]');
  assert.is((await post(app.url + REFRESH, '{')).status, 400);
  assert.is((await post(app.url + REFRESH, '')).status, 400);
  assert.equal(app.object, [1]);
});

test('the object is read from the origin at the start, and anew when the daemon tells of a change', async () => {
  const origin = await DemoOrigin.start();
  const app = await DemoApp.start({ objectUrl: `${origin.url}/object` });
  assert.equal(app.object, { from: 'origin', version: 1 });
  for (const [n, kind] of ['invalidate', 'refresh', 'resync'].entries()) {
    await post(`${origin.url}/bump`);
    assert.is((await post(app.url + REFRESH, JSON.stringify({ kind, caches: ['users'] }))).status, 204);
    assert.equal(app.object, { from: 'origin', version: n + 2 });
  }
  await app.close();
  await origin.close();
});

withApp('broken it answers what it was told to and keeps its object, until it is mended', async (app) => {
  await post(app.url + REFRESH, '1');
  await post(`${app.url}/break?status=503`);
  assert.is((await post(app.url + REFRESH, '2')).status, 503);
  assert.is(app.object, 1);
  await post(`${app.url}/break`);
  assert.is((await post(app.url + REFRESH, '2')).status, 500);
  await post(`${app.url}/mend`);
  assert.is((await post(app.url + REFRESH, '2')).status, 204);
  assert.is(app.object, 2);
});

withApp('calls are on record in their order, refused ones too', async (app) => {
  const headers = { 'Sidecache-Event': 'abc-1', 'Content-Type': 'text/plain' };
  await post(app.url + REFRESH, '{"n":1}', headers);
  app.brokenStatus = 500;
  await post(app.url + REFRESH, '{"n":2}', { 'Sidecache-Event': 'abc-2' });
  const { count, calls } = await askJson(`${app.url}/calls`);
  assert.is(count, 2);
  assert.equal(calls, [
    { event: 'abc-1', contentType: 'text/plain', body: '{"n":1}', status: 204 },
    { event: 'abc-2', contentType: '', body: '{"n":2}', status: 500 },
  ]);
  assert.equal(app.calls, calls);
});

test('its handler calls the daemon back when told to, and repeats the event', async () => {
  const daemon = await startFakeDaemon(() => ({ status: 204 }));
  const app = await DemoApp.start({ daemonSocket: daemon.socket });
  await post(app.url + REFRESH, '1', { 'Sidecache-Event': 'abc-1' });
  assert.equal(daemon.asked, []);
  await post(`${app.url}/call-back?on=1`);
  assert.is((await post(app.url + REFRESH, '2', { 'Sidecache-Event': 'abc-2' })).status, 204);
  assert.equal(daemon.asked.map(shortly), [['POST', '/cache/invalidate?users=1', 'abc-2']]);
  await post(`${app.url}/call-back?on=0`);
  await post(app.url + REFRESH, '3');
  assert.is(daemon.asked.length, 1);
  await daemon.close();
  await app.close();
});

withApp(
  'a daemon that is not there to be called back is no failure',
  async (app) => {
    app.callsBack = true;
    assert.is((await post(app.url + REFRESH, '1')).status, 204);
  },
  { daemonSocket: '/nowhere/at/all.sock' },
);

withApp('there is nothing else', async (app) => {
  assert.is((await ask(`${app.url}/nothing`)).status, 404);
  assert.is((await ask(app.url + REFRESH)).status, 404);
});

function shortly({ method, target, headers }: Asked): unknown[] {
  return [method, target, headers['sidecache-event']];
}

test.run();
