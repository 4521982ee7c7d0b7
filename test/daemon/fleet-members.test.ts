// Members that do not answer, that come and go, and that were never there; with real daemons.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, until } from './daemon.ts';
import { type FleetOptions, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet | undefined }>('members of the fleet');

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function start(context: { fleet: TestFleet | undefined }, options?: FleetOptions): Promise<TestFleet> {
  const fleet = await TestFleet.start(options);
  context.fleet = fleet;
  return fleet;
}

test('a member that does not answer: 2/3, the report names it, and it forgets when it is back, unasked', async (context) => {
  const fleet = await start(context, { sync: '1s' });
  await fleet.warm('42');
  const [asked, stopped] = [fleet.at(0), fleet.at(1)];
  stopped.pause();
  const answer = await fleet.call('/cache/invalidate?users=1&timeout=300ms', { at: asked });
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '2/3');
  const again = await fleet.report('/cache/invalidate?users=1&timeout=300ms', { at: asked });
  const line = again.report.find(({ index }: Json) => index === '1');
  assert.is(line.instance_id, stopped.instanceId);
  assert.is(line.status, 'unreachable');
  assert.match(line.why, /within \d/);
  stopped.resume();
  await until(
    async () => !(await stopped.holds('42')),
    () => 'it did not forget',
    3000,
  );
  await fleet.settled();
  assert.is((await fleet.call('/cache/invalidate?users=1')).headers['sidecache-applied'], '3/3');
});

test('a member that was silent for so long that it was taken for gone is told all the same', async (context) => {
  const fleet = await start(context, { sync: '200ms' });
  await fleet.warm('42');
  const [asked, stopped, other] = [fleet.at(0), fleet.at(1), fleet.at(2)];
  stopped.pause();
  for (const one of [asked, other]) await until(async () => (await one.peers()).members === 2);
  const answer = await fleet.call('/cache/invalidate?users=1', { at: asked });
  assert.is(answer.headers['sidecache-applied'], '2/2');
  stopped.resume();
  await until(
    async () => !(await stopped.holds('42')),
    () => `it did not forget\n${stopped.daemon.output}`,
    5000,
  );
  await fleet.settled();
  assert.is((await fleet.call('/cache/invalidate?users=1')).headers['sidecache-applied'], '3/3');
});

test('a daemon that was killed and comes back in the same container: 2/3 without it, then 3/3 again', async (context) => {
  const fleet = await start(context, { sync: '1s' });
  const [asked, killed] = [fleet.at(0), fleet.at(1)];
  await fleet.end(killed, 'SIGKILL');
  await fleet.warm('42');
  const without = await fleet.report('/cache/invalidate?users=1&timeout=300ms', { at: asked });
  assert.is(without.applied, 2);
  assert.is(without.members, 3);
  assert.is(without.report.find(({ index }: Json) => index === '1').status, 'unreachable');
  fleet.unregister(killed);
  const back = await fleet.add(1, { instanceId: killed.instanceId });
  await fleet.settled();
  await fleet.warm('42');
  const report = await fleet.report('/cache/invalidate?users=1', { at: asked });
  assert.is(report.applied, 3);
  assert.is(report.members, 3);
  const line = report.report.find(({ index }: Json) => index === '1');
  assert.is(line.incarnation, (await back.peers()).self.incarnation);
  assert.not(await back.holds('42'));
});

test('index 1 was never there: 0, 2 and 3 have applied, 3/3', async (context) => {
  const fleet = await start(context, { indices: [0, 2, 3] });
  await fleet.warm('42');
  for (const asked of fleet.instances) {
    const report = await fleet.report('/cache/invalidate?users=1', { at: asked });
    assert.is(report.applied, 3);
    assert.is(report.members, 3);
    assert.equal(report.report.map(({ index }: Json) => index).sort(), ['0', '2', '3']);
    for (const instance of fleet.instances) assert.not(await instance.holds('42'));
    await fleet.warm('42');
  }
});

test('require=all with a member that does not answer: 504, and the problem says who; it is applied here', async (context) => {
  const fleet = await start(context, { sync: '1s' });
  const [asked, stopped] = [fleet.at(0), fleet.at(1)];
  await fleet.warm('42');
  await asked.daemon.put('/caches/default/a', 'old');
  stopped.pause();
  const how = 'require=all&timeout=300ms';
  const answers = await Promise.all([
    fleet.call(`/cache/invalidate?users=1&${how}`, { at: asked }),
    asked.daemon.request(`/caches/default/a?${how}`, { method: 'DELETE' }),
    asked.daemon.put(`/caches/default/b?change=1&${how}`, 'new'),
  ]);
  for (const { status, headers, text } of answers) {
    assert.is(status, 504);
    assert.is(headers['content-type'], 'application/problem+json');
    assert.is(headers['sidecache-applied'], '2/3');
    const problem = JSON.parse(text);
    assert.is(problem.type, 'urn:sidecache:not_confirmed');
    assert.is(problem.applied, 2);
    const line = problem.report.find(({ index }: Json) => index === '1');
    assert.is(line.instance_id, stopped.instanceId);
    assert.is(line.status, 'unreachable');
    assert.match(problem.detail, stopped.instanceId);
  }
  assert.not(await asked.holds('42'));
  assert.not(await asked.holds('a', 'default'));
});

test('a call asks each of the others once, and not the own index', async (context) => {
  const fleet = await start(context, { sync: '1h', relays: true });
  const asked = fleet.at(0);
  // The first one may have to say hello.
  await fleet.call('/cache/invalidate?users=1', { at: asked });
  for (const { relay } of fleet.instances) relay.passed.length = 0;
  assert.is(
    (await fleet.call('/cache/invalidate?users=1', { at: asked })).headers['sidecache-applied'],
    '3/3',
  );
  const from = await asked.incarnation;
  const sent = fleet.instances.map(({ relay }) =>
    relay.passed.filter(({ headers }) => headers['sidecache-from'] === from).map(({ target }) => target),
  );
  assert.equal(sent, [[], ['/fleet/events'], ['/fleet/events']]);
});

test.run();
