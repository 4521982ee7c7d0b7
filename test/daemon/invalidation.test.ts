// /cache/invalidate, /cache/refresh and /events: what is named goes, nothing else does, and who listens is told.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Answered, Daemon, until } from './daemon.ts';

const NAMES = ['org', 'application', 'space', 'loaded'] as const;

interface Context {
  daemon: Daemon;
  origin: Server;
  /** Targets that the origin was asked for. */
  asked: string[];
}

const test = suite<Context>('invalidating');

test.before(async (context) => {
  context.asked = [];
  context.origin = createServer((request, response) => {
    context.asked.push(request.url!);
    response.setHeader('surrogate-key', 'from-origin').end(`answer ${context.asked.length}`);
  }).listen(0, '127.0.0.1');
  await once(context.origin, 'listening');
  const { port } = context.origin.address() as { port: number };
  const loader = { url: `http://127.0.0.1:${port}/{key}` };
  const caches = { org: {}, application: {}, space: {}, loaded: { loader } };
  context.daemon = await Daemon.start({ config: { caches } });
});

test.after(async ({ daemon, origin }) => {
  await daemon.stop('SIGKILL');
  origin.closeAllConnections();
  origin.close();
});

test.before.each(async ({ daemon }) => {
  await daemon.request('/cache/invalidate?all=1');
  // Fills: a change would be an event a moment later, in the midst of what a test listens to.
  for (const name of NAMES) {
    await daemon.put(`/caches/${name}/a1?fill=1`, 'x', { 'surrogate-key': 'red' });
    await daemon.put(`/caches/${name}/a2?fill=1`, 'x', { 'surrogate-key': 'red blue' });
    await daemon.put(`/caches/${name}/b%2F1?fill=1`, 'x');
  }
});

/** How many entries each cache has. */
async function left(daemon: Daemon): Promise<number[]> {
  const { caches } = await daemon.json('/caches');
  return NAMES.map((name) => caches.find((cache: { name: string }) => cache.name === name).entries);
}

async function assertRefused(daemon: Daemon, target: string, detail: RegExp): Promise<void> {
  const answer = await daemon.request(target);
  assert.is(answer.status, 400, target);
  assert.is(answer.headers['content-type'], 'application/problem+json');
  assert.is(answer.headers['cache-control'], 'no-store');
  assert.match(JSON.parse(answer.text).detail, detail);
  assert.equal(await left(daemon), [3, 3, 3, 3], `${target} was refused and did something`);
}

for (const method of ['GET', 'POST', 'DELETE']) {
  test(`${method}: the caches named by 1 or true are flushed, and only those`, async ({ daemon }) => {
    const answer = await daemon.request('/cache/invalidate?org=1&application=true&space=0&loaded=false', {
      method,
    });
    assert.is(answer.status, 204);
    assert.is(answer.text, '');
    assert.is(answer.headers['sidecache-applied'], '1/1');
    assert.is(answer.headers['cache-control'], 'no-store');
    assert.equal(await left(daemon), [0, 0, 3, 3]);
  });

  test(`${method}: none named: 204, nothing flushed`, async ({ daemon }) => {
    assert.is((await daemon.request('/cache/invalidate', { method })).status, 204);
    assert.equal(await left(daemon), [3, 3, 3, 3]);
  });
}

test('by key, tag and prefix only those entries go, and the selectors unite', async ({ daemon }) => {
  await daemon.request('/cache/invalidate?org=1&key=a1');
  assert.equal(await left(daemon), [2, 3, 3, 3]);
  await daemon.request('/cache/invalidate?application=1&tag=red');
  assert.equal(await left(daemon), [2, 1, 3, 3]);
  await daemon.request('/cache/invalidate?space=1&prefix=b%2f&key=a1&key=nothing');
  assert.equal(await left(daemon), [2, 1, 1, 3]);
  await daemon.request('/cache/invalidate?all=1&tag=blue');
  assert.equal(await left(daemon), [1, 1, 0, 2]);
});

test('what is malformed, unknown or about nothing is refused, and does nothing', async ({ daemon }) => {
  const refused = (query: string, detail: RegExp): Promise<void> =>
    assertRefused(daemon, `/cache/invalidate?${query}`, detail);
  await refused('org=x', /1, true, 0 or false/);
  await refused('org', /1, true, 0 or false/);
  await refused('org=1&nope=1', /unknown cache 'nope'.*org, application, space, loaded/);
  await refused('key=a1', /cache/);
  await refused('tag=red', /cache/);
  await refused('prefix=a', /cache/);
  await refused('org=1&key=', /key is empty/);
  await refused('org=1&tag=', /tag is empty/);
  await refused('org=1&prefix=', /prefix is empty/);
  await refused('org=1&key=%zz', /%/);
  await refused('%zz=1', /%/);
  await refused('org=1&tag=a%20b', /tag/);
  await refused('org=1&scope=universe', /scope/);
  await refused('org=1&require=some', /require/);
  await refused('org=1&timeout=soon', /timeout/);
  await refused(`org=1&key=${'k'.repeat(65_537)}`, /65536/);
  await refused('all=2', /1, true, 0 or false/);
});

