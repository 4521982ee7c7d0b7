import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { HttpLoaderDeps } from '../../src/load/http.ts';
import { failureOf, load, loaderFor, loadText, RememberingSink } from './loading.ts';
import { closedPort, type Origin, startOrigin, startRawOrigin } from './origin.ts';

const test = suite('tries');
const TIMEOUT_MS = 5000;

/** A clock that moves by the gaps alone, and remembers them; the load's own time-out never comes. */
function gapClock(random = 0.5): { gapsMs: number[]; deps: Partial<HttpLoaderDeps> } {
  const gapsMs: number[] = [];
  const delay = (ms: number, signal: AbortSignal): Promise<void> => {
    if (ms === TIMEOUT_MS) return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    gapsMs.push(ms);
    return Promise.resolve();
  };
  const now = (): number => gapsMs.reduce((sum, ms) => sum + ms, 0);
  return { gapsMs, deps: { now, delay, random: () => random } };
}

/** Answers with the statuses in turn, the last one for ever. */
async function answering(...statuses: number[]): Promise<Origin> {
  let n = 0;
  return await startOrigin((_, response) => {
    response.statusCode = statuses[Math.min(n++, statuses.length - 1)] ?? 200;
    response.end(`answer ${n}`);
  });
}

for (const status of [502, 503, 504]) {
  test(`${status} is tried again, on the same connection, until it passes`, async () => {
    const origin = await answering(status, status, 200);
    const { gapsMs, deps } = gapClock();
    const loader = loaderFor(`${origin.url}/{key}`, { retries: 2 }, deps);
    assert.is(await loadText(loader, 'k'), 'answer 3');
    assert.equal(gapsMs, [50, 100]);
    assert.is(origin.connections.length, 1);
    loader.close();
    await origin.close();
  });
}

test('after the last try its failure is the answer', async () => {
  const origin = await answering(503);
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 3 }, gapClock().deps);
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.message, `${origin.url} answered 503`);
  assert.is(origin.requests.length, 4);
  loader.close();
  await origin.close();
});

test('without retries one try is all', async () => {
  const origin = await answering(503, 200);
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 0 });
  await failureOf(load(loader, 'k'));
  assert.is(origin.requests.length, 1);
  loader.close();
  await origin.close();
});

for (const [random, expectedMs] of [
  [0, [25, 50, 100]],
  [0.999, [74.95, 149.9, 299.8]],
] as const) {
  test(`gaps double and vary by half: ${random}`, async () => {
    const { gapsMs, deps } = gapClock(random);
    const loader = loaderFor(`http://127.0.0.1:${await closedPort()}/{key}`, { retries: 3 }, deps);
    await failureOf(load(loader, 'k'));
    assert.equal(
      gapsMs.map((ms) => Math.round(ms * 100) / 100),
      expectedMs,
    );
  });
}

test('a refused connection is tried again', async () => {
  const { gapsMs, deps } = gapClock();
  const loader = loaderFor(`http://127.0.0.1:${await closedPort()}/{key}`, { retries: 2 }, deps);
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.unreachable, true);
  assert.is(gapsMs.length, 2);
});

test('a connection closed before the answer is tried again', async () => {
  const origin = await startRawOrigin((socket, n) => {
    if (n < 2) socket.resetAndDestroy();
    else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 2 }, gapClock().deps);
  assert.is(await loadText(loader, 'k'), 'ok');
  await origin.close();
});

