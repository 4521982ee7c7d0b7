// The daemon in front of a real origin: how often it asks, what its readers get meanwhile, and what an outage costs.

import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tool } from '../tools.ts';
import { type Answered, Daemon, pause, until } from './daemon.ts';
import { Nginx } from './nginx.ts';
import { Origin } from './origin-server.ts';

const nginxProgram = tool('nginx');
/** What this process, the daemon and the origin may need between a thing and its being seen, on a busy machine. */
const SCHEDULING_MS = 500;

interface Context {
  origin: Origin;
  /** Stopped after each test, whatever became of it. */
  stops: (() => Promise<unknown>)[];
}

const test = suite<Context>('in front of an origin');

test.before.each(async (context) => {
  context.origin = await Origin.start();
  context.stops = [() => context.origin.down()];
});

test.after.each(async ({ stops }) => {
  for (const stop of stops.reverse()) await stop();
});

// --- nginx

for (const { says, cache } of [
  { says: 'max-age=1', cache: { refresh: '1h' } },
  { says: 'max-age=3600', cache: { refresh: '1s', loader: { cache_control: 'ignore' } } },
]) {
  const name = cache.loader ? 'a refresh of 1 s, max-age=3600 ignored' : 'max-age=1 of the origin honoured';
  const claim = `${name}: miss, hit, stale with one conditional request answered 304, hit`;
  (nginxProgram ? test : test.skip)(claim, async ({ stops }) => {
    const nginx = await Nginx.start(nginxProgram!, says);
    stops.push(() => nginx.stop());
    nginx.write('greeting', 'hello');
    const daemon = await startBefore(stops, `${nginx.url}/{key}`, cache);

    const miss = await read(daemon, 'greeting');
    assert.is(miss.text, 'hello');
    assert.is(cacheStatus(miss), 'sidecache; fwd=uri-miss; fwd-status=200; stored');
    assert.match(cacheStatus(await read(daemon, 'greeting')), /^sidecache; hit; ttl=\d+$/);

    const stale = await readUntil(daemon, 'greeting', /ttl=-/);
    assert.match(cacheStatus(stale), /^sidecache; hit; ttl=-\d+$/);
    assert.is(stale.text, 'hello');

    const fresh = await readUntil(daemon, 'greeting', /hit; ttl=\d/);
    assert.is(fresh.text, 'hello');
    assert.is(fresh.headers.etag, miss.headers.etag);
    await until(() => nginx.asked().length > 1);
    assert.equal(nginx.asked(), [
      { path: '/greeting', status: 200, ifNoneMatch: undefined },
      { path: '/greeting', status: 304, ifNoneMatch: miss.headers.etag },
    ]);
  });
}

(nginxProgram ? test : test.skip)('a file that changed is served with its new ETag', async ({ stops }) => {
  const nginx = await Nginx.start(nginxProgram!, 'max-age=1');
  stops.push(() => nginx.stop());
  nginx.write('greeting', 'hello');
  const daemon = await startBefore(stops, `${nginx.url}/{key}`, {});
  const before = await read(daemon, 'greeting');
  nginx.write('greeting', 'hello again');
  let after = before;
  await until(async () => {
    after = await read(daemon, 'greeting');
    return after.text === 'hello again';
  });
  assert.not.equal(after.headers.etag, before.headers.etag);
  const [first, second] = nginx.asked();
  assert.is(first!.ifNoneMatch, undefined);
  assert.equal([second!.status, second!.ifNoneMatch], [200, before.headers.etag]);
});

// --- many readers, a slow origin

test('100 concurrent readers of a missing key: the origin is asked once', async ({ origin, stops }) => {
  const daemon = await startBefore(stops, `${origin.url}/{key}`, {});
  let answer = (): void => undefined;
  origin.answering = (_request, response) => {
    answer = () => response.end('value');
  };
  const files = openFiles(daemon);
  const reading = Array.from({ length: 100 }, () => read(daemon, 'wanted'));
  // Only when the origin was asked and all of them wait is it answered: they are connected, beside the origin's
  // connection, and who came after them was served.
  await until(() => origin.asked.length > 0 && openFiles(daemon) >= files + 101);
  await daemon.request('/healthz');
  answer();
  const answers = await Promise.all(reading);
  assert.equal([...new Set(answers.map(({ status, text }) => `${status} ${text}`))], ['200 value']);
  assert.is(answers.filter((one) => cacheStatus(one).includes('collapsed')).length, 99);
  assert.equal(origin.asked, ['/wanted']);
});

