// Peers behind a router that behaves as the platform's does.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { StandInRouter } from '../../../src/demo/router.ts';
import type { Identity } from '../../../src/fleet/identity.ts';
import type { LinkParts } from '../../../src/fleet/link/create-link.ts';
import type { Ask, Outcome } from '../../../src/fleet/link.ts';
import { closedPort } from '../../load/origin.ts';
import {
  APP,
  identity,
  type LinkLab,
  linkTo,
  listening,
  type PeerLab,
  PROCESS,
  startPeer,
} from './fleet-lab.ts';

const test = suite('behind the router');
const HOST = '127.0.0.1';
const NEW_PROCESS = '99999999-8888-7777-6666-000000000000';

interface Lab {
  readonly router: StandInRouter;
  /** A member, registered under its index. */
  member(name: string, index: string, process?: string): Promise<PeerLab>;
  /** As `self` sees the fleet. */
  linkOf(self: Identity, given?: Partial<LinkParts>): LinkLab;
  /** Something else registered for the index. */
  register(port: number, index: string): void;
  close(): Promise<void>;
}

async function begin(): Promise<Lab> {
  const router = await StandInRouter.start();
  const ends: (() => unknown)[] = [];
  const register = (port: number, index: string, process = PROCESS): void =>
    router.register(HOST, {
      host: HOST,
      port,
      appGuid: APP,
      processGuid: process,
      index,
      instanceId: `id-${port}`,
    });
  return {
    router,
    register,
    member: async (name, index, process = PROCESS) => {
      const peer = await startPeer(name, { self: identity(name, index, process) });
      ends.push(() => peer.close());
      register(peer.port, index, process);
      return peer;
    },
    linkOf: (self, given = {}) => {
      const peers = { by: 'gorouter', url: router.url, appGuid: APP, processGuid: self.process } as const;
      const lab = linkTo(peers, { self, appName: 'my-app', ...given }, self.index);
      ends.push(() => lab.link.close());
      return lab;
    },
    close: async () => {
      for (const end of ends.reverse()) await end();
      await router.close();
    },
  };
}

function asking(place: string, to?: string): Ask {
  return { place, to, kind: 'sync', body: {}, timeoutMs: 5000 };
}

/** Asks everywhere, and gives who answered, sorted. */
async function discover({ link, transport }: LinkLab, highestIndex: number): Promise<string[]> {
  const places = await transport.find(highestIndex);
  const outcomes = await Promise.all(places.map((place) => link.ask(asking(place))));
  return namesOf(outcomes);
}

function namesOf(outcomes: readonly Outcome[]): string[] {
  const from = outcomes.flatMap((outcome) => ('from' in outcome ? [outcome.from.incarnation] : []));
  return [...new Set(from)].map((incarnation) => incarnation.replace('incarnation', '')).sort();
}

function whyOf(outcome: Outcome): string {
  return 'why' in outcome ? outcome.why : '';
}

test('all instances are found across a gap, and nobody asks for itself', async () => {
  const lab = await begin();
  const self = await lab.member('zero', '0');
  await lab.member('two', '2');
  await lab.member('seven', '7');
  const asker = lab.linkOf(self.self);
  assert.equal(await discover(asker, -1), ['seven', 'two']);
  const own = [`${PROCESS}:0`, `${APP}:0`];
  // Whether the router knows anybody may be asked at the own place, by a hello.
  const atOwn = lab.router.requests.filter((seen) => own.includes(seen.processInstance + seen.appInstance));
  assert.ok(atOwn.every(({ target }) => target === '/fleet/hello'));
  assert.equal(self.received, []);
  await lab.close();
});

test('during a rolling deploy both processes are found, of one index too, from either side', async () => {
  const lab = await begin();
  const before = await lab.member('old0', '0', PROCESS);
  await lab.member('old1', '1', PROCESS);
  const after = await lab.member('new0', '0', NEW_PROCESS);
  const ofOld = lab.linkOf(before.self);
  // The first round learns that the router tells processes apart.
  await discover(ofOld, 1);
  assert.equal(await discover(ofOld, 1), ['new0', 'old1']);
  const ofNew = lab.linkOf(after.self);
  await ofNew.link.ask(asking(ofNew.transport.placeOf(before.self) ?? ''));
  assert.is(before.received.at(-1)?.[1], after.self.incarnation);
  assert.ok((await discover(ofNew, 1)).includes('old1'));
  await lab.close();
});

