// Who belongs to the fleet while routes break, instances end and come back, and what each is told.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MemberReport } from '../../src/fleet/announcement.ts';
import type { Instance } from './sim/instance.ts';
import type { RouteFault } from './sim/network.ts';
import { World } from './sim/world.ts';

const KEY = 'a/1';
const SIX_INTERVALS_MS = 30_000;

const test = suite('fleet belonging');

for (const fault of ['no-route', 'unlisted', 'foreign', 'misrouted'] satisfies RouteFault[]) {
  test(`${fault} for all: nothing is confirmed, n does not shrink, and it is said what is wrong`, async () => {
    const world = new World();
    const [one] = await world.startFleet(3);
    world.network.routeFault = fault;
    await world.pass(200_000);
    const reports = await world.until(one!.call(KEY, 1000).reports);
    assert.equal(summary(reports), '1 unreachable, 2 unreachable');
    assert.equal([one!.fleet.count, one!.fleet.problem?.problem], [3, fault]);
    world.network.routeFault = undefined;
    await world.pass(13_000);
    assert.is(one!.fleet.problem, undefined);
    assert.equal(summary(await world.until(one!.call(KEY, 1000).reports)), '1 applied, 2 applied');
  });
}

test('a route that is gone is said within two intervals', async () => {
  const world = new World();
  const [one] = await world.startFleet(3);
  world.network.routeFault = 'no-route';
  await world.pass(11_000);
  assert.is(one!.fleet.problem?.problem, 'no-route');
});

test('who starts while the router knows nobody does not take itself for alone', async () => {
  const world = new World();
  world.network.routeFault = 'unlisted';
  const one = world.start(0);
  await world.pass(9900);
  assert.not(one.fleet.isJoined);
  await world.pass(200);
  assert.ok(one.fleet.isJoined);
});

test('one that ends without a word is gone after being unlisted and unheard for 20 s', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  two!.kill();
  await world.pass(18_000);
  assert.is(one!.fleet.count, 3);
  await world.pass(14_000);
  assert.is(one!.fleet.count, 2);
  await world.pass(60_000);
  assert.is(one!.fleet.count, 2);
});

test('one that hangs is gone after six intervals, and not before', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  two!.clock.pause();
  await world.pass(SIX_INTERVALS_MS - 6000);
  assert.is(one!.fleet.count, 3);
  await world.pass(14_000);
  assert.is(one!.fleet.count, 2);
  assert.equal(summary(await world.until(one!.call(KEY, 1000).reports)), '2 applied');
});

test('one that another still hears is not gone', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  const [from, to] = [one!.identity.incarnation, two!.identity.incarnation];
  world.network.cut.add(`${from}>${to}`).add(`${to}>${from}`);
  await world.pass(200_000);
  assert.equal([one!.fleet.count, two!.fleet.count], [3, 3]);
});

test('one that is back after it was gone has dropped what it had', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  two!.read(KEY);
  two!.clock.pause();
  await world.pass(SIX_INTERVALS_MS + 14_000);
  assert.is(one!.fleet.count, 2);
  world.change(KEY);
  await world.until(one!.call(KEY, 1000).reports);
  two!.clock.resume();
  await world.pass(6000);
  assert.is(one!.fleet.count, 3);
  assert.is(two!.read(KEY), 1);
});

test('who stood still for long does not take the others for gone', async () => {
  const world = new World();
  const [one, two, three] = await world.startFleet(3);
  one!.clock.pause();
  await world.pass(60_000);
  three!.clock.pause();
  one!.clock.resume();
  await world.pass(5000);
  assert.is(one!.fleet.count, 3);
  three!.clock.resume();
  await world.pass(20_000);
  assert.equal([one!.fleet.count, two!.fleet.count], [3, 3]);
});