test('an origin that takes 5 s over an old entry: p99 of its reads is under 5 ms', async ({
  origin,
  stops,
}) => {
  const loader = { timeout: '10s' };
  const daemon = await startBefore(stops, `${origin.url}/{key}`, { refresh: '100ms', loader });
  await read(daemon, 'wanted');
  let answered = false;
  let slowness: NodeJS.Timeout | undefined;
  stops.push(async () => clearTimeout(slowness));
  origin.answering = (_request, response) => {
    slowness = setTimeout(() => {
      answered = true;
      response.end('new value');
    }, 5000);
  };
  await readUntil(daemon, 'wanted', /ttl=-/);

  const connection = daemon.connect();
  stops.push(async () => connection.destroy());
  const measured: number[] = [];
  // A neighbour on the machine can spoil one measurement, hardly three.
  while (measured.length < 3 && !(Math.min(...measured) < 5)) {
    measured.push(await p99OfReads(connection, 1000));
  }
  console.log(`p99 of 1000 reads: ${measured.map((ms) => ms.toFixed(2)).join(', ')} ms`);
  assert.ok(!answered, 'the origin answered before the measurement was over');
  assert.ok(Math.min(...measured) < 5);
  assert.is(origin.asked.length, 2);
  await until(async () => (await read(daemon, 'wanted')).text === 'new value');
});

/** One after the other on one connection; as bytes, since an HTTP client would be the larger part of what is measured. */
async function p99OfReads(connection: Socket, count: number): Promise<number> {
  const tookMs: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAtMs = performance.now();
    const answer = await exchange(connection, 'GET /caches/values/wanted HTTP/1.1\r\nHost: x\r\n\r\n');
    tookMs.push(performance.now() - startedAtMs);
    assert.match(answer, /^HTTP\/1.1 200 .*cache-status: sidecache; hit; ttl=-\d.*\r\n\r\nvalue$/is);
  }
  return tookMs.sort((a, b) => a - b)[Math.ceil(count * 0.99) - 1]!;
}

/** Small answers come in one piece, as the daemon writes them at once. */
function exchange(connection: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const closed = (): void => reject(new Error('the connection was closed'));
    connection.once('close', closed);
    connection.once('data', (answer: Buffer) => {
      connection.off('close', closed);
      resolve(answer.toString('latin1'));
    });
    connection.write(request);
  });
}

// --- an origin that is down

test('an origin that answers 503: the value keeps coming, and it is asked ever less often', async ({
  origin,
  stops,
}) => {
  const daemon = await startFailing(stops, origin);
  origin.answering = (_request, response) => {
    response.statusCode = 503;
    response.end();
  };
  await until(async () => {
    await read(daemon, 'wanted');
    return origin.asked.length === 2;
  });
  // At 0, 250, 750, 1750 and 3750 ms after the first, each pause up to 10 % shorter. How often within 3 s is the claim.
  const startedAtMs = performance.now();
  let reads = 0;
  while (performance.now() - startedAtMs < 3000) {
    assertOld(await read(daemon, 'wanted'));
    reads++;
    await pause(5);
  }
  const loads = origin.asked.length - 1;
  console.log(`${reads} reads, ${loads} loads in 3 s`);
  assert.ok(loads >= 3 && loads <= 4, `${loads} loads in 3 s`);

  origin.answering = (_request, response) => response.end('new value');
  await until(async () => (await read(daemon, 'wanted')).text === 'new value');
});

test('an origin that cannot be connected to: the value keeps coming; up again, it is fresh within a retry', async ({
  origin,
  stops,
}) => {
  const daemon = await startFailing(stops, origin);
  await origin.down();
  // Long enough for the back-off to be far longer than `retry`: 250 + 500 + 1000 ms, and 2000 ms to go.
  await until(async () => {
    assertOld(await read(daemon, 'wanted'));
    return (await failedLoads(daemon)) >= 4;
  });
  origin.answering = (_request, response) => response.end('new value');
  await origin.up();
  const upAtMs = performance.now();
  await until(async () => {
    const answer = await read(daemon, 'wanted');
    assert.is(answer.status, 200);
    return answer.text === 'new value';
  });
  const tookMs = performance.now() - upAtMs;
  console.log(`fresh ${Math.round(tookMs)} ms after the origin could be reached, retry 250 ms`);
  assert.ok(tookMs < 250 + SCHEDULING_MS, `it took ${tookMs} ms`);
});