test('a router that does not know processes: the app header is used, and the other header is not sent again', async () => {
  const lab = await begin();
  lab.router.faults.ignoresProcessHeader = true;
  const self = await lab.member('zero', '0');
  await lab.member('one', '1');
  await lab.member('two', '2');
  const asker = lab.linkOf(self.self);
  await discover(asker, 2);
  const sentBefore = lab.router.requests.length;
  assert.equal(await discover(asker, 2), ['one', 'two']);
  const since = lab.router.requests.slice(sentBefore);
  assert.ok(since.length > 0 && since.every(({ processInstance }) => processInstance === ''));
  assert.is(asker.transport.problem, undefined);
  await lab.close();
});

test('the first who is asked by a header that the router does not know is found by the other one, in the same ask', async () => {
  const lab = await begin();
  lab.router.faults.ignoresProcessHeader = true;
  await lab.member('zero', '0');
  await lab.member('one', '1');
  await lab.member('two', '2');
  for (let i = 0; i < 6; i++) {
    const { link } = lab.linkOf(identity(`zero${i}`, '0', PROCESS));
    const outcome = await link.ask({ ...asking(`process:${PROCESS}:1`), to: 'incarnationone' });
    assert.is(outcome.result, 'answered', whyOf(outcome));
    link.close();
  }
  await lab.close();
});

test('a header that is stripped: misrouted, said, nobody is asked on and on, and it is noticed when it is mended', async () => {
  const lab = await begin();
  const self = await lab.member('zero', '0');
  const one = await lab.member('one', '1');
  await lab.member('two', '2');
  lab.router.faults.stripsAddressing = true;
  const asker = lab.linkOf(self.self);
  await discover(asker, 2);
  assert.match(asker.transport.problem ?? '', /X-CF-APP-INSTANCE does not arrive/);
  assert.is((await asker.transport.find(2)).length, 1);
  const outcome = await asker.link.ask(asking(`app:${APP}:99`));
  assert.is(outcome.result, 'misrouted');
  assert.match(whyOf(outcome), /asked for instance 99 of the app on .*, index \d of process .* answered/);
  lab.router.faults.stripsAddressing = false;
  await discover(asker, 2);
  assert.is(asker.transport.problem, undefined);
  assert.equal(await discover(asker, 2), ['one', 'two']);
  assert.is((await asker.link.ask(asking(`app:${APP}:1`, one.self.incarnation))).result, 'answered');
  await lab.close();
});

test('a missing instance is unlisted while others are there', async () => {
  const lab = await begin();
  const self = await lab.member('zero', '0');
  const one = await lab.member('one', '1');
  const asker = lab.linkOf(self.self);
  const place = asker.transport.placeOf(one.self) ?? '';
  assert.is((await asker.link.ask(asking(place))).result, 'answered');
  lab.router.unregister(HOST, { host: HOST, port: one.port });
  asker.clock.advance(60_000);
  const outcome = await asker.link.ask(asking(place, one.self.incarnation));
  assert.is(outcome.result, 'unlisted');
  assert.match(whyOf(outcome), /the router does not know instance 1 of process .* \(400 unknown_route\)/);
  await lab.close();
});

for (const [name, breakIt] of [
  ['the route is deleted', (router: StandInRouter) => router.removeRoute(HOST)],
  [
    'the router forgets everybody',
    (router: StandInRouter) => {
      router.faults.forgetsInstances = true;
    },
  ],
] as const) {
  test(`${name}: that says nothing of an instance`, async () => {
    const lab = await begin();
    const self = await lab.member('zero', '0');
    const one = await lab.member('one', '1');
    const asker = lab.linkOf(self.self);
    const place = asker.transport.placeOf(one.self) ?? '';
    assert.is((await asker.link.ask(asking(place))).result, 'answered');
    breakIt(lab.router);
    asker.clock.advance(60_000);
    const outcomes = await Promise.all(
      [place, place, place].map((at) => asker.link.ask(asking(at, one.self.incarnation))),
    );
    for (const outcome of outcomes) {
      assert.is(outcome.result, 'no-route');
      assert.match(whyOf(outcome), /nobody is known on the route, not even this instance/);
    }
    await lab.close();
  });
}

test('a route that leads to the catch-all of the app confirms nothing', async () => {
  const lab = await begin();
  const app = await listening((request, response) => {
    request.resume();
    response.end('{"ok":true}');
  });
  lab.register(app.port, '0');
  lab.register(app.port, '1');
  const asker = lab.linkOf(identity('zero', '0'));
  assert.equal(await discover(asker, 1), []);
  const outcome = await asker.link.ask(asking(`app:${APP}:1`));
  assert.is(outcome.result, 'foreign');
  await lab.close();
  await app.close();
});

