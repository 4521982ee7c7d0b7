// A cache in mode replicated while something is wrong: instances that cannot reach each other, that come when nobody has
// it all, and a cache that is full.

import { Redis } from 'ioredis';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';

const CACHES = { kept: { mode: 'replicated' } };

const test = suite<{ fleet: TestFleet | undefined; daemon: Daemon | undefined }>('replicated, in trouble');

test.after.each(async (context) => {
  await context.fleet?.close();
  await context.daemon?.stop();
  context.fleet = undefined;
  context.daemon = undefined;
});

function put({ daemon }: Instance, key: string, body: string | Uint8Array) {
  return daemon.request(`/caches/kept/${key}`, { method: 'PUT', body });
}

async function textOf({ daemon }: Instance, key: string): Promise<string | undefined> {
  const { status, text } = await daemon.request(`/caches/kept/${key}`);
  return status === 200 ? text : undefined;
}

async function everywhere(fleet: TestFleet, key: string, text: string | undefined): Promise<void> {
  let last: unknown;
  for (const one of fleet.instances) {
    const isSo = async (): Promise<boolean> => {
      last = await textOf(one, key);
      return last === text;
    };
    await until(isSo, () => `${key} on ${one.index} is ${last}, not ${text}`);
  }
}

test('what both sides of a partition wrote is on all when they are together again', async (context) => {
  const fleet = await TestFleet.start({ caches: CACHES });
  context.fleet = fleet;
  const [one, two, three] = fleet.instances as [Instance, Instance, Instance];
  await put(one, 'both', 'before');
  await put(one, 'deleted', 'before');
  await everywhere(fleet, 'both', 'before');
  await put(one, 'older-1', 'before');
  await everywhere(fleet, 'deleted', 'before');
  await everywhere(fleet, 'older-1', 'before');
  fleet.removeRoute();
  await put(one, 'both', 'of one');
  await put(two, 'both', 'of two');
  await put(two, 'of-two', 'x');
  await put(three, 'of-three', Buffer.alloc(100_000, 'y'));
  await three.daemon.request('/caches/kept/deleted', { method: 'DELETE' });
  await one.daemon.request('/cache/invalidate?kept=1&prefix=older&timeout=1ms', { method: 'POST' });
  assert.is(await textOf(one, 'of-two'), undefined);
  await put(one, 'both', 'of one, last');
  fleet.registerAll();
  await fleet.settled();
  await everywhere(fleet, 'both', 'of one, last');
  await everywhere(fleet, 'of-two', 'x');
  await everywhere(fleet, 'of-three', 'y'.repeat(100_000));
  await everywhere(fleet, 'older-1', undefined);
  await everywhere(fleet, 'deleted', undefined);
});

test('while another instance has the cache in another mode nothing is lost, and those who copy do', async (context) => {
  const fleet = await TestFleet.start({ indices: [0, 1], caches: CACHES });
  context.fleet = fleet;
  const [one, two] = fleet.instances as [Instance, Instance];
  await put(one, 'key', 'value');
  await everywhere(fleet, 'key', 'value');
  await fleet.add(2, { caches: { kept: { mode: 'invalidation' } } });
  const said = await one.daemon.line(/in another mode/);
  assert.match(said.message, /nothing is copied to that one/);
  await put(two, 'key', 'later');
  await until(async () => (await textOf(one, 'key')) === 'later');
});

test('instances that start together begin at once, with nothing', async (context) => {
  const beganMs = performance.now();
  context.fleet = await TestFleet.start({ caches: CACHES });
  for (const { daemon } of context.fleet.instances) {
    await until(async () => (await daemon.request('/readyz')).status === 200);
    assert.is((await daemon.request('/caches/kept/nothing')).status, 404);
  }
  assert.ok(performance.now() - beganMs < 10_000);
});

test('one that has not got everything yet says so, and takes writes', async (context) => {
  const config = {
    caches: CACHES,
    fleet: {
      listen: '127.0.0.1:0',
      token: ['0123456789abcdef'],
      // Nobody is there: it waits for them.
      peers: { list: ['http://127.0.0.1:1'] },
    },
  };
  const daemon = await Daemon.start({ config });
  context.daemon = daemon;
  const answer = await daemon.request('/caches/kept/unknown');
  assert.is(answer.status, 503);
  assert.is(answer.headers['retry-after'], '1');
  assert.match(answer.text, /cache 'kept' is being copied/);
  const client = new Redis({ path: daemon.socket, maxLoadingRetryTime: 0, retryStrategy: () => null });
  try {
    const said = async (...call: [string, ...string[]]) =>
      String(await client.call(...call).catch(({ message }: Error) => message));
    assert.match(await said('GET', 'kept:unknown'), /^LOADING cache 'kept'/);
    assert.match(await said('INCR', 'kept:unknown'), /^LOADING/);
    assert.match(await said('SET', 'kept:unknown', '1', 'NX'), /^LOADING/);
    assert.is(await said('SET', 'kept:written', 'x'), 'OK');
    assert.is(await said('GET', 'kept:written'), 'x');
    assert.is(await said('GET', 'default:unknown'), 'null');
  } finally {
    client.disconnect();
  }
  assert.is((await daemon.request('/readyz')).status, 503);
});

test('where there is no room a write is refused, nothing goes, and what others wrote comes when there is', async (context) => {
  const fleet = await TestFleet.start({
    indices: [0, 1],
    caches: { kept: { mode: 'replicated', memory: '200k' } },
  });
  context.fleet = fleet;
  const [one, two] = fleet.instances as [Instance, Instance];
  const value = Buffer.alloc(10_000, 'x');
  let stored = 0;
  let answer = await put(one, 'k0', value);
  for (; answer.status === 201; answer = await put(one, `k${stored}`, value)) stored++;
  assert.is(answer.status, 507);
  assert.match(answer.text, /urn:sidecache:full.*cache 'kept' is full, and evicts nothing/);
  const client = new Redis({ path: one.daemon.socket });
  const said = await client.set('kept:more', value).catch(({ message }: Error) => message);
  client.disconnect();
  assert.match(String(said), /^OOM command not allowed: cache 'kept' is full/);
  for (let i = 0; i < stored; i++) assert.is((await textOf(one, `k${i}`))?.length, 10_000);
  await until(async () => (await textOf(two, `k${stored - 1}`)) !== undefined);
  // Two is full with what one has not got room for.
  await two.daemon.request('/caches/kept/k0', { method: 'DELETE' });
  await until(async () => (await textOf(one, 'k0')) === undefined);
  assert.is((await put(one, 'again', value)).status, 201);
  await until(async () => (await textOf(two, 'again')) !== undefined);
});

test.run();
