// Who leaves the fleet in order, and what has no part in one; with real daemons.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, type Json } from './daemon.ts';
import { type FleetOptions, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet | undefined }>('leaving the fleet');

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function start(context: { fleet: TestFleet | undefined }, options?: FleetOptions): Promise<TestFleet> {
  const fleet = await TestFleet.start(options);
  context.fleet = fleet;
  return fleet;
}

test('SIGTERM: it says farewell, and from then on the others count and report without it', async (context) => {
  const fleet = await start(context, { sync: '1h' });
  const [asked, ended] = [fleet.at(0), fleet.at(1)];
  await fleet.end(ended, 'SIGTERM');
  assert.ok(ended.daemon.lines.some(({ message }) => message === 'stopped'));
  for (const one of fleet.instances) assert.is((await one.peers()).members, 2);
  const report = await fleet.report('/cache/invalidate?users=1', { at: asked });
  assert.is(report.applied, 2);
  assert.is(report.members, 2);
  assert.equal(report.report.map(({ index }: Json) => index).sort(), ['0', '2']);
  assert.match((await asked.daemon.line('a peer is gone')).why as string, 'farewell');
});

test('SIGTERM while a write is on its way: the others have it when it is gone', async (context) => {
  const fleet = await start(context, { sync: '1h' });
  const [ended, other] = [fleet.at(0), fleet.at(1)];
  await fleet.at(1).daemon.put('/caches/default/a', 'old');
  await ended.daemon.request('/caches/default/a', { method: 'DELETE' });
  await fleet.end(ended, 'SIGTERM');
  assert.not(await other.holds('a', 'default'));
});

test('a cache with mode local: others neither forget, nor are told', async (context) => {
  const fleet = await start(context, { caches: { own: { mode: 'local' } } });
  for (const one of fleet.instances) await one.daemon.put('/caches/own/a', 'value');
  const [asked, ...others] = fleet.instances;
  const answer = await fleet.call('/cache/invalidate?own=1&require=all', { at: asked! });
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '1/1');
  const deleted = await asked!.daemon.request('/caches/own/b?require=all', { method: 'DELETE' });
  assert.is(deleted.headers['sidecache-applied'], '1/1');
  await fleet.call('/cache/invalidate?default=1', { at: asked! });
  assert.not(await asked!.holds('a', 'own'));
  for (const one of others) assert.ok(await one.holds('a', 'own'));
});

test('without VCAP_APPLICATION it runs alone, says so, and its caches serve', async () => {
  const fleet = {
    listen: '127.0.0.1:0',
    token: ['0123456789abcdef'],
    peers: { gorouter: 'http://127.0.0.1:9' },
  };
  const daemon = await Daemon.start({ config: { fleet, caches: { users: {} } } });
  try {
    assert.match((await daemon.line(/runs alone/)).message, 'VCAP_APPLICATION');
    await daemon.put('/caches/users/a', 'value');
    assert.is((await daemon.request('/caches/users/a')).text, 'value');
    assert.is((await daemon.request('/readyz')).status, 200);
    const answer = await daemon.request('/cache/invalidate?users=1');
    assert.is(answer.headers['sidecache-applied'], '1/1');
    assert.is((await daemon.json('/peers')).members, 1);
  } finally {
    await daemon.stop();
  }
});

test.run();
