// Joining: what a daemon does until it knows the others, who is learned of from whom, and what comes while it loads.

import type { ServerResponse } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, until } from './daemon.ts';
import { type FleetOptions, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet | undefined }>('joining the fleet');

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function start(context: { fleet: TestFleet | undefined }, options?: FleetOptions): Promise<TestFleet> {
  const fleet = await TestFleet.start(options);
  context.fleet = fleet;
  return fleet;
}

test('until it has joined it is not ready, and reads pass through; then it keeps what it loads', async (context) => {
  const fleet = await start(context, { indices: [0, 1] });
  fleet.router.faults.latencyMs = 20;
  fleet.router.faults.forgetsInstances = true;
  const late = await fleet.add(2, { registered: false });
  const ready = await late.daemon.request('/readyz');
  assert.is(ready.status, 503);
  assert.match(ready.text, 'joining');
  for (let read = 0; read < 3; read++) await late.read('42');
  assert.is(fleet.loadsOf(late, '42'), 3);
  assert.not(await late.holds('42'));
  const { caches } = await late.daemon.json('/caches');
  assert.equal(
    caches.map(({ passes_through: why }: Json) => why),
    [['joining'], ['joining']],
  );
  fleet.router.faults.forgetsInstances = false;
  fleet.register(late);
  await late.daemon.line('joined');
  assert.is((await late.daemon.request('/readyz')).status, 200);
  await late.read('42');
  await late.read('42');
  assert.is(fleet.loadsOf(late, '42'), 4);
});

test('a member that the asked one never met is asked before it answers, since the others know it', async (context) => {
  const fleet = await start(context, { sync: '1h', relays: true });
  const asked = fleet.at(0);
  const { relay } = asked;
  // Of the newcomer the asked one hears nothing.
  const known = await Promise.all([0, 1, 2].map((index) => fleet.at(index).incarnation));
  relay.answering = ({ target, headers }) =>
    target.includes('/fleet/') && !known.includes(String(headers['sidecache-from']))
      ? { status: 503, headers: {}, body: Buffer.alloc(0) }
      : undefined;
  const newcomer = await fleet.add(3);
  const others = [fleet.at(1), fleet.at(2), newcomer];
  for (const one of [fleet.at(1), fleet.at(2)]) await until(async () => (await one.peers()).members === 4);
  assert.is((await asked.peers()).members, 3);
  await fleet.warm('42');
  const report = await fleet.report('/cache/invalidate?users=1', { at: asked });
  assert.is(`${report.applied}/${report.members}`, '4/4', JSON.stringify(report));
  for (const one of others) assert.not(await one.holds('42'));
});

test('a load that began before the call, at whichever instance, is not kept after it', async (context) => {
  const fleet = await start(context, { indices: [0, 1] });
  const [asked, loading] = [fleet.at(0), fleet.at(1)];
  const held: ServerResponse[] = [];
  fleet.origin.answering = (_request, response) => void held.push(response);
  const read = loading.read('42');
  await until(() => held.length === 1);
  const answer = await fleet.call('/cache/invalidate?users=1&key=42', { at: asked });
  assert.is(answer.headers['sidecache-applied'], '2/2');
  fleet.origin.answering = (_request, response) => response.end('new');
  // Who comes after the call does not wait for what was loaded before it.
  assert.is(await loading.read('42'), 'new');
  held[0]!.end('old');
  await read;
  assert.is(await loading.read('42'), 'new');
});

test('calls on all instances at one time, while all read: each is confirmed by all, and nothing old stays', async (context) => {
  const fleet = await start(context);
  let version = 0;
  fleet.origin.answering = (_request, response) => response.end(String(version));
  const wrong: string[] = [];
  let isOver = false;
  const readers = fleet.instances.map(async (one) => {
    while (!isOver) await one.read('42');
  });
  for (let round = 0; round < 20; round++) {
    version++;
    const at = fleet.instances[round % 3]!;
    const [one, other] = await Promise.all([
      fleet.call('/cache/invalidate?users=1&key=42&timeout=10s', { at }),
      fleet.call('/cache/invalidate?users=1&tag=any&timeout=10s', { at: fleet.instances[(round + 1) % 3]! }),
    ]);
    assert.is(one.headers['sidecache-applied'], '3/3');
    assert.is(other.headers['sidecache-applied'], '3/3');
    for (const instance of fleet.instances) {
      const value = await instance.read('42');
      if (value !== String(version)) wrong.push(`${instance.index} has ${value}, not ${version}`);
    }
  }
  isOver = true;
  await Promise.all(readers);
  assert.equal(wrong, []);
});

test('more changes than can be kept for a member that is away: it drops those caches, and only those', async (context) => {
  const fleet = await start(context, { indices: [0, 1], sync: '1s' });
  const [asked, stopped] = [fleet.at(0), fleet.at(1)];
  await fleet.warm('42');
  await fleet.warm('43');
  await stopped.daemon.put('/caches/default/a', 'value');
  stopped.pause();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  for (let call = 0; call < 20; call++) {
    const body = `users=1&key=${call === 0 ? '42' : 'x'.repeat(60_000)}`;
    await fleet.call('/cache/invalidate?timeout=10ms', { at: asked, method: 'POST', headers, body });
  }
  stopped.resume();
  await until(async () => !(await stopped.holds('42')));
  await until(async () => !(await stopped.holds('43')));
  assert.ok(await stopped.holds('a', 'default'));
  assert.ok(await asked.holds('43'));
  const { caches } = await stopped.daemon.line('caches were dropped');
  assert.equal(caches, ['users']);
});

test("the port of fleet.listen is taken: the app keeps its cache's loads, nothing is claimed of the others", async (context) => {
  const fleet = await start(context, { indices: [0] });
  const listen = `127.0.0.1:${fleet.at(0).fleetPort}`;
  const without = await fleet.add(1, {
    fleet: { listen },
    registered: false,
    env: { SIDECACHE_ON_BAD_CONFIG: 'degrade' },
  });
  await without.read('42');
  assert.is(fleet.loadsOf(without, '42'), 1);
  assert.not(await without.holds('42'));
  const { daemon } = without;
  assert.is((await daemon.request('/cache/invalidate?users=1')).headers['sidecache-applied'], '1/?');
  assert.is((await daemon.request('/cache/invalidate?users=1&require=all')).status, 504);
  assert.is((await daemon.request('/caches/users/42?require=all', { method: 'DELETE' })).status, 504);
  const { members, problems } = await without.peers();
  assert.is(members, '?');
  assert.match(problems[0].problem, listen);
});

test('the last of a fleet that is left counts itself alone, and the next one finds it', async (context) => {
  const fleet = await start(context, { indices: [0, 1] });
  const [left, gone] = [fleet.at(0), fleet.at(1)];
  await fleet.end(gone, 'SIGTERM');
  fleet.unregister(gone);
  assert.is((await left.daemon.request('/cache/invalidate?users=1')).headers['sidecache-applied'], '1/1');
  await fleet.add(4);
  await fleet.settled();
  assert.is((await left.daemon.request('/cache/invalidate?users=1')).headers['sidecache-applied'], '2/2');
});

test.run();
