// node-redis's own client-side cache on one instance of a fleet: what it keeps in the app is forgotten when another
// instance is told that it changed.

import { BasicClientSideCache, createClient } from 'redis';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet }>('a cache in the app, in a fleet');

test.before(async (context) => {
  context.fleet = await TestFleet.start();
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

async function appOn(instance: Instance) {
  const kept = new BasicClientSideCache({ ttl: 0, maxEntries: 0 });
  const client = createClient({
    RESP: 3,
    socket: { path: instance.daemon.socket, tls: false },
    clientSideCache: kept,
  });
  client.on('error', () => undefined);
  await client.connect();
  return { client, kept };
}

/** What the origin says from now on. */
function say(fleet: TestFleet, text: string): void {
  fleet.origin.answering = (_request, response) => response.end(text);
}

const CHANGES: Readonly<Record<string, (other: Instance, key: string) => Promise<unknown>>> = {
  'an invalidation by HTTP': (other, key) =>
    other.daemon.request(`/cache/invalidate?users=1&key=${key}`, { method: 'POST' }),
  'an invalidation of the whole cache': (other) =>
    other.daemon.request('/cache/invalidate?users=1', { method: 'POST' }),
  'DEL over RESP': (other, key) => asClient(other, (client) => client.del(`users:${key}`)),
  'SIDECACHE.INVALIDATE over RESP': (other, key) =>
    asClient(other, (client) => client.sendCommand(['SIDECACHE.INVALIDATE', 'users', 'KEY', key])),
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`a key that was read is forgotten in the app after ${name} on another instance`, async ({ fleet }) => {
    const key = name.replaceAll(' ', '-');
    const [first, second] = fleet.instances;
    const { client, kept } = await appOn(first!);
    try {
      say(fleet, 'old');
      for (let i = 0; i < 3; i++) assert.is(await client.get(`users:${key}`), 'old');
      assert.is(kept.stats().hitCount, 2);
      assert.is(kept.stats().missCount, 1);
      say(fleet, 'new');
      assert.is(await client.get(`users:${key}`), 'old');
      await change(second!, key);
      await until(async () => (await client.get(`users:${key}`)) === 'new');
      assert.is(kept.stats().missCount, 2);
    } finally {
      client.destroy();
    }
  });
}

test('what one app writes, another app that keeps it reads anew', async ({ fleet }) => {
  const [first, second] = fleet.instances;
  const one = await appOn(first!);
  const other = await appOn(second!);
  try {
    say(fleet, 'from the origin');
    assert.is(await other.client.get('users:written'), 'from the origin');
    assert.is(await other.client.get('users:written'), 'from the origin');
    say(fleet, 'written');
    await one.client.set('users:written', 'written');
    await until(async () => (await other.client.get('users:written')) === 'written');
  } finally {
    one.client.destroy();
    other.client.destroy();
  }
});

test('an app whose daemon went away keeps nothing that it could not be told of', async ({ fleet }) => {
  const { client, kept } = await appOn(fleet.at(0));
  try {
    say(fleet, 'old');
    await client.get('users:gone');
    assert.is(kept.size(), 1);
    await asClient(fleet.at(0), async (outside) =>
      outside.sendCommand(['CLIENT', 'KILL', 'ID', String(await client.clientId())]),
    );
    await until(() => kept.size() === 0);
    say(fleet, 'new');
    await fleet.at(1).daemon.request('/cache/invalidate?users=1', { method: 'POST' });
    await until(async () => (await client.get('users:gone').catch(() => undefined)) === 'new');
  } finally {
    client.destroy();
  }
});

type Plain = ReturnType<typeof createClient>;

async function asClient(instance: Instance, run: (client: Plain) => Promise<unknown>): Promise<void> {
  const client = createClient({ socket: { path: instance.daemon.socket, tls: false } });
  client.on('error', () => undefined);
  await client.connect();
  await run(client as Plain);
  client.destroy();
}

test.run();