test('a missing key of an origin that is down: 502, and a moment later the same without asking', async ({
  origin,
  stops,
}) => {
  const daemon = await startBefore(stops, `${origin.url}/{key}`, { retry: '5s', loader: { retries: 0 } });
  origin.answering = (request) => request.socket.destroy();
  const failed = await read(daemon, 'wanted');
  assert.is(failed.status, 502);
  const again = await read(daemon, 'wanted');
  assert.is(again.status, 502);
  assert.match(cacheStatus(again), /detail=backoff/);
  assert.equal(origin.asked, ['/wanted']);
});

/** A cache with a value that is old at once, where only `retry` says when the origin is asked. */
async function startFailing(stops: Context['stops'], origin: Origin): Promise<Daemon> {
  const cache = { refresh: '10ms', retry: '250ms', loader: { retries: 0 } };
  const daemon = await startBefore(stops, `${origin.url}/{key}`, cache);
  await read(daemon, 'wanted');
  return daemon;
}

function assertOld(answer: Answered): void {
  assert.is(answer.status, 200);
  assert.is(answer.text, 'value');
}

async function failedLoads(daemon: Daemon): Promise<number> {
  const { text } = await daemon.request('/metrics');
  const lines = text.matchAll(/^sidecache_loads_total\{cache="values",.*result="failed".*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, count]) => sum + Number(count), 0);
}

// --- what the origin says

test('a 404 of the origin is remembered', async ({ origin, stops }) => {
  const daemon = await startBefore(stops, `${origin.url}/{key}`, { negative: '1h' });
  origin.answering = (_request, response) => {
    response.statusCode = 404;
    response.end();
  };
  const first = await read(daemon, 'nobody');
  assert.is(first.status, 404);
  assert.match(cacheStatus(first), /^sidecache; fwd=uri-miss; fwd-status=404/);
  const second = await read(daemon, 'nobody');
  assert.is(second.status, 404);
  assert.is(cacheStatus(second), 'sidecache; hit; detail=negative');
  assert.equal(origin.asked, ['/nobody']);
});

test("an invalidation by a tag of the origin's has what bears it loaded anew, and nothing else", async ({
  origin,
  stops,
}) => {
  const daemon = await startBefore(stops, `${origin.url}/{key}`, {});
  origin.answering = (request, response) => {
    response.setHeader('Surrogate-Key', request.url === '/other' ? 'u' : 't u');
    response.end(`${request.url} ${origin.asked.length}`);
  };
  assert.is((await read(daemon, 'tagged')).text, '/tagged 1');
  assert.is((await read(daemon, 'other')).text, '/other 2');
  assert.is((await daemon.request('/cache/invalidate?values=1&tag=t')).status, 204);
  assert.is((await read(daemon, 'tagged')).text, '/tagged 3');
  assert.is((await read(daemon, 'other')).text, '/other 2');
});

// --- asking

async function startBefore(
  stops: Context['stops'],
  url: string,
  cache: { readonly loader?: object; readonly [option: string]: unknown },
): Promise<Daemon> {
  const config = { caches: { values: { ...cache, loader: { url, ...cache.loader } } } };
  const daemon = await Daemon.start({ config });
  stops.push(() => daemon.stop());
  return daemon;
}

function read(daemon: Daemon, key: string): Promise<Answered> {
  return daemon.request(`/caches/values/${key}`);
}

function cacheStatus({ headers }: Answered): string {
  return String(headers['cache-status']);
}

/** The first answer that says so. */
async function readUntil(daemon: Daemon, key: string, status: RegExp): Promise<Answered> {
  let answer: Answered | undefined;
  await until(async () => {
    answer = await read(daemon, key);
    return status.test(cacheStatus(answer));
  });
  return answer!;
}

function openFiles({ pid }: Daemon): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

test.run();