test('who answered is not gone because another was waited for longer than six intervals take', async () => {
  const world = new World();
  const one = world.start(0, { syncMs: 300 });
  const [quiet, hung] = [world.start(1, { syncMs: 600_000 }), world.start(2, { syncMs: 600_000 })];
  await world.pass(2000);
  world.network.cut.add(`${one.identity.incarnation}>${hung.identity.incarnation}`);
  for (let ms = 0; ms < 10_000; ms += 100) {
    await world.pass(100);
    assert.ok(one.fleet.members.get(quiet.identity.incarnation), `gone after ${ms} ms`);
  }
  assert.is(one.fleet.members.get(hung.identity.incarnation), undefined);
});

test('a daemon that started again in its container supersedes the earlier one at once', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  two!.kill();
  const again = world.start(1, { instanceId: two!.identity.instanceId });
  await world.until(again.started);
  await world.pass(100);
  assert.is(one!.fleet.count, 3);
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '2 applied, 1 applied');
});

test('a late word of the earlier daemon does not bring it back', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  const { incarnation } = two!.identity;
  two!.kill();
  const newcomer = world.start(2);
  const again = world.start(1, { instanceId: two!.identity.instanceId });
  await world.pass(3000);
  for (const instance of [one!, newcomer]) {
    instance.receive('metrics', incarnation, { from: wire(two!) });
    assert.ok(instance.fleet.members.get(again.identity.incarnation));
  }
  assert.is(one!.fleet.members.get(incarnation), undefined);
  // Who never met the earlier one cannot tell it from one whose clock was wrong at its start: it counts until it is silent.
  await world.pass(40_000);
  assert.is(newcomer.fleet.members.get(incarnation), undefined);
});

test('one whose clock was set back before it started again is a member all the same', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  const earlier = { ...wire(two!), incarnation: '00000000a1b2c3d4e5f6' };
  one!.receive('metrics', earlier.incarnation, { from: earlier });
  assert.ok(one!.fleet.members.get(earlier.incarnation));
  assert.ok(one!.fleet.members.get(two!.identity.incarnation));
});

test('in DNS another daemon at the address supersedes the earlier one', async () => {
  const world = new World();
  const address = '10.9.9.9:7071';
  const [one] = await world.startFleet(2, { transport: 'dns' });
  const two = world.start(7, { transport: 'dns', address });
  await world.pass(2000);
  assert.is(one!.fleet.count, 3);
  two.kill();
  world.start(7, { transport: 'dns', address });
  await world.pass(6000);
  assert.is(one!.fleet.count, 3);
  assert.is(one!.fleet.members.get(two.identity.incarnation), undefined);
});

test('two of one index are both told, also when routing reaches only one of them', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  const twin = world.start(1);
  await world.pass(8000);
  assert.is(one!.fleet.count, 4);
  for (const instance of [two!, twin]) instance.read(KEY);
  world.change(KEY);
  const beganMs = world.clock.now();
  const reports = await world.until(one!.call(KEY, 5000).reports);
  assert.ok(reports.every(({ status }) => status === 'applied'));
  assert.ok(world.clock.now() - beganMs < 1200);
  assert.equal([two!.read(KEY), twin.read(KEY)], [1, 1]);
});

test('of two of one index, where nobody else is, each finds the other', async () => {
  const world = new World();
  const one = world.start(0);
  await world.pass(1000);
  const twin = world.start(0);
  await world.pass(7000);
  assert.equal([one.fleet.count, twin.fleet.count], [2, 2]);
});

test('who fetches says what its app has not taken', async () => {
  const world = new World();
  const app = () => ({ answer: 'applied' as const, afterMs: 2500 });
  const [one] = await world.startFleet(2, { app });
  world.start(1, { app });
  await world.pass(8000);
  const late = await world.until(one!.call(KEY, 2000).reports);
  assert.equal(summary(late), '1 app-failed, 1 app-failed');
  const reports = await world.until(one!.call(KEY, 5000).reports);
  assert.equal(summary(reports), '1 applied, 1 applied');
});

