// One call to any instance, and every instance has forgotten; with real daemons behind the stand-in router.

import { type ClientRequest, request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, until } from './daemon.ts';
import { TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet }>('the fleet');

test.before(async (context) => {
  context.fleet = await TestFleet.start();
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

test('one call through the router to any instance, and all three load anew', async ({ fleet }) => {
  await fleet.warm('42');
  const answer = await fleet.call('/cache/invalidate?users=1', { method: 'POST' });
  assert.is(answer.status, 204);
  assert.is(answer.headers['sidecache-applied'], '3/3');
  for (const instance of fleet.instances) {
    assert.not(await instance.holds('42'));
    await instance.read('42');
    assert.is(fleet.loadsOf(instance, '42'), 2);
  }
});

test('the report has a line for each instance: index, instance id, status, entries that went', async ({
  fleet,
}) => {
  await fleet.warm('42');
  const report = await fleet.report('/cache/invalidate?users=1&report=1');
  assert.is(report.applied, 3);
  assert.is(report.members, 3);
  const lines = report.report.map(({ index, instance_id, status, entries }: Json) => [
    index,
    instance_id,
    status,
    entries,
  ]);
  const all = fleet.instances.map(({ index, instanceId }) => [String(index), instanceId, 'applied', 1]);
  assert.equal(lines.sort(), all.sort());
});

test('DELETE and a PUT that is a change reach the others; a fill stays where it is', async ({ fleet }) => {
  const [asked, ...others] = fleet.instances;
  for (const key of ['deleted', 'changed', 'filled'])
    for (const one of fleet.instances) await one.daemon.put(`/caches/default/${key}`, 'old');
  await asked!.daemon.put('/caches/default/filled', 'new');
  await asked!.daemon.put('/caches/default/changed?change=1', 'new');
  await asked!.daemon.request('/caches/default/deleted', { method: 'DELETE' });
  for (const one of others) {
    await until(async () => !(await one.holds('changed', 'default')));
    await until(async () => !(await one.holds('deleted', 'default')));
    assert.is(await one.read('filled', 'default'), 'old');
  }
  assert.is(await asked!.read('changed', 'default'), 'new');
  assert.is(await asked!.read('filled', 'default'), 'new');
});

test('many writes at one time are few messages', async ({ fleet }) => {
  const [asked, ...others] = fleet.instances;
  const keys = Array.from({ length: 100 }, (_, number) => `key-${number}`);
  for (const one of others) await one.daemon.put(`/caches/default/${keys.at(-1)}`, 'old');
  const before = fleet.router.requests.length;
  const requests = keys.map((key) => `DELETE /caches/default/${key} HTTP/1.1\r\n\r\n`);
  const last = 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n';
  const answers = await asked!.daemon.raw(requests.join('') + last);
  assert.is(answers.match(/HTTP\/1\.1 204/g)?.length, keys.length);
  for (const one of others) await until(async () => !(await one.holds(keys.at(-1)!, 'default')));
  const messages = fleet.messages('events', before).length;
  assert.ok(messages <= 20, `${messages} messages`);
});

test('require=all answers when all have confirmed: a call, a DELETE and a PUT', async ({ fleet }) => {
  const asked = fleet.at(0);
  for (const one of fleet.instances) await one.daemon.put('/caches/default/a', 'old');
  const written = await asked.daemon.put('/caches/default/a?change=1&require=all', 'new');
  assert.is(written.status, 204);
  assert.is(written.headers['sidecache-applied'], '3/3');
  for (const index of [1, 2]) assert.not(await fleet.at(index).holds('a', 'default'));
  for (const one of fleet.instances) await one.daemon.put('/caches/default/a', 'old');
  const deleted = await asked.daemon.request('/caches/default/a?require=all', { method: 'DELETE' });
  assert.is(deleted.status, 204);
  assert.is(deleted.headers['sidecache-applied'], '3/3');
  for (const one of fleet.instances) assert.not(await one.holds('a', 'default'));
  const called = await fleet.call('/cache/invalidate?default=1&require=all');
  assert.is(called.status, 204);
  assert.is(called.headers['sidecache-applied'], '3/3');
});

test('scope=local: nobody else forgets, or is asked', async ({ fleet }) => {
  await fleet.warm('42');
  const asked = fleet.at(0);
  const before = fleet.router.requests.length;
  const answer = await fleet.call('/cache/invalidate?users=1&scope=local', { at: asked });
  assert.is(answer.headers['sidecache-applied'], '1/1');
  assert.not(await asked.holds('42'));
  // A message that went to all comes after whatever the call might have sent.
  await fleet.call('/cache/invalidate?default=1', { at: asked });
  for (const index of [1, 2]) assert.ok(await fleet.at(index).holds('42'));
  assert.is(fleet.messages('events', before).length, 2);
});

test('what is received is not sent on: one call is one message to each of the others, none to itself', async ({
  fleet,
}) => {
  const asked = fleet.at(0);
  const before = fleet.router.requests.length;
  assert.is(
    (await fleet.call('/cache/invalidate?users=1', { at: asked })).headers['sidecache-applied'],
    '3/3',
  );
  // Two intervals, in which each asks each of the others at least once.
  const after = fleet.router.requests.length;
  await until(() => fleet.messages('sync', after).length >= 12);
  const events = fleet.messages('events', before).map(({ endpoint }) => endpoint?.instanceId);
  assert.equal(events.sort(), [fleet.at(1).instanceId, fleet.at(2).instanceId].sort());
});

test('/events of an instance tells what was called on another', async ({ fleet }) => {
  const listener = new Listener(fleet.at(2).daemon.socket);
  await listener.listening;
  await fleet.call('/cache/invalidate?users=1&key=42', { at: fleet.at(0) });
  await until(() => listener.text.includes('event: invalidate'));
  const [, data = ''] = /event: invalidate\ndata: (.*)\n/.exec(listener.text) ?? [];
  assert.equal(JSON.parse(data).caches, ['users']);
  assert.equal(JSON.parse(data).keys, ['42']);
  listener.close();
});

/** Who listens to /events. */
class Listener {
  text = '';
  readonly listening: Promise<void>;
  readonly #request: ClientRequest;

  constructor(socketPath: string) {
    this.#request = request({ socketPath, path: '/events', agent: false });
    this.listening = new Promise((listening, failed) => {
      this.#request.on('error', failed);
      this.#request.on('response', (response) => {
        response.setEncoding('utf8').on('error', () => undefined);
        response.on('data', (chunk: string) => {
          this.text += chunk;
        });
        listening();
      });
    });
    this.#request.end();
  }

  close(): void {
    this.#request.destroy();
  }
}

test.run();
