// Who may speak at a daemon's fleet listener: messages that are not a peer's, or not for now; operators; two tokens.

import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answered, type Json, until } from './daemon.ts';
import { type FleetOptions, type Instance, send, TestFleet } from './fleet-harness.ts';
import type { Passed } from './relay.ts';

const test = suite<{ fleet: TestFleet | undefined }>('access to the fleet');

test.after.each(async (context) => {
  await context.fleet?.close();
  context.fleet = undefined;
});

async function start(context: { fleet: TestFleet | undefined }, options?: FleetOptions): Promise<TestFleet> {
  const fleet = await TestFleet.start(options);
  context.fleet = fleet;
  return fleet;
}

/** A real message with an event, for the second instance, which did not get it: everybody holds the key. */
async function withheldMessage(fleet: TestFleet): Promise<Passed> {
  const { relay } = fleet.at(1);
  const withheld: Passed[] = [];
  relay.answering = (asked) => {
    if (asked.target !== '/fleet/events') return undefined;
    withheld.push(asked);
    return { status: 503, headers: {}, body: Buffer.alloc(0) };
  };
  const { headers } = await fleet.call('/cache/invalidate?users=1&timeout=1s', { at: fleet.at(0) });
  relay.answering = undefined;
  assert.is(headers['sidecache-applied'], '2/3');
  return withheld[0]!;
}

function again(to: Instance, message: Passed, also: Partial<Passed> = {}): Promise<Answered> {
  const { method, target, headers, body } = { ...message, ...also };
  const sent = Object.entries(headers).filter(([, value]) => value !== undefined);
  return send(to.fleetPort, target, { method, headers: Object.fromEntries(sent) as never, body });
}

function refusals(instance: Instance, reason: string): Promise<number> {
  return instance.metric(`sidecache_peer_messages_refused_total{reason="${reason}"}`);
}

test('messages that are not as a peer signed them are refused and counted, and nothing is applied', async (context) => {
  const fleet = await start(context, { sync: '1h', relays: true });
  await fleet.warm('42');
  const message = await withheldMessage(fleet);
  const [receiver, other] = [fleet.at(1), fleet.at(2)];
  const { headers, body } = message;
  const without = { ...headers, 'sidecache-mac': undefined };
  const bearer = {
    authorization: `Bearer ${fleet.token}`,
    'x-cf-instanceindex': '0',
    'x-forwarded-for': '127.0.0.1',
  };
  const more = Buffer.alloc((1 << 20) + 1, 32);
  const cases: readonly (readonly [what: string, also: Partial<Passed>, status: number, reason: string])[] = [
    ['unsigned', { headers: without }, 401, 'bad_mac'],
    [
      'with the token itself, and headers of a router',
      { headers: { ...without, ...bearer } },
      401,
      'bad_mac',
    ],
    ['of another token', { headers: { ...headers, 'sidecache-mac': 'A'.repeat(43) } }, 401, 'bad_mac'],
    ['with another counter', { headers: { ...headers, 'sidecache-counter': '4711' } }, 401, 'bad_mac'],
    ['of another kind', { target: '/fleet/bye' }, 401, 'bad_mac'],
    ['with another body', { body: Buffer.from(body.map((byte) => byte ^ 1)) }, 400, 'bad_mac'],
    ['of another version', { headers: { ...headers, 'sidecache-version': '2' } }, 400, 'unsupported_version'],
    [
      'without a version',
      { headers: { ...headers, 'sidecache-version': undefined } },
      400,
      'unsupported_version',
    ],
    [
      'too large',
      { body: more, headers: { ...headers, 'content-length': `${more.length}` } },
      413,
      'too_large',
    ],
    ['by GET', { method: 'GET' }, 405, 'malformed'],
  ];
  for (const [what, also, status, reason] of cases) {
    const before = await refusals(receiver, reason);
    assert.is((await again(receiver, message, also)).status, status, what);
    assert.is(await refusals(receiver, reason), before + 1, what);
    assert.ok(await receiver.holds('42'), what);
  }
  await fleet.warm('42');
  const elsewhere = await again(other, message);
  assert.is(elsewhere.status, 409, 'at another instance');
  assert.is(await refusals(other, 'other_member'), 1);
  assert.ok(await other.holds('42'));
  await truncated(receiver, message);
  await until(async () => (await refusals(receiver, 'malformed')) === 2);
  assert.ok(await receiver.holds('42'));
  // As it was sent, it is one.
  assert.is((await again(receiver, message)).status, 200);
  assert.not(await receiver.holds('42'));
});

test('a message that is sent again is refused: at once, and after a restart of the receiver', async (context) => {
  const fleet = await start(context, { sync: '1h', relays: true });
  await fleet.warm('42');
  const message = await withheldMessage(fleet);
  const receiver = fleet.at(1);
  assert.is((await again(receiver, message)).status, 200);
  await fleet.warm('42');
  const replayed = await again(receiver, message);
  assert.is(replayed.status, 401);
  assert.is(JSON.parse(replayed.text).type, 'urn:sidecache:replayed');
  assert.is(await refusals(receiver, 'replayed'), 1);
  assert.ok(await receiver.holds('42'));
  fleet.unregister(receiver);
  await fleet.end(receiver, 'SIGKILL');
  const restarted = await fleet.add(1, { instanceId: receiver.instanceId });
  await fleet.warm('42');
  assert.is((await again(restarted, message)).status, 409);
  assert.is(await refusals(restarted, 'other_member'), 1);
  assert.ok(await restarted.holds('42'));
});