test('an instance that hangs ends with its time, and keeps nobody else waiting', async () => {
  const lab = await begin();
  const self = await lab.member('zero', '0');
  const one = await lab.member('one', '1');
  const two = await lab.member('two', '2');
  lab.router.faults.hung.add(`id-${one.port}`);
  const asker = lab.linkOf(self.self);
  const hung = asker.link.ask(asking(`process:${PROCESS}:1`));
  assert.is((await asker.link.ask(asking(`process:${PROCESS}:2`, two.self.incarnation))).result, 'answered');
  asker.clock.advance(5000);
  assert.match(whyOf(await hung), /instance 1 .* did not answer within 5000 ms/);
  await lab.close();
});

// --- the probe of the own place

test('the probe is content where the own place leads here', async () => {
  const lab = await begin();
  const self = await lab.member('zero', '0');
  await lab.member('one', '1');
  assert.equal(await lab.linkOf(self.self).link.probeOwn(), { ok: true });
  await lab.close();
});

async function problemOf(lab: Lab, self: Identity): Promise<{ problem: string; mend: string }> {
  const probe = await lab.linkOf(self).link.probeOwn();
  if (probe.ok) throw new Error('the probe found nothing');
  return probe;
}

test('a router that does not know processes is probed by the app header', async () => {
  const lab = await begin();
  lab.router.faults.ignoresProcessHeader = true;
  await lab.member('one', '1');
  const self = await lab.member('zero', '0');
  const asker = lab.linkOf(self.self);
  // Anybody answers; the first in turn is not this one.
  assert.equal(await asker.link.probeOwn(), { ok: true });
  assert.is(asker.transport.own, `app:${APP}:0`);
  await lab.close();
});

test('no route: the command that maps it', async () => {
  const lab = await begin();
  const { problem, mend } = await problemOf(lab, identity('zero', '0'));
  assert.match(problem, /there is no route to 127\.0\.0\.1:\d+ \(404 unknown_route\)/);
  assert.match(mend, /scripts\/cf-route my-app 127 --domain 0\.0\.1 --port 7071/);
  assert.match(mend, /cf map-route my-app 0\.0\.1 --hostname 127 --app-port 7071/);
  assert.match(mend, /cf restart my-app/);
  await lab.close();
});

test('not registered: it may pass, else the route was mapped after the start', async () => {
  const lab = await begin();
  await lab.member('one', '1');
  const { problem, mend } = await problemOf(lab, identity('zero', '0'));
  assert.match(problem, /the router does not know instance 0/);
  assert.match(mend, /passes by itself.*cf restart my-app/);
  await lab.close();
});

test("a route to the app's own port: it must lead to the daemon's", async () => {
  const lab = await begin();
  const app = await listening((request, response) => {
    request.resume();
    response.end('welcome');
  });
  lab.register(app.port, '0');
  const { problem, mend } = await problemOf(lab, identity('zero', '0'));
  assert.match(problem, /answered 200 without a signature/);
  assert.match(mend, /leads to the app's own port.*7071.*scripts\/cf-route/);
  await lab.close();
  await app.close();
});

test('a port on which nobody listens', async () => {
  const lab = await begin();
  lab.register(await closedPort(), '0');
  const { problem, mend } = await problemOf(lab, identity('zero', '0'));
  assert.match(problem, /502 endpoint_failure/);
  assert.match(mend, /0\.0\.0\.0 \(fleet\.listen\)/);
  await lab.close();
});

test('a twin of a rolling deploy', async () => {
  const lab = await begin();
  lab.router.faults.ignoresProcessHeader = true;
  await lab.member('new0', '0', NEW_PROCESS);
  const { problem, mend } = await problemOf(lab, identity('old0', '0', PROCESS));
  assert.match(problem, /another one with this index: index 0, instance instance-new0/);
  assert.match(mend, /rolling deploy this passes by itself/);
  await lab.close();
});

test('a header that is stripped on the way', async () => {
  const lab = await begin();
  lab.router.faults.stripsAddressing = true;
  await lab.member('one', '1');
  const { problem, mend } = await problemOf(lab, identity('zero', '0'));
  assert.match(problem, /another one answered: index 1/);
  assert.match(mend, /X-CF-APP-INSTANCE does not arrive/);
  await lab.close();
});

test.run();