test('a selector beside caches that are all switched off is about nothing', async ({ daemon }) => {
  assert.is((await daemon.request('/cache/invalidate?org=0&key=a1')).status, 204);
  assert.is((await daemon.request('/cache/invalidate?all=0&tag=red')).status, 204);
  assert.equal(await left(daemon), [3, 3, 3, 3]);
});

test('POST takes the same as a form: there a plus is a space', async ({ daemon }) => {
  await daemon.put('/caches/org/with%20space', 'x');
  const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const body = 'org=1&key=with+space&key=b%2F1';
  assert.is((await daemon.request('/cache/invalidate', { method: 'POST', headers, body })).status, 204);
  assert.equal(await left(daemon), [2, 3, 3, 3]);
  assert.is(
    (await daemon.request('/cache/invalidate?tag=red', { method: 'POST', body: 'org=1' })).status,
    204,
  );
  assert.equal(await left(daemon), [0, 3, 3, 3]);
  assert.is((await daemon.request('/cache/invalidate', { method: 'POST', body: 'nope=1' })).status, 400);
});

test('a body of another kind: 415; of more than 1 MiB: 413; of too many parameters: 400', async ({
  daemon,
}) => {
  const post = (body: string, type?: string): Promise<Answered> =>
    daemon.request('/cache/invalidate', {
      method: 'POST',
      body,
      ...(type === undefined ? {} : { headers: { 'content-type': type } }),
    });
  assert.is((await post('{"org":1}', 'application/json')).status, 415);
  assert.is((await post('a'.repeat((1 << 20) + 1))).status, 413);
  assert.is((await post('org=1&'.repeat(20_001))).status, 400);
  assert.is((await post(`org=1&${'key=a&'.repeat(10_001)}`)).status, 400);
  assert.equal(await left(daemon), [3, 3, 3, 3]);
  assert.is((await post(`org=1&${'key=a1&'.repeat(10_000)}`)).status, 204);
  assert.equal(await left(daemon), [2, 3, 3, 3]);
});

test('HEAD is not allowed: it would do what a look is not to do', async ({ daemon }) => {
  const answer = await daemon.request('/cache/invalidate?org=1', { method: 'HEAD' });
  assert.is(answer.status, 405);
  assert.is(answer.headers.allow, 'GET, POST, DELETE');
  assert.equal(await left(daemon), [3, 3, 3, 3]);
});

test('with report=1, or for who accepts JSON, the answer tells what was done', async ({ daemon }) => {
  const report = await daemon.json('/cache/invalidate?org=1&report=1');
  assert.is(report.applied, 1);
  assert.is(report.members, 1);
  assert.is(report.entries, 3);
  assert.equal(report.caches, ['org']);
  const [member] = report.report;
  assert.is(member.status, 'applied');
  assert.is(member.entries, 3);
  assert.is(member.index, '-');
  assert.type(member.incarnation, 'string');
  assert.type(member.ms, 'number');
  const accepting = await daemon.json('/cache/invalidate?space=1&tag=red', {
    headers: { accept: 'application/json' },
  });
  assert.is(accepting.entries, 2);
});

test('invalidate.get: false leaves POST and DELETE', async () => {
  const daemon = await Daemon.start({ config: { invalidate: { get: false } } });
  try {
    await daemon.put('/caches/default/a', 'x');
    for (const path of ['/cache/invalidate?default=1', '/cache/refresh?default=1', '/api/v1/refresh']) {
      const answer = await daemon.request(path);
      assert.is(answer.status, 405, path);
      assert.not.match(answer.headers.allow!, 'GET');
    }
    assert.is((await daemon.request('/caches/default/a')).status, 200);
    assert.is((await daemon.request('/cache/invalidate?default=1', { method: 'DELETE' })).status, 204);
    assert.is((await daemon.request('/caches/default/a')).status, 404);
  } finally {
    await daemon.stop('SIGKILL');
  }
});

// --- refreshing

test('a refresh leaves the old value until the new one is in; wait=loaded waits for that', async (context) => {
  const { daemon, asked } = context;
  await daemon.request('/cache/invalidate?loaded=1');
  const first = (await daemon.request('/caches/loaded/r')).text;
  assert.is((await daemon.request('/caches/loaded/r')).text, first);
  const before = asked.length;
  const answer = await daemon.request('/cache/refresh?loaded=1&key=r&wait=loaded');
  assert.is(answer.status, 204);
  assert.is(asked.length, before + 1);
  const second = await daemon.request('/caches/loaded/r');
  assert.is.not(second.text, first);
  assert.match(String(second.headers['cache-status']), /^sidecache; hit/);
});

test('/api/v1/refresh refreshes every cache, whatever the body', async (context) => {
  const { daemon, asked } = context;
  await daemon.request('/cache/invalidate?loaded=1');
  await daemon.request('/caches/loaded/r');
  const before = asked.length;
  const body = JSON.stringify({ any: 'note' });
  assert.is((await daemon.request('/api/v1/refresh?wait=loaded', { method: 'POST', body })).status, 204);
  assert.is(asked.length, before + 1);
  const tooLong = await daemon.request('/api/v1/refresh', { method: 'POST', body: 'n'.repeat(70_000) });
  assert.is(tooLong.status, 413);
});

