// Apps that keep an object in their own memory, each beside its daemon: one call, and all hold the new one.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet }>('apps of the fleet');

test.before(async (context) => {
  context.fleet = await TestFleet.start({ apps: true });
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

/** The bodies that the app took, in order. */
function taken({ app }: Instance): string[] {
  return app!.calls.filter(({ status, event }) => status === 204 && event !== '').map(({ body }) => body);
}

function refresh(fleet: TestFleet, object: object, at?: Instance, query = '') {
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify(object);
  return fleet.call(`/api/v1/refresh${query}`, { method: 'POST', headers, body, ...(at && { at }) });
}

test('an app is told to read everything anew once its daemon has joined', async ({ fleet }) => {
  for (const { app } of fleet.instances) {
    await until(() => app!.calls.some(({ body }) => body === '{"kind":"resync"}'));
  }
});

test('one POST to /api/v1/refresh on any instance, and all three apps hold the new object', async ({
  fleet,
}) => {
  for (const at of fleet.instances) {
    const object = { k: `told by ${at.index}` };
    const answer = await refresh(fleet, object, at);
    assert.is(answer.status, 204);
    assert.is(answer.headers['sidecache-applied'], '3/3');
    for (const { app } of fleet.instances) {
      assert.equal(app!.object, object);
      assert.is(app!.calls.at(-1)!.contentType, 'application/json');
    }
  }
  const { headers } = await refresh(fleet, { k: 'v' });
  assert.is(headers['sidecache-applied'], '3/3');
  for (const { app } of fleet.instances) assert.equal(app!.object, { k: 'v' });
});

test('two refreshes in a row arrive in their order at every app, whoever was called', async ({ fleet }) => {
  const [first, second, third] = fleet.instances as [Instance, Instance, Instance];
  for (const [one, other] of [
    [first, second],
    [second, third],
    [third, third],
  ] as const) {
    assert.is((await refresh(fleet, { k: 'one' }, one)).headers['sidecache-applied'], '3/3');
    assert.is((await refresh(fleet, { k: 'two' }, other)).headers['sidecache-applied'], '3/3');
    for (const instance of fleet.instances)
      assert.equal(taken(instance).slice(-2), ['{"k":"one"}', '{"k":"two"}']);
  }
});

test('refreshes at one time on all instances: every app ends with the same object', async ({ fleet }) => {
  const calls = Array.from({ length: 12 }, (_, number) =>
    refresh(fleet, { number }, fleet.instances[number % 3], '?timeout=10s'),
  );
  for (const { headers } of await Promise.all(calls)) assert.is(headers['sidecache-applied'], '3/3');
  const objects = fleet.instances.map(({ app }) => JSON.stringify(app!.object));
  assert.is(new Set(objects).size, 1, objects.join(' '));
});

test('an app that answers 500: the report says app-failed, and it is called again until it answers', async ({
  fleet,
}) => {
  const [asked, broken] = [fleet.at(0), fleet.at(1)];
  broken.app!.brokenStatus = 500;
  const report = await fleet.report('/api/v1/refresh', { at: asked, method: 'POST', body: '{"k":"missed"}' });
  assert.is(report.applied, 2);
  assert.is(report.members, 3);
  const line = report.report.find(({ index }: Json) => index === '1');
  assert.is(line.status, 'app-failed');
  assert.is(line.instance_id, broken.instanceId);
  const answer = await refresh(fleet, { k: 'newer' }, asked);
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '2/3');
  const calls = broken.app!.calls.length;
  await until(() => broken.app!.calls.length > calls);
  broken.app!.brokenStatus = undefined;
  await until(() => JSON.stringify(broken.app!.object) === '{"k":"newer"}');
  assert.is((await refresh(fleet, { k: 'after' }, asked)).headers['sidecache-applied'], '3/3');
});

test('the own app answers 500: 2/3 as well', async ({ fleet }) => {
  const asked = fleet.at(0);
  asked.app!.brokenStatus = 500;
  const report = await fleet.report('/api/v1/refresh', { at: asked, method: 'POST', body: '{"k":"own"}' });
  asked.app!.brokenStatus = undefined;
  assert.is(report.applied, 2);
  assert.is(report.report.find(({ index }: Json) => index === '0').status, 'app-failed');
  await until(() => JSON.stringify(asked.app!.object) === '{"k":"own"}');
});

test('require=all with an app that fails: 504', async ({ fleet }) => {
  const broken = fleet.at(2);
  broken.app!.brokenStatus = 500;
  const answer = await refresh(fleet, { k: 'all' }, fleet.at(0), '?require=all');
  broken.app!.brokenStatus = undefined;
  assert.is(answer.status, 504);
  assert.is(JSON.parse(answer.text).report.find(({ index }: Json) => index === '2').status, 'app-failed');
  await until(() => JSON.stringify(broken.app!.object) === '{"k":"all"}');
});

test('notify=others: the own app is not called, the others are', async ({ fleet }) => {
  const [asked, ...others] = fleet.instances as [Instance, ...Instance[]];
  const before = asked.app!.calls.length;
  const answer = await refresh(fleet, { k: 'for others' }, asked, '?notify=others');
  assert.is(answer.headers['sidecache-applied'], '3/3');
  for (const { app } of others) assert.equal(app!.object, { k: 'for others' });
  assert.is(asked.app!.calls.length, before);
});

test('an invalidation without a body tells the apps what it was; a write tells them nothing', async ({
  fleet,
}) => {
  await fleet.at(0).daemon.request('/caches/users/1?require=all', { method: 'DELETE' });
  const answer = await fleet.call('/cache/invalidate?users=1&key=a%20b&tag=t', { at: fleet.at(0) });
  assert.is(answer.headers['sidecache-applied'], '3/3');
  const told = { kind: 'invalidate', caches: ['users'], keys: ['a%20b'], tags: ['t'], prefixes: [] };
  for (const { app } of fleet.instances) {
    assert.equal(JSON.parse(app!.calls.at(-1)!.body), told);
    assert.not(app!.calls.some(({ body }) => body.includes('"delete"')));
  }
});

test('handlers that call /cache/invalidate back, and repeat Sidecache-Event: no storm', async ({ fleet }) => {
  for (const { app } of fleet.instances) app!.callsBack = true;
  const calls = fleet.instances.map(({ app }) => app!.calls.length);
  const before = fleet.router.requests.length;
  // Refreshes are counted by it, too.
  const invalidations = 'sidecache_invalidations_total{cache="users",source="peer"}';
  const received = await Promise.all(fleet.instances.map((one) => one.metric(invalidations)));
  const answer = await refresh(fleet, { k: 'back' }, fleet.at(0));
  assert.is(answer.headers['sidecache-applied'], '3/3');
  for (const { app } of fleet.instances) app!.callsBack = false;
  // A message that comes behind whatever the handlers might have caused.
  for (const at of fleet.instances) await refresh(fleet, { k: 'last' }, at);
  for (const [at, { app }] of fleet.instances.entries()) {
    const since = app!.calls.slice(calls[at]).map(({ body }) => body);
    assert.equal(since, ['{"k":"back"}', '{"k":"last"}', '{"k":"last"}', '{"k":"last"}']);
  }
  // Four calls of ours, two messages each.
  assert.is(fleet.messages('events', before).length, 8);
  const after = await Promise.all(fleet.instances.map((one) => one.metric(invalidations)));
  // Each of ours, where others called it.
  assert.equal(
    after.map((count, at) => count - received[at]!),
    [2, 3, 3],
  );
});

test('a handler that calls back elsewhere, and repeats Sidecache-Event, is known there too, told or not', async ({
  fleet,
}) => {
  const [asked, other] = [fleet.at(0), fleet.at(1)];
  await refresh(fleet, { k: 'elsewhere' }, asked, '?notify=others');
  const { event } = other.app!.calls.at(-1)!;
  const before = fleet.router.requests.length;
  for (const at of fleet.instances) {
    const answer = await fleet.call('/cache/invalidate?users=1', {
      at,
      headers: { 'sidecache-event': event },
    });
    assert.is(answer.headers['sidecache-applied'], '1/1');
  }
  assert.is(fleet.messages('events', before).length, 0);
});

test('a daemon that joins later: its app is told to read anew, and is told of what comes', async ({
  fleet,
}) => {
  const late = await fleet.add(3);
  await until(() => late.app!.calls.some(({ body }) => body === '{"kind":"resync"}'));
  await fleet.settled();
  assert.is((await refresh(fleet, { k: 'four' }, fleet.at(0))).headers['sidecache-applied'], '4/4');
  assert.equal(late.app!.object, { k: 'four' });
});

test.run();
