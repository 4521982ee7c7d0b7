// What people put on top of their Redis client, unmodified: three apps with it on one daemon, their operations spread
// over the apps in turn; and for what is a cache, three apps each on a daemon of its own, in a fleet.

import KeyvRedis, { createClient as createKeyvClient } from '@keyv/redis';
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import { createCache } from 'cache-manager';
import { RedisStore } from 'connect-redis';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import { RateLimiterRedisNonAtomic } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';
import { everywhere, inTurn } from './resp-clients/in-turn.ts';

const test = suite<{ daemon: Daemon; closing: (() => unknown)[] }>('libraries on top, in a fleet');

test.before(async (context) => {
  context.daemon = await Daemon.start();
  context.closing = [];
});

test.after.each(async ({ closing }) => {
  for (const close of closing.splice(0)) await close();
});

test.after(async ({ daemon }) => {
  await daemon.stop();
});

function socketsOf({ socket }: Daemon): string[] {
  return [socket, socket, socket];
}

function bentoOn(path: string) {
  const connection = { path };
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxItems: 100 }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  return new BentoCache({ default: 'app', stores: { app: store } });
}

function keyvOn(path: string): Keyv {
  const client = createKeyvClient({ socket: { path, tls: false } });
  return new Keyv(new KeyvRedis(client as never), { namespace: 'app' });
}

test('@keyv/redis: set, get, many at once, has, delete, clear, iterate', async ({ daemon, closing }) => {
  const all = socketsOf(daemon).map(keyvOn);
  for (const one of all) closing.push(() => one.disconnect());
  const next = inTurn(all);
  assert.is(await next().get('a'), undefined);
  assert.is(await next().set('a', { name: 'Ada' }, 60_000), true);
  await everywhere(all, async (one) => (await one.get('a'))?.name === 'Ada');
  assert.is(await next().has('a'), true);
  assert.equal(await next().get('a'), { name: 'Ada' });
  await next().setMany([
    { key: 'b', value: 1 },
    { key: 'c', value: [2] },
  ]);
  await everywhere(all, async (one) => (await one.get('c'))?.[0] === 2);
  assert.equal(await next().getMany(['a', 'none', 'b', 'c']), [{ name: 'Ada' }, undefined, 1, [2]]);
  const found: string[] = [];
  for await (const [key] of next().iterator!('app')) found.push(key);
  assert.equal(found.sort(), ['a', 'b', 'c']);
  assert.is(await next().delete('a'), true);
  await everywhere(all, async (one) => (await one.get('a')) === undefined);
  await next().clear();
  await everywhere(all, async (one) => (await one.get('b')) === undefined && !(await one.has('c')));
});

test('cache-manager: set, get, ttl, wrap, mset and mget, del', async ({ daemon, closing }) => {
  const all = socketsOf(daemon).map((path) => createCache({ stores: [keyvOn(path)], ttl: 60_000 }));
  for (const one of all) closing.push(() => one.disconnect());
  const next = inTurn(all);
  await next().set('user:1', { id: 1 });
  await everywhere(all, async (one) => (await one.get<{ id: number }>('user:1'))?.id === 1);
  const endsMs = await next().ttl('user:1');
  assert.ok(endsMs !== undefined && endsMs > Date.now() + 30_000, String(endsMs));
  let made = 0;
  const make = async (): Promise<string> => `made ${++made}`;
  assert.is(await next().wrap('wrapped', make), 'made 1');
  await everywhere(all, async (one) => (await one.get('wrapped')) === 'made 1');
  for (let i = 0; i < 3; i++) assert.is(await next().wrap('wrapped', make), 'made 1');
  assert.is(made, 1);
  await next().mset([
    { key: 'x', value: 1 },
    { key: 'y', value: 2 },
  ]);
  await everywhere(all, async (one) => (await one.get('y')) === 2);
  assert.equal(await next().mget(['x', 'none', 'y']), [1, undefined, 2]);
  await next().del('user:1');
  await everywhere(all, async (one) => (await one.get('user:1')) === undefined);
});