test('a tag that only the origin told is a tag', async ({ daemon }) => {
  await daemon.request('/cache/invalidate?loaded=1');
  const first = (await daemon.request('/caches/loaded/t')).text;
  await daemon.request('/cache/invalidate?loaded=1&tag=from-origin');
  assert.is.not((await daemon.request('/caches/loaded/t')).text, first);
});

// --- events

interface Event {
  id: string;
  event: string;
  data: string;
}

/** Reads events until there are `count`, then hangs up. */
async function events(
  daemon: Daemon,
  { query = '', lastId, count }: { query?: string; lastId?: string; count: number },
  meanwhile: () => Promise<unknown>,
): Promise<Event[]> {
  const socket = daemon.connect().setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk: string) => {
    text += chunk;
  });
  const again = lastId === undefined ? '' : `Last-Event-ID: ${lastId}\r\n`;
  socket.write(`GET /events${query} HTTP/1.1\r\n${again}\r\n`);
  await until(() => text.includes('\r\n\r\n'));
  assert.match(text, /^HTTP\/1\.1 200 .*text\/event-stream/s);
  await meanwhile();
  const found = (): Event[] =>
    [...text.matchAll(/id: (.*)\nevent: (.*)\ndata: (.*)\n\n/g)].map(([, id, event, data]) => ({
      id: id!,
      event: event!,
      data: data!,
    }));
  await until(
    () => found().length >= count,
    () => `${count} events wanted, got ${text}`,
  );
  socket.destroy();
  return found();
}

test('who listens is told what was applied, in order', async ({ daemon }) => {
  const heard = await events(daemon, { count: 2 }, async () => {
    await daemon.request('/cache/invalidate?org=1&key=a%2F1&tag=red');
    await daemon.request('/cache/refresh?space=1');
  });
  assert.equal(
    heard.map(({ event }) => event),
    ['invalidate', 'refresh'],
  );
  const data = JSON.parse(heard[0]!.data);
  assert.equal([data.caches, data.keys, data.tags], [['org'], ['a%2F1'], ['red']]);
  assert.equal(JSON.parse(heard[1]!.data).caches, ['space']);
});

test('who was away is told what it missed; who is unknown, to start anew', async ({ daemon }) => {
  const call = (): Promise<Answered> => daemon.request('/cache/invalidate?org=1');
  const [first] = await events(daemon, { count: 1 }, call);
  await daemon.request('/cache/invalidate?space=1');
  const missed = await events(daemon, { lastId: first!.id, count: 2 }, call);
  assert.equal(
    missed.map(({ event, data }) => [event, JSON.parse(data).caches[0]]),
    [
      ['invalidate', 'space'],
      ['invalidate', 'org'],
    ],
  );
  for (const lastId of ['nonsense', '', `${first!.id.split('-')[0]}-999999`, 'other-1', `${first!.id}.5`]) {
    const [reset, next] = await events(daemon, { lastId, count: 2 }, call);
    assert.is(reset!.event, 'reset', lastId);
    assert.is(next!.event, 'invalidate');
  }
});

test('who asks for some caches hears of no others', async ({ daemon }) => {
  const heard = await events(daemon, { query: '?cache=space&cache=org', count: 2 }, async () => {
    await daemon.request('/cache/invalidate?application=1');
    await daemon.request('/cache/invalidate?org=1');
    await daemon.request('/cache/invalidate?application=1&space=1');
  });
  assert.equal(
    heard.map(({ data }) => JSON.parse(data).caches),
    [['org'], ['application', 'space']],
  );
  assert.is((await daemon.request('/events?cache=nope')).status, 400);
  assert.is((await daemon.request('/events?cash=org')).status, 400);
});

test('an event about more than a listener can be told says that the caches changed whole', async ({
  daemon,
}) => {
  const body = `org=1&${Array.from({ length: 2000 }, (_, i) => `key=k${i}`).join('&')}`;
  const [heard] = await events(daemon, { count: 1 }, () =>
    daemon.request('/cache/invalidate', { method: 'POST', body }),
  );
  const data = JSON.parse(heard!.data);
  assert.equal([data.caches, data.keys, data.tags, data.prefixes], [['org'], [], [], []]);
});

test('a change of a single entry is an event; a fill is none', async ({ daemon }) => {
  const heard = await events(daemon, { count: 2 }, async () => {
    await daemon.put('/caches/org/filled?fill=1', 'x');
    await daemon.put('/caches/org/new?change=1', 'x');
    await daemon.request('/caches/org/a1', { method: 'DELETE' });
  });
  const told = heard.map(({ event, data }) => [event, JSON.parse(data).caches, JSON.parse(data).keys]);
  assert.equal(told.sort(), [
    ['delete', ['org'], ['a1']],
    ['write', ['org'], ['new']],
  ]);
});

test.run();