test('who is alone at its place again fetches no more', async () => {
  const world = new World();
  let pulls = 0;
  world.network.onRequest = (_from, _to, kind) => {
    if (kind === 'pull') pulls++;
  };
  await world.startFleet(2);
  const twin = world.start(1);
  await world.pass(8000);
  assert.ok(pulls > 0);
  await world.until(twin.leave());
  await world.pass(20_000);
  pulls = 0;
  await world.pass(20_000);
  assert.is(pulls, 0);
});

test('who says farewell is gone at once, and its last events are told before', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  one!.read(KEY);
  world.change(KEY);
  world.network.lostRequests = 100;
  two!.write(KEY);
  await world.pass(100);
  world.network.lostRequests = 0;
  await world.pass(2500);
  await world.until(two!.leave());
  assert.equal([one!.fleet.count, one!.read(KEY)], [2, 1]);
  await world.pass(60_000);
  assert.is(one!.fleet.count, 2);
});

test('a call that waits for one that says farewell ends with it', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  const { reports } = one!.call(KEY, 5000);
  await world.pass(100);
  world.network.cut.add(`${one!.identity.incarnation}>${two!.identity.incarnation}`);
  const more = one!.call(KEY, 5000).reports;
  await world.until(two!.leave());
  assert.equal(
    [summary(await world.until(reports)), summary(await world.until(more))],
    ['1 applied', '1 gone'],
  );
});

test('after its end nothing runs any more', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2, { app: () => ({ answer: 'applied', afterMs: 30_000 }) });
  world.start(1);
  await world.pass(8000);
  void one!.call(KEY, 1000);
  void two!.call(KEY, 1000);
  await world.pass(1500);
  await world.until(one!.fleet.close());
  assert.is(one!.clock.timers, 0);
});

test('modes that differ are told, and taken back when the other ends', async () => {
  const world = new World();
  const one = world.start(0, { modes: { a: 'invalidation', b: 'invalidation' } });
  const two = world.start(1, { modes: { a: 'replicated' } });
  await world.pass(2000);
  assert.equal([[...one.differing], [...two.differing]], [['a'], ['a']]);
  await world.until(two.leave());
  await world.pass(6000);
  assert.equal([...one.differing], []);
});

test('events that come while one joins fall nowhere between', async () => {
  const world = new World(7);
  world.network.latencyMs = [5, 200];
  const [one, two] = await world.startFleet(2);
  for (let i = 0; i < 40; i++) {
    const newcomer = world.start(2 + i);
    for (let at = 0; at < 60; at++) {
      world.change(KEY);
      void (at % 2 === 0 ? one! : two!).call(KEY, 1000);
      await world.pass(10);
      newcomer.read(KEY);
    }
    await world.pass(1500);
    assert.ok(newcomer.fleet.isJoined);
    assert.is(newcomer.read(KEY), world.version(KEY));
    await world.until(newcomer.leave());
  }
});

test('a fleet of many that starts at once joins, and knows itself', async () => {
  const world = new World();
  const instances = Array.from({ length: 40 }, (_, index) => world.start(index));
  await world.pass(3000);
  assert.ok(instances.every(({ fleet }) => fleet.isJoined && fleet.count === 40));
  assert.is(new Set(instances.map(({ fleet }) => fleet.members.hash)).size, 1);
});

test('a large fleet that stands still stays, and says little', async () => {
  const world = new World();
  const [one] = await world.startFleet(40);
  await world.pass(60_000);
  const before = world.network.bytes;
  await world.pass(60_000);
  assert.is(one!.fleet.count, 40);
  // Each asks a third of the others at each of twelve intervals: less than 1 KB there and back.
  const bytes = (world.network.bytes - before) / 40 / 12 / 13;
  assert.ok(bytes < 1000, `${bytes} bytes`);
});

function wire({ identity }: Instance): object {
  const { instanceId, ...same } = identity;
  return { ...same, instance_id: instanceId };
}

/** `INDEX STATUS, …`. */
function summary(reports: readonly MemberReport[]): string {
  return reports.map(({ identity, status }) => `${identity.index} ${status}`).join(', ');
}

test.run();