test('bentocache: its redis driver and its bus; what one app deletes, the others drop from memory', async ({
  daemon,
  closing,
}) => {
  const all = socketsOf(daemon).map(bentoOn);
  for (const one of all) closing.push(() => one.disconnectAll());
  const [first, second, third] = all;
  await first!.set({ key: 'k', value: 'one' });
  await everywhere(all, async (one) => (await one.get({ key: 'k' })) === 'one');
  await second!.set({ key: 'k', value: 'two' });
  await everywhere(all, async (one) => (await one.get({ key: 'k' })) === 'two');
  let made = 0;
  const factory = async (): Promise<string> => `made ${++made}`;
  assert.is(await third!.getOrSet({ key: 'm', factory, ttl: '1m' }), 'made 1');
  await everywhere(all, async (one) => (await one.get({ key: 'm' })) === 'made 1');
  assert.is(await first!.getOrSet({ key: 'm', factory, ttl: '1m' }), 'made 1');
  await third!.delete({ key: 'k' });
  await everywhere(all, async (one) => (await one.get({ key: 'k' })) === undefined);
  await first!.deleteMany({ keys: ['m'] });
  await everywhere(all, async (one) => !(await one.has({ key: 'm' })));
  await second!.namespace('team').set({ key: 'n', value: 1 });
  await everywhere(all, async (one) => (await one.namespace('team').get({ key: 'n' })) === 1);
  await third!.clear();
  await everywhere(all, async (one) => (await one.namespace('team').get({ key: 'n' })) === undefined);
});

test('connect-redis: a session is read, touched and ended by any app', async ({ daemon, closing }) => {
  const all = await Promise.all(
    socketsOf(daemon).map(async (path) => {
      const client = createClient({ socket: { path, tls: false } });
      client.on('error', () => undefined);
      await client.connect();
      closing.push(() => client.destroy());
      return new RedisStore({ client, ttl: 60 });
    }),
  );
  const next = inTurn(all);
  const session = { cookie: { originalMaxAge: null }, user: 'ada' } as never;
  await next().set('s1', session);
  await everywhere(all, async (one) => (await one.get('s1'))?.user === 'ada');
  await next().touch('s1', session);
  await next().set('s2', { ...(session as object), user: 'bob' } as never);
  await everywhere(all, async (one) => (await one.length()) === 2);
  assert.equal((await next().ids()).sort(), ['s1', 's2']);
  const users = (await next().all()).map(({ user }: { user: string }) => user);
  assert.equal(users.sort(), ['ada', 'bob']);
  await next().destroy('s1');
  await everywhere(all, async (one) => (await one.get('s1')) === null);
  await next().clear();
  await everywhere(all, async (one) => (await one.get('s2')) === null);
});

test('rate-limiter-flexible without scripts: points that are used up by any app are used up', async ({
  daemon,
  closing,
}) => {
  const all = socketsOf(daemon).map((path) => {
    const storeClient = new Redis({ path });
    storeClient.on('error', () => undefined);
    closing.push(() => storeClient.disconnect());
    return new RateLimiterRedisNonAtomic({ storeClient, points: 5, duration: 60 });
  });
  const next = inTurn(all);
  for (let used = 1; used <= 5; used++) {
    const { remainingPoints } = await next().consume('caller');
    assert.is(remainingPoints, 5 - used);
    await everywhere(all, async (one) => (await one.get('caller'))?.consumedPoints === used);
  }
  const refused = await next()
    .consume('caller')
    .then(
      () => undefined,
      (reason: { msBeforeNext: number }) => reason,
    );
  assert.ok(refused && refused.msBeforeNext > 0 && refused.msBeforeNext <= 60_000, JSON.stringify(refused));
  await next().delete('caller');
  await everywhere(all, async (one) => (await one.get('caller')) === null);
  assert.is((await next().consume('caller')).remainingPoints, 4);
});

