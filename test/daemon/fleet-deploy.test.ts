// A rolling deploy: two processes of one app, old and new build, with the same indices; with real daemons.

import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, until } from './daemon.ts';
import { type FleetOptions, type Instance, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet | undefined }>('rolling deploy');

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function start(context: { fleet: TestFleet | undefined }, options?: FleetOptions): Promise<TestFleet> {
  const fleet = await TestFleet.start({ indices: [0, 1], ...options });
  context.fleet = fleet;
  return fleet;
}

/** Instances of the new build, beside those of the old one with the same indices. */
async function deploy(fleet: TestFleet, indices: readonly number[], caches = {}): Promise<Instance[]> {
  const process = randomUUID();
  return Promise.all(indices.map((index) => fleet.add(index, { process, caches })));
}

function invalidate({ daemon }: Instance, how = ''): Promise<Json> {
  return daemon.json(`/cache/invalidate?users=1&report=1${how}`);
}

test('two instances of each index, old and new: a call on either, and all have forgotten', async (context) => {
  const fleet = await start(context);
  await deploy(fleet, [0, 1]);
  await fleet.settled();
  for (const asked of fleet.instances) {
    await fleet.warm('42');
    const report = await invalidate(asked);
    assert.is(`${report.applied}/${report.members}`, '4/4', JSON.stringify(report));
    for (const one of fleet.instances) assert.not(await one.holds('42'));
  }
});

test('the new one has replaced the old one: from its farewell on, only the new ones count', async (context) => {
  const fleet = await start(context);
  const old = [...fleet.instances];
  const fresh = await deploy(fleet, [0, 1]);
  await fleet.settled();
  for (const one of old) {
    await fleet.end(one, 'SIGTERM');
    fleet.unregister(one);
  }
  await fleet.warm('42');
  for (const asked of fresh) assert.is((await invalidate(asked)).applied, 2);
  assert.equal(
    (await fresh[0]!.peers()).peers.map(({ instance_id: id }: Json) => id),
    [fresh[1]!.instanceId],
  );
});

test('a router that does not know processes: who is hidden behind a namesake fetches, and forgets within about a second', async (context) => {
  const fleet = await start(context, { sync: '300ms' });
  fleet.router.faults.ignoresProcessHeader = true;
  const [old] = fleet.instances as [Instance];
  const [fresh] = (await deploy(fleet, [0])) as [Instance];
  // Each that is not reached has begun to fetch, and each knows all three.
  await until(() => fleet.messages('pull').length > 0);
  for (const one of fleet.instances) await until(async () => (await one.peers()).members === 3);
  for (const asked of [fresh, fleet.at(1), old]) {
    await fleet.warm('42');
    const report = await invalidate(asked);
    assert.is(report.members, 3, JSON.stringify(report));
    for (const { instance_id: id, status } of report.report) {
      const one = fleet.instances.find(({ instanceId }) => instanceId === id)!;
      if (status === 'applied') assert.not(await one.holds('42'), `${id} said so`);
    }
    for (const one of fleet.instances)
      await until(
        async () => !(await one.holds('42')),
        () => `${one.instanceId} did not forget`,
        2500,
      );
  }
});

test('a cache that the old build does not know does no harm: it is confirmed by all, with 0 entries there', async (context) => {
  const fleet = await start(context);
  const [fresh] = (await deploy(fleet, [0], { brand_new: {} })) as [Instance];
  await fleet.settled();
  await fresh.daemon.put('/caches/brand_new/a', 'value');
  await fleet.warm('42');
  const report: Json = await fresh.daemon.json('/cache/invalidate?brand_new=1&users=1&report=1');
  assert.is(`${report.applied}/${report.members}`, '3/3');
  assert.not(await fresh.holds('a', 'brand_new'));
  for (const one of fleet.instances) assert.not(await one.holds('42'));
  const alone: Json = await fresh.daemon.json('/cache/invalidate?brand_new=1&report=1');
  assert.is(`${alone.applied}/${alone.members}`, '3/3');
  for (const { instance_id: id, entries } of alone.report) {
    if (id !== fresh.instanceId) assert.is(entries, 0);
  }
  assert.is((await fleet.at(1).daemon.request('/healthz')).status, 200);
});

test('a cache that is in another mode there passes through, is said to, and serves again when the old ones are gone', async (context) => {
  const fleet = await start(context, { caches: { flags: { mode: 'local' } } });
  const old = [...fleet.instances];
  await old[0]!.daemon.put('/caches/flags/a', 'value');
  const [fresh] = (await deploy(fleet, [0], { flags: { mode: 'invalidation' } })) as [Instance];
  for (const one of fleet.instances) {
    const { cache } = await one.daemon.line(/another mode/);
    assert.is(cache, 'flags');
    await until(async () => (await reasonsOf(one)).includes('differs'));
    await one.daemon.put('/caches/flags/b', 'value');
    assert.not(await one.holds('b', 'flags'));
  }
  for (const one of old) {
    await fleet.end(one, 'SIGTERM');
    fleet.unregister(one);
  }
  await until(async () => (await reasonsOf(fresh)).length === 0);
  await fresh.daemon.put('/caches/flags/b', 'value');
  assert.ok(await fresh.holds('b', 'flags'));
  await fresh.daemon.line(/modes agree again/);
});

/** Why the cache `flags` passes through, as /caches says. */
async function reasonsOf({ daemon }: Instance): Promise<string[]> {
  const { caches } = await daemon.json('/caches');
  const flags = caches.find(({ name }: Json) => name === 'flags');
  return flags.passes_through;
}

test.run();
