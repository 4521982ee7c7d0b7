// A route that is missing, leads elsewhere, or is not to be trusted: nothing is taken for a confirmation, nobody for gone.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, pause, until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';
import type { Passed, Reply } from './relay.ts';

const SYNC_MS = 300;

const test = suite<{ fleet: TestFleet }>('routes of the fleet');

test.before(async (context) => {
  context.fleet = await TestFleet.start({ sync: `${SYNC_MS}ms`, relays: true });
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

/** By its own socket: the route is not to be relied upon. */
async function invalidate({ daemon }: Instance, timeout = '10s'): Promise<Json> {
  return daemon.json(`/cache/invalidate?users=1&report=1&timeout=${timeout}`);
}

function isMessage({ target }: Passed): boolean {
  return target.includes('/fleet/');
}

interface Fault {
  readonly name: string;
  set(fleet: TestFleet): void;
  mend(fleet: TestFleet): void;
  /** In `problems` of /peers, and in the log. */
  readonly says: RegExp;
  readonly mends: RegExp;
}

const WEB_PAGE: Reply = {
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from('<h1>Welcome</h1>'),
};

const FAULTS: readonly Fault[] = [
  {
    name: 'the route is deleted',
    set: (fleet) => fleet.removeRoute(),
    mend: (fleet) => fleet.registerAll(),
    says: /route/,
    mends: /cf map-route|scripts\/cf-route/,
  },
  {
    name: 'the route is deleted, and all are answered with 404',
    set: (fleet) => {
      fleet.removeRoute();
      fleet.router.faults.missingInstanceIs404 = true;
    },
    mend: (fleet) => {
      fleet.router.faults.missingInstanceIs404 = false;
      fleet.registerAll();
    },
    says: /route/,
    mends: /cf map-route|scripts\/cf-route/,
  },
  {
    name: 'the router has forgotten everybody, and all are answered with 400',
    set: ({ router }) => {
      router.faults.forgetsInstances = true;
    },
    mend: ({ router }) => {
      router.faults.forgetsInstances = false;
    },
    says: /does not know/,
    mends: /cf map-route|scripts\/cf-route/,
  },
  {
    name: "the route leads to the app's catch-all 200",
    set: ({ instances }) => {
      for (const { relay } of instances)
        relay.answering = (asked) => (isMessage(asked) ? WEB_PAGE : undefined);
    },
    mend: ({ instances }) => {
      for (const { relay } of instances) relay.answering = undefined;
    },
    says: /a web page/,
    mends: /leads to the app's own port/,
  },
  {
    name: 'something answers in the words of a peer, unsigned',
    set: ({ instances }) => {
      const body = Buffer.from('{"confirmed":9,"results":[[9,1,false]]}');
      const reply = { status: 200, headers: { 'content-type': 'application/json' }, body };
      for (const { relay } of instances) relay.answering = (asked) => (isMessage(asked) ? reply : undefined);
    },
    mend: ({ instances }) => {
      for (const { relay } of instances) relay.answering = undefined;
    },
    says: /without a signature/,
    mends: /another program/,
  },
];

for (const { name, set, mend, says, mends } of FAULTS) {
  test(`${name}: no confirmation, nobody is gone, it is said what is wrong, and all is made up for`, async ({
    fleet,
  }) => {
    await fleet.warm(name.length.toString());
    const asked = fleet.at(0);
    set(fleet);
    assertUnconfirmed(await invalidate(asked), fleet);
    await until(async () => (await asked.peers()).problems.length > 0);
    // A member that is silent for six intervals would be gone.
    await pause(8 * SYNC_MS);
    assertUnconfirmed(await invalidate(asked), fleet);
    const { members, problems } = await asked.peers();
    assert.is(members, 3);
    assert.match(JSON.stringify(problems), says);
    assert.match(JSON.stringify(problems), mends);
    const line = asked.daemon.lines.filter(({ message }) => /may not reach/.test(message)).at(-1);
    assert.match(String(line?.problem), says);
    mend(fleet);
    for (const one of fleet.instances) await until(async () => !(await one.holds(name.length.toString())));
    await until(async () => (await asked.peers()).problems.length === 0);
    await fleet.settled();
    assert.is((await invalidate(asked)).applied, 3);
  });
}

function assertUnconfirmed({ applied, members, report }: Json, { instances }: TestFleet): void {
  assert.is(applied, 1);
  assert.is(members, 3);
  for (const { index } of instances.slice(1)) {
    const line = report.find((one: Json) => one.index === String(index));
    assert.is(line.status, 'unreachable', JSON.stringify(line));
    assert.ok(line.why.length > 10);
  }
}

test('replies that are altered, exchanged, or were given to another message are no confirmation', async ({
  fleet,
}) => {
  const [asked, altered] = [fleet.at(0), fleet.at(1)];
  await fleet.warm('42');
  let earlier: Reply | undefined;
  const alterations: readonly ((reply: Reply) => Reply)[] = [
    (reply) => ({
      ...reply,
      body: Buffer.from(reply.body.toString().replace('"confirmed":', '"confirmed": ')),
    }),
    (reply) => ({ ...reply, headers: { ...reply.headers, 'sidecache-mac': 'A'.repeat(43) } }),
    (reply) => ({ ...reply, headers: { ...reply.headers, 'sidecache-from': 'someoneelse1' } }),
    (reply) => ({ ...reply, status: 201 }),
    () => earlier!,
  ];
  altered.relay.altering = (reply, { target }) => {
    if (target === '/fleet/events') earlier = reply;
    return reply;
  };
  assert.is((await invalidate(asked)).applied, 3);
  const first = earlier!;
  for (const alter of alterations) {
    await fleet.warm('42');
    altered.relay.altering = (reply, { target }) => (target === '/fleet/events' ? alter(reply) : reply);
    earlier = first;
    const report = await invalidate(asked);
    assert.is(report.applied, 2, alter.toString());
    assert.is(report.members, 3);
    const line = report.report.find(({ index }: Json) => index === '1');
    assert.is(line.status, 'unreachable');
    assert.match(line.why, 'signature');
    altered.relay.altering = undefined;
    await until(async () => (await asked.peers()).peers.every(({ unconfirmed }: Json) => unconfirmed === 0));
  }
});

test('the header is stripped on the way: who is counted has forgotten, it is said, and n stays', async ({
  fleet,
}) => {
  await fleet.warm('42');
  const asked = fleet.at(0);
  fleet.router.faults.stripsAddressing = true;
  for (let call = 0; call < 3; call++) {
    // What did not reach one in time the last time may come meanwhile.
    await until(() =>
      fleet.warm('42').then(
        () => true,
        () => false,
      ),
    );
    const { members, report } = await invalidate(asked, '500ms');
    assert.is(members, 3);
    for (const { index, status } of report) {
      if (status === 'applied') assert.not(await fleet.at(Number(index)).holds('42'));
    }
  }
  await until(async () => (await asked.peers()).problems.length > 0);
  await pause(8 * SYNC_MS);
  const { members, problems } = await asked.peers();
  assert.is(members, 3);
  assert.match(JSON.stringify(problems), 'X-CF-APP-INSTANCE');
  // It does not ask without end whoever answers.
  const before = fleet.router.requests.length;
  await pause(4 * SYNC_MS);
  const asking = fleet.router.requests.length - before;
  assert.ok(asking < 4 * 3 * 20, `${asking} requests in four intervals`);
  fleet.router.faults.stripsAddressing = false;
  for (const one of fleet.instances) await until(async () => !(await one.holds('42')));
  await fleet.settled();
  await until(async () => (await asked.peers()).problems.length === 0);
  assert.is((await invalidate(asked)).applied, 3);
});

test.run();
