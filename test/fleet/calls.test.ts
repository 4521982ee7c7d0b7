// One call, and who has applied it when it answers.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { MemberReport } from '../../src/fleet/announcement.ts';
import type { Ask } from '../../src/fleet/link.ts';
import { SYNC_MS } from './sim/instance.ts';
import { World } from './sim/world.ts';

const KEY = 'a/1';

const test = suite('fleet calls');

test('one call reaches all', async () => {
  const world = new World();
  const [one, ...others] = await world.startFleet(4);
  cacheEverywhere(world);
  world.change(KEY);
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '1 applied, 2 applied, 3 applied');
  assert.equal(
    reports.map(({ entries }) => entries),
    [1, 1, 1],
  );
  assert.is(one!.fleet.count, 4);
  for (const instance of others) assert.is(instance.read(KEY), 1);
});

test('it takes one round trip, however many there are', async () => {
  const world = new World();
  world.network.latencyMs = [10, 10];
  const [one] = await world.startFleet(30);
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.is(reports.length, 29);
  assert.ok(reports.every(({ status, ms }) => status === 'applied' && ms === 20));
});

for (const few of [24, 1]) {
  test(`members that only one that answers knows are asked before it answers, lists sent up to ${few}`, async () => {
    const world = new World();
    const [one, two] = await world.startFleet(2, { few });
    // The newcomer and the asker hear nothing of each other.
    const late = world.start(2, { few });
    world.network.cut.add(`${late.identity.incarnation}>${one!.identity.incarnation}`);
    await world.until(late.started);
    world.network.cut.clear();
    assert.is(one!.fleet.members.get(late.identity.incarnation), undefined);
    assert.ok(two!.fleet.members.get(late.identity.incarnation));
    const reports = await world.until(one!.call(KEY, 1000).reports);
    assert.equal(summary(reports), '1 applied, 2 applied');
  });
}

test('two of each index, as in a rolling deploy: each is asked by its own name, whomever the index leads to', async () => {
  const world = new World();
  world.network.pick = (hosts) => hosts[world.random.below(hosts.length)]!;
  const instances = [0, 1].map((index) => world.start(index, { process: 'a1' }));
  await world.pass(2000);
  instances.push(...[0, 1].map((index) => world.start(index, { process: 'b2' })));
  await world.pass(2000);
  for (let i = 0; i < 200; i++) {
    const reports = await world.until(instances[i % 4]!.call(KEY, 1000).reports);
    assert.is(reports.filter(({ status }) => status === 'applied').length, 3, `${i}: ${summary(reports)}`);
    await world.pass(500);
  }
});

test('who answers in the place of another says nothing of where that one is sought by then', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const world = new World(seed);
    const asked: Ask[] = [];
    const one = world.start(0, { process: 'a1', onAsk: (ask) => asked.push(ask) });
    const twin = world.start(1, { process: 'a1' });
    const other = world.start(1, { process: 'b2', syncMs: 60_000 });
    await world.pass(2000);
    const member = one.fleet.members.get(other.identity.incarnation)!;
    world.network.cut.add(`${one.identity.incarnation}>${other.identity.incarnation}`);
    one.write(KEY);
    await world.pass(2500);
    world.network.cut.clear();
    world.network.pick = (hosts) => hosts.find((host) => host === twin) ?? hosts[0]!;
    member.place = 'index:1';
    // At an interval it is told what it has not got, and asked how far it is, both at one time.
    const isSynced = ({ kind, place, to }: Ask): boolean =>
      kind === 'sync' && place === 'index:1' && to === other.identity.incarnation;
    for (let ms = 0; !asked.some(isSynced); ms++) {
      assert.ok(ms < 2 * SYNC_MS, `${seed}: it was not asked there`);
      await world.pass(1);
    }
    await world.pass(100);
    assert.equal(
      [member.place, member.status, one.fleet.unconfirmed(member)],
      ['process:b2:1', 'up', 0],
      `${seed}`,
    );
  }
});

test('gaps in the indices are no matter', async () => {
  const world = new World();
  const instances = [0, 2, 3].map((index) => world.start(index));
  await world.pass(2000);
  const reports = await world.until(instances[0]!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '2 applied, 3 applied');
});

test('by their names in DNS they find each other, too', async () => {
  const world = new World();
  const [one] = await world.startFleet(3, { transport: 'dns' });
  assert.equal(summary(await world.until(one!.call(KEY, 1000).reports)), '1 applied, 2 applied');
});

test('one is unreachable: the rest confirm, and it is told within an interval of being back', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  cacheEverywhere(world);
  world.network.refusing.add(two!.identity.incarnation);
  world.change(KEY);
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '1 unreachable, 2 applied');
  assert.match(reports[0]!.why!, /refused/);
  assert.is(two!.read(KEY), 0);
  await world.pass(8000);
  assert.is(two!.read(KEY), 0);
  world.network.refusing.clear();
  await world.pass(5600);
  assert.is(two!.read(KEY), 1);
  assert.equal(two!.drops, []);
});

test('one hangs: it ends at the deadline and says who', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(3);
  two!.clock.pause();
  const beganMs = world.clock.now();
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.is(Math.round(world.clock.now() - beganMs), 1000);
  assert.equal(summary(reports), '1 unreachable, 2 applied');
});