test('a hello that is sent again makes nobody a member, and takes nobody out', async (context) => {
  const fleet = await start(context, { relays: true });
  const receiver = fleet.at(1);
  const gone = fleet.at(2);
  const incarnation = await gone.incarnation;
  // Whichever of the two found the other first.
  await until(() => receiver.relay.messages('hello', incarnation).length > 0);
  const hello = receiver.relay.messages('hello', incarnation)[0]!;
  await fleet.end(gone, 'SIGTERM');
  fleet.unregister(gone);
  await until(async () => (await receiver.peers()).members === 2);
  const events = 'sidecache_invalidations_total{cache="users",source="peer"}';
  const before = await receiver.metric(events);
  assert.is((await again(receiver, hello)).status, 200);
  assert.is((await receiver.peers()).members, 2);
  assert.is(await receiver.metric(events), before);
});

test('a daemon with another token: refused, not counted as a member, and it serves nothing it may not', async (context) => {
  const fleet = await start(context, { indices: [0, 1] });
  const stranger = await fleet.add(2, { fleet: { token: [randomUUID()] }, registered: false });
  fleet.register(stranger);
  await until(async () => (await refusals(fleet.at(0), 'bad_mac')) > 0);
  const { headers } = await fleet.call('/cache/invalidate?users=1', { at: fleet.at(0) });
  assert.is(headers['sidecache-applied'], '2/2');
  assert.is((await fleet.at(0).peers()).members, 2);
  const own = await stranger.daemon.request('/cache/invalidate?users=1');
  assert.is(own.headers['sidecache-applied'], '1/?');
  assert.is((await stranger.daemon.request('/cache/invalidate?users=1&require=all')).status, 504);
  assert.is((await stranger.daemon.request('/readyz')).status, 503);
  await stranger.read('42');
  assert.not(await stranger.holds('42'));
});

test('operators: none without credentials, values only where they are allowed, metrics where they are open', async (context) => {
  const fleet = await start(context, { indices: [0, 1], fleet: { open: ['metrics'] } });
  await fleet.warm('42');
  const instance = fleet.at(0);
  const authorization = `Bearer ${fleet.operatorToken}`;
  for (const target of [
    '/cache/invalidate?users=1',
    '/api/v1/refresh',
    '/peers',
    '/caches/users/42',
    '/events',
  ]) {
    const { status, headers } = await instance.ask(target);
    assert.is(status, 401, target);
    assert.match(String(headers['www-authenticate']), 'Bearer');
    const wrong = await instance.ask(target, { headers: { authorization: `Bearer ${randomUUID()}` } });
    assert.is(wrong.status, 401, target);
  }
  assert.is(await instance.metric('sidecache_operator_failures_total'), 5);
  assert.ok(await instance.holds('42'));
  for (const target of ['/caches/users/42', '/caches/users', '/events'])
    assert.is((await instance.ask(target, { headers: { authorization } })).status, 403, target);
  const put = { method: 'PUT', headers: { authorization }, body: 'mine' };
  assert.is((await instance.ask('/caches/users/42', put)).status, 403);
  const peerToken = { authorization: `Bearer ${fleet.token}` };
  assert.is((await instance.ask('/cache/invalidate?users=1', { headers: peerToken })).status, 401);
  assert.ok(await instance.holds('42'));
  assert.is((await instance.ask('/metrics')).status, 200);
  assert.is((await instance.ask('/metrics?fleet=1')).status, 200);
  assert.is((await instance.ask('/cache/invalidate?users=1', { headers: { authorization } })).status, 204);
  const open = await fleet.add(2, { fleet: { allow: ['values'] } });
  await fleet.warm('42');
  const value = await open.ask('/caches/users/42', { headers: { authorization } });
  assert.is(value.status, 200);
  assert.is((await open.ask('/cache/invalidate?users=1', { headers: { authorization } })).status, 403);
});

test('without operators the token of the fleet is the one to call with', async (context) => {
  const fleet = await start(context, { indices: [0, 1], fleet: { operators: [] } });
  const headers = { authorization: `Bearer ${fleet.token}` };
  const answer = await fleet.call('/cache/invalidate?users=1', { headers });
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '2/2');
  assert.is((await fleet.call('/cache/invalidate?users=1')).status, 401);
});

test('a new token is brought in, one instance after the other: every call is confirmed by all', async (context) => {
  const fleet = await start(context, { indices: [0, 1], sync: '200ms' });
  const [old, fresh] = [fleet.token, randomUUID()];
  for (const token of [[old, fresh], [fresh, old], [fresh]]) {
    for (const index of [0, 1]) {
      const before = fleet.at(index);
      await fleet.end(before, 'SIGTERM');
      fleet.unregister(before);
      const after = await fleet.add(index, { fleet: { token } });
      await fleet.settled();
      await fleet.warm('42');
      for (const at of fleet.instances) {
        const report: Json = await fleet.report('/cache/invalidate?users=1', { at });
        assert.is(`${report.applied}/${report.members}`, '2/2', JSON.stringify(report));
      }
      for (const one of fleet.instances) assert.not(await one.holds('42'));
      assert.is(await refusals(after, 'bad_mac'), 0);
    }
  }
});

/** Half of it, and then the end of the connection. */
function truncated({ fleetPort }: Instance, { method, target, headers, body }: Passed): Promise<void> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
  return new Promise((closed) => {
    const socket = connect(fleetPort, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => closed());
    socket.resume();
    socket.write(head);
    socket.end(body.subarray(0, body.length / 2));
  });
}

test.run();
