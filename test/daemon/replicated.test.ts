// A cache in mode replicated on three real daemons: what is written to one is on all, and stays there.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';

const CACHES = { kept: { mode: 'replicated' }, short: { mode: 'replicated', ttl: '1s' } };

const test = suite<{ fleet: TestFleet }>('replicated, on daemons');

test.before(async (context) => {
  context.fleet = await TestFleet.start({ caches: CACHES, config: { memory: '32M' } });
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

/** Resolves once every instance answers so; '' for an entry that is not there. */
async function everywhere(
  instances: readonly Instance[],
  key: string,
  text: string,
  cache = 'kept',
): Promise<void> {
  let last: unknown;
  for (const { daemon, index } of instances) {
    const isThere = async (): Promise<boolean> => {
      const { status, text: is } = await daemon.request(`/caches/${cache}/${key}`);
      last = [index, status, is.slice(0, 200)];
      return text === '' ? status === 404 : status === 200 && is === text;
    };
    await until(isThere, () => `${key} is not ${text.slice(0, 50)}: ${JSON.stringify(last)}`);
  }
}

function put({ daemon }: Instance, key: string, body: string | Uint8Array, query = '', headers = {}) {
  return daemon.request(`/caches/kept/${key}${query}`, { method: 'PUT', body, headers });
}

test('what is written to any instance is read on all, with its type, its tags and its ETag', async ({
  fleet,
}) => {
  for (const one of fleet.instances) {
    const { status } = await put(one, `from-${one.index}`, `value ${one.index}`, '', {
      'content-type': 'text/x-special',
      'surrogate-key': 'some tags',
    });
    assert.is(status, 201);
    await everywhere(fleet.instances, `from-${one.index}`, `value ${one.index}`);
  }
  const answers = await Promise.all(
    fleet.instances.map(({ daemon }) => daemon.request('/caches/kept/from-0')),
  );
  assert.equal(
    answers.map(({ headers }) => headers['content-type']),
    ['text/x-special', 'text/x-special', 'text/x-special'],
  );
  assert.is(new Set(answers.map(({ headers }) => headers.etag)).size, 1);
});

test('a write that all are to confirm is on all when it is answered', async ({ fleet }) => {
  const { status, headers } = await put(fleet.at(1), 'sure', 'yes', '?require=all&timeout=10s');
  assert.is(status, 201);
  assert.is(headers['sidecache-applied'], '3/3');
  for (const { daemon } of fleet.instances)
    assert.is((await daemon.request('/caches/kept/sure')).text, 'yes');
});

test('a large one, too, though it does not go along with the event', async ({ fleet }) => {
  const large = Buffer.alloc(1_500_000, 'large ');
  const { headers } = await put(fleet.at(2), 'large', large, '?require=all&timeout=10s');
  assert.is(headers['sidecache-applied'], '3/3');
  for (const { daemon } of fleet.instances)
    assert.ok((await daemon.request('/caches/kept/large')).body.equals(large));
});

test('a delete, and a call for a tag, take it away from all', async ({ fleet }) => {
  await put(fleet.at(0), 'doomed', 'x');
  await put(fleet.at(1), 'tagged', 'x', '', { 'surrogate-key': 'red' });
  await everywhere(fleet.instances, 'doomed', 'x');
  await everywhere(fleet.instances, 'tagged', 'x');
  await fleet.at(2).daemon.request('/caches/kept/doomed', { method: 'DELETE' });
  await fleet.at(0).daemon.request('/cache/invalidate?kept=1&tag=red', { method: 'POST' });
  await everywhere(fleet.instances, 'doomed', '');
  await everywhere(fleet.instances, 'tagged', '');
});

test('an entry ends everywhere at the same time', async ({ fleet }) => {
  await fleet.at(0).daemon.request('/caches/kept/ends?ttl=1s', { method: 'PUT', body: 'x' });
  await fleet.at(1).daemon.request('/caches/short/ends', { method: 'PUT', body: 'x' });
  await everywhere(fleet.instances, 'ends', '');
  await everywhere(fleet.instances, 'ends', '', 'short');
});

test('an instance that was killed has it all again when it is ready', async ({ fleet }) => {
  for (let i = 0; i < 300; i++) await put(fleet.at(i % 3), `many-${i}`, `value ${i}`);
  await everywhere(fleet.instances, 'many-299', 'value 299');
  await fleet.end(fleet.at(1), 'SIGKILL');
  const again = await fleet.add(1);
  await until(async () => (await again.daemon.request('/readyz')).status === 200);
  for (let i = 0; i < 300; i++)
    assert.is((await again.daemon.request(`/caches/kept/many-${i}`)).text, `value ${i}`);
  assert.is((await again.daemon.request('/caches/kept/large')).body.length, 1_500_000);
  assert.is((await again.daemon.request('/caches/kept/doomed')).status, 404);
});

test.run();