// --- each on an instance of its own

const inFleet = suite<{ fleet: TestFleet; closing: (() => unknown)[] }>('libraries on top, in a fleet');

inFleet.before(async (context) => {
  // Keys of these libraries name no cache of ours: they belong to `default`. What one app sets, others forget.
  context.fleet = await TestFleet.start({ caches: { default: { writes: 'change' } } });
  context.closing = [];
});

inFleet.after.each(async ({ closing }) => {
  for (const close of closing.splice(0)) await close();
});

inFleet.after(async ({ fleet }) => {
  await fleet.close();
});

inFleet(
  'cache-manager: what one app sets anew or deletes, no other app reads old',
  async ({ fleet, closing }) => {
    const all = fleet.instances.map(({ daemon }) =>
      createCache({ stores: [keyvOn(daemon.socket)], ttl: 60_000 }),
    );
    for (const one of all) closing.push(() => one.disconnect());
    const versions = all.map(() => 0);
    let version = 1;
    const read = (index: number): Promise<number> =>
      all[index]!.wrap('config', async () => {
        versions[index] = version;
        return version;
      });
    for (const index of [0, 1, 2, 0, 1, 2]) assert.is(await read(index), 1);
    version = 2;
    await all[1]!.set('config', 2);
    for (const index of [0, 1, 2]) await until(async () => (await read(index)) === 2);
    version = 3;
    await all[2]!.del('config');
    for (const index of [0, 1, 2]) await until(async () => (await read(index)) === 3);
    assert.equal(versions, [3, 3, 3]);
  },
);

inFleet('@keyv/redis: a delete by one app reaches the others’ daemons', async ({ fleet, closing }) => {
  const all = fleet.instances.map(({ daemon }) => keyvOn(daemon.socket));
  for (const one of all) closing.push(() => one.disconnect());
  await all[2]!.set('shared', 'old');
  assert.is(await all[2]!.get('shared'), 'old');
  await all[0]!.delete('shared');
  await everywhere(all, async (one) => (await one.get('shared')) === undefined);
});

inFleet(
  'ioredis: who hears on a channel of what was deleted reads nothing old',
  async ({ fleet, closing }) => {
    const clientOf = ({ daemon }: Instance): Redis => {
      const client = new Redis({ path: daemon.socket });
      closing.push(() => client.disconnect());
      return client;
    };
    const [teller, ...others] = fleet.instances.map(clientOf) as [Redis, ...Redis[]];
    const read: (string | null)[] = [];
    for (const [index, client] of others.entries()) {
      const subscriber = clientOf(fleet.instances[index + 1]!);
      await subscriber.subscribe('changed');
      subscriber.on('message', (_, key) => void client.get(key).then((value) => read.push(value)));
    }
    for (let round = 1; round <= 20; round++) {
      for (const client of others) await client.set('shared', 'old', 'GET');
      await teller.del('shared');
      await teller.publish('changed', 'shared');
      await until(() => read.length === round * others.length);
    }
    assert.equal([...new Set(read)], [null]);
  },
);

inFleet('bentocache: its bus crosses from daemon to daemon', async ({ fleet, closing }) => {
  const all = fleet.instances.map(({ daemon }) => bentoOn(daemon.socket));
  for (const one of all) closing.push(() => one.disconnectAll());
  let version = 1;
  const read = (one: BentoCache<never>): Promise<number> =>
    one.getOrSet({ key: 'config', factory: async () => version, ttl: '1h' });
  const [asked, , kept] = all;
  assert.is(await read(kept as never), 1);
  version = 2;
  assert.is(await read(kept as never), 1);
  await asked!.delete({ key: 'config' });
  await until(async () => (await read(kept as never)) === 2);
});

test.run();
inFleet.run();
