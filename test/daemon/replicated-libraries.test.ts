// Sessions and a limiter on a replicated cache: three apps, each on a daemon of its own, their operations spread in turn.

import { RedisStore } from 'connect-redis';
import { Redis } from 'ioredis';
import { RateLimiterRedisNonAtomic } from 'rate-limiter-flexible';
import { createClient } from 'redis';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';
import { everywhere, inTurn } from './resp-clients/in-turn.ts';

const test = suite<{ fleet: TestFleet; closing: (() => unknown)[] }>('libraries on a replicated cache');

test.before(async (context) => {
  // Keys of these libraries name no cache of ours: they belong to `default`.
  context.fleet = await TestFleet.start({ caches: { default: { mode: 'replicated' } } });
  context.closing = [];
});

test.after.each(async ({ closing }) => {
  for (const close of closing.splice(0)) await close();
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

async function storeOn({ daemon }: Instance, closing: (() => unknown)[]): Promise<RedisStore> {
  const client = createClient({ socket: { path: daemon.socket, tls: false } });
  client.on('error', () => undefined);
  await client.connect();
  closing.push(() => client.destroy());
  return new RedisStore({ client, ttl: 60 });
}

const SESSION = { cookie: { originalMaxAge: null }, user: 'ada' } as never;

test('connect-redis: a session is read, changed, touched and ended at any instance', async ({
  fleet,
  closing,
}) => {
  const all = await Promise.all(fleet.instances.map((one) => storeOn(one, closing)));
  const next = inTurn(all);
  await next().set('s1', SESSION);
  await everywhere(all, async (one) => (await one.get('s1'))?.user === 'ada');
  for (let visits = 1; visits <= 6; visits++) {
    const session = (await next().get('s1')) as object;
    await next().set('s1', { ...session, visits } as never);
    await everywhere(all, async (one) => (await one.get('s1'))?.visits === visits);
  }
  await next().set('s2', SESSION);
  await everywhere(all, async (one) => (await one.ids()).sort().join() === 's1,s2');
  await next().destroy('s1');
  await everywhere(all, async (one) => (await one.get('s1')) === null);
  await next().clear();
  await everywhere(all, async (one) => (await one.get('s2')) === null);
});

test('connect-redis: who is touched at one instance lives on at all', async ({ fleet, closing }) => {
  const all = await Promise.all(fleet.instances.map((one) => storeOn(one, closing)));
  const clients = fleet.instances.map(({ daemon }) => new Redis({ path: daemon.socket }));
  for (const client of clients) closing.push(() => client.disconnect());
  const [first, second] = all;
  await first!.set('kept', SESSION);
  const endsAfter = (client: Redis, leastMs: number) => async () =>
    (await client.pttl('sess:kept')) > leastMs;
  for (const client of clients) await until(endsAfter(client, 0));
  await second!.touch('kept', { cookie: { expires: new Date(Date.now() + 600_000) } } as never);
  for (const client of clients) await until(endsAfter(client, 300_000));
  await clients[2]!.persist('sess:kept');
  for (const client of clients) await until(async () => (await client.pttl('sess:kept')) === -1);
});

test('connect-redis: an instance that is killed and started again has the sessions', async ({
  fleet,
  closing,
}) => {
  const first = await storeOn(fleet.at(0), closing);
  for (let i = 0; i < 20; i++) await first.set(`lasting-${i}`, SESSION);
  const last = await storeOn(fleet.at(2), closing);
  await until(async () => (await last.get('lasting-19')) !== null);
  await fleet.end(fleet.at(2), 'SIGKILL');
  const again = await fleet.add(2);
  await until(async () => (await again.daemon.request('/readyz')).status === 200);
  const store = await storeOn(again, closing);
  for (let i = 0; i < 20; i++) assert.is((await store.get(`lasting-${i}`))?.user, 'ada');
});

test('rate-limiter-flexible: points that are used up at any instance are used up at all', async ({
  fleet,
  closing,
}) => {
  const all = fleet.instances.map(({ daemon }) => {
    const storeClient = new Redis({ path: daemon.socket });
    storeClient.on('error', () => undefined);
    closing.push(() => storeClient.disconnect());
    return new RateLimiterRedisNonAtomic({ storeClient, points: 5, duration: 60 });
  });
  const next = inTurn(all);
  for (let used = 1; used <= 5; used++) {
    assert.is((await next().consume('caller')).remainingPoints, 5 - used);
    await everywhere(all, async (one) => (await one.get('caller'))?.consumedPoints === used);
  }
  const refused = await next()
    .consume('caller')
    .then(
      () => undefined,
      (reason: { msBeforeNext: number }) => reason,
    );
  assert.ok(refused && refused.msBeforeNext > 0 && refused.msBeforeNext <= 60_000, JSON.stringify(refused));
  // Of two writes within one millisecond at two instances, either may stay: it has heard of the one before.
  await everywhere(all, async (one) => (await one.get('caller'))?.consumedPoints === 6);
  await next().delete('caller');
  await everywhere(all, async (one) => (await one.get('caller')) === null);
  assert.is((await next().consume('caller')).remainingPoints, 4);
});

test.run();