test('what was received is told nobody onwards', async () => {
  const world = new World();
  const senders = new Set<string>();
  world.network.onRequest = (from, _to, kind) => {
    if (kind === 'events') senders.add(from.identity.index);
  };
  const [one, ...others] = await world.startFleet(3);
  await world.until(one!.call(KEY, 1000).reports);
  await world.pass(20_000);
  assert.equal([...senders], ['0']);
  assert.equal(
    others.map(({ applied }) => applied.length),
    [1, 1],
  );
});

test('a lost reply means that it was applied once, and is confirmed at the next interval', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  world.network.lostReplies = 100;
  const reports = await world.until(one!.call(KEY, 500).reports);
  assert.equal(summary(reports), '1 unreachable');
  world.network.lostReplies = 0;
  await world.pass(6000);
  const member = one!.fleet.members.get(two!.identity.incarnation)!;
  assert.equal([one!.fleet.unconfirmed(member), two!.applied.length, one!.logBytes], [0, 1, 0]);
});

test('writes are told to all, and nobody waits for them', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  two!.read(KEY);
  world.change(KEY);
  one!.write(KEY);
  await world.pass(100);
  assert.is(two!.read(KEY), 1);
});

test('the age of what a member has not confirmed is told', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  two!.clock.pause();
  one!.write(KEY);
  await world.pass(700);
  const [member] = one!.fleet.members.all;
  assert.equal([one!.fleet.unconfirmed(member!), Math.round(one!.fleet.lagMs(member!))], [1, 700]);
});

test('what is too much for the log is dropped where it was missed, cache by cache', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2, { maxLogBytes: 2000 });
  cacheEverywhere(world, ['a/1', 'b/1']);
  world.network.refusing.add(two!.identity.incarnation);
  for (const key of ['b/2', ...Array<string>(12).fill('a/2')]) one!.write(key);
  await world.pass(1000);
  world.network.refusing.clear();
  await world.pass(6000);
  assert.equal(
    two!.drops.map(({ caches }) => caches),
    [['b', 'a']],
  );
  assert.is(one!.fleet.unconfirmed(one!.fleet.members.all[0]!), 0);
});

test('where nothing fits in the log everything that was missed is dropped, once', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2, { maxLogBytes: 0 });
  one!.write(KEY);
  await world.pass(20_000);
  assert.equal(
    two!.drops.map(({ caches }) => caches),
    [['a']],
  );
});

test('an app that answers in time makes it applied', async () => {
  const world = new World();
  const [one] = await world.startFleet(2, { app: () => ({ answer: 'applied', afterMs: 400 }) });
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '1 applied');
  assert.ok(reports[0]!.ms >= 400);
});

test('an app that is late makes it app-failed at the deadline', async () => {
  const world = new World();
  const [one] = await world.startFleet(2, { app: () => ({ answer: 'applied', afterMs: 4000 }) });
  const beganMs = world.clock.now();
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal(summary(reports), '1 app-failed');
  assert.is(Math.round(world.clock.now() - beganMs), 1000);
});

test('an app that fails makes it app-failed at once', async () => {
  const world = new World();
  const [one] = await world.startFleet(2, { app: () => ({ answer: 'failed', afterMs: 50 }) });
  const reports = await world.until(one!.call(KEY, 1000).reports);
  assert.equal([summary(reports), reports[0]!.ms < 200], ['1 app-failed', true]);
});

test('with nobody ever reached nobody can be counted', async () => {
  const world = new World();
  const [one] = await world.startFleet(1);
  assert.equal([one!.fleet.isJoined, one!.fleet.count], [true, undefined]);
  assert.equal(await world.until(one!.call(KEY, 1000).reports), []);
});

test('the metrics of all are gathered, and those that do not answer are said', async () => {
  const world = new World();
  const [one, , three] = await world.startFleet(3);
  three!.clock.pause();
  const gathered = await world.until(one!.fleet.gather(500));
  assert.equal(
    gathered.map(({ identity, text }) => [identity.index, text]),
    [
      ['1', 'up{} 1 # 1'],
      ['2', undefined],
    ],
  );
});

test('what makes no sense gets an answer, and changes nothing', async () => {
  const world = new World();
  const [one, two] = await world.startFleet(2);
  const { incarnation } = two!.identity;
  const from = { ...two!.identity, instance_id: two!.identity.instanceId };
  for (const kind of ['sync', 'events', 'confirm', 'pull', 'bye', 'metrics', 'publish'] as const) {
    for (const body of [null, 7, 'x', [], {}, { from: 7 }, { from: { ...from, incarnation: 'another000' } }])
      assert.equal(one!.receive(kind, incarnation, body), { error: 'the sender is not who signed' });
  }
  for (const body of [{ from }, { from, events: 7 }, { from, sequence: -1 }]) {
    assert.ok(one!.receive('sync', incarnation, body));
    assert.ok(one!.receive('events', incarnation, body));
    assert.ok(one!.receive('pull', incarnation, body));
    assert.equal(await one!.receive('confirm', incarnation, body), { app: 'unknown' });
  }
  assert.equal([one!.applied, one!.drops], [[], []]);
});

function cacheEverywhere(world: World, keys: readonly string[] = [KEY]): void {
  for (const instance of world.alive) for (const key of keys) instance.read(key);
}

/** `INDEX STATUS, …`. */
function summary(reports: readonly MemberReport[]): string {
  return reports.map(({ identity, status }) => `${identity.index} ${status}`).join(', ');
}

test.run();