test('an answer that breaks before its first byte is tried again', async () => {
  const origin = await startRawOrigin((socket, n) => {
    socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n${n === 0 ? '' : 'ok'}`);
  });
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 1 }, gapClock().deps);
  const sink = new RememberingSink();
  await load(loader, 'k', { sink });
  assert.is(sink.text, 'ok');
  await origin.close();
});

test('once the sink has bytes there is no other try', async () => {
  let requests = 0;
  const origin = await startRawOrigin((socket) => {
    requests++;
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
  });
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 5 }, gapClock().deps);
  await failureOf(load(loader, 'k'));
  assert.is(requests, 1);
  await origin.close();
});

test('what is not HTTP is not asked again', async () => {
  let requests = 0;
  const origin = await startRawOrigin((socket) => {
    requests++;
    socket.end('garbage\r\n\r\n');
  });
  await failureOf(load(loaderFor(`${origin.url}/{key}`, { retries: 5 }, gapClock().deps), 'k'));
  assert.is(requests, 1);
  await origin.close();
});

test('all tries and gaps together end with the time-out', async () => {
  const origin = await answering(503);
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 1000, timeoutMs: 1000 });
  const startedAtMs = performance.now();
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.message, `${origin.url} answered 503`);
  assert.ok(performance.now() - startedAtMs < 10_000);
  loader.close();
  await origin.close();
});

test('a try that hangs after one that failed ends with the time-out of both', async () => {
  let n = 0;
  const origin = await startOrigin((_, response) => {
    response.statusCode = 503;
    if (n++ === 0) response.end();
  });
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 5, timeoutMs: 1000 });
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.code, 'load_timeout');
  assert.is(error.message, `${origin.url} did not answer within 1000 ms`);
  await origin.allClosed();
  await origin.close();
});

test('a caller that gives up within a gap gets no other try', async () => {
  const origin = await answering(503);
  const caller = new AbortController();
  const { deps } = gapClock();
  const delay = (ms: number, signal: AbortSignal): Promise<void> => {
    if (ms !== TIMEOUT_MS) caller.abort();
    return deps.delay?.(ms, signal) ?? Promise.resolve();
  };
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 5 }, { ...deps, delay });
  const error = await failureOf(load(loader, 'k', { signal: caller.signal }));
  assert.is(error.message, `the load from ${origin.url} was given up`);
  assert.is(origin.requests.length, 1);
  loader.close();
  await origin.close();
});

async function busyFor(headers: Record<string, string>): Promise<Origin> {
  let n = 0;
  return await startOrigin((_, response) => {
    if (n++ > 0) return void response.end('ok');
    response.writeHead(503, headers);
    response.end();
  });
}

for (const [form, headers] of [
  ['seconds', { 'retry-after': '2' }],
  ['a date', { date: 'Wed, 21 Oct 2015 07:28:00 GMT', 'retry-after': 'Wed, 21 Oct 2015 07:28:02 GMT' }],
] as const) {
  test(`Retry-After as ${form} is the gap where it fits`, async () => {
    const origin = await busyFor(headers);
    const { gapsMs, deps } = gapClock();
    const loader = loaderFor(`${origin.url}/{key}`, { retries: 1 }, deps);
    assert.is(await loadText(loader, 'k'), 'ok');
    assert.equal(gapsMs, [2000]);
    loader.close();
    await origin.close();
  });
}

test('an origin that wants to be left alone for longer than a load may last is left alone, and the error says so', async () => {
  const origin = await busyFor({ 'retry-after': '60' });
  const { gapsMs, deps } = gapClock();
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 3 }, deps);
  const error = await failureOf(load(loader, 'k'));
  assert.is(error.retryAfterMs, 60_000);
  assert.equal(gapsMs, []);
  loader.close();
  await origin.close();
});

test('a Retry-After that is nonsense is none', async () => {
  const origin = await busyFor({ 'retry-after': 'soon' });
  const { gapsMs, deps } = gapClock();
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 1 }, deps);
  await load(loader, 'k');
  assert.equal(gapsMs, [50]);
  loader.close();
  await origin.close();
});

test('a kept-alive connection that the origin closed meanwhile costs no try', async () => {
  const origin = await startRawOrigin((socket, n) => {
    if (n === 1) socket.resetAndDestroy();
    else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  });
  const { gapsMs, deps } = gapClock();
  const loader = loaderFor(`${origin.url}/{key}`, { retries: 0 }, deps);
  assert.is(await loadText(loader, 'k'), 'ok');
  assert.is(await loadText(loader, 'k'), 'ok');
  assert.is(origin.connections.length, 2);
  assert.equal(gapsMs, []);
  loader.close();
  await origin.close();
});

test.run();
