// What signals do to the daemon: it drains and loses no request, or it dies and leaves nothing in its successor's way.

import { existsSync } from 'node:fs';
import type { createConnection } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, pause, until } from './daemon.ts';
import { Load } from './load.ts';
import { Origin } from './origin-server.ts';

const DRAIN_MS = 1000;
/** From a signal to the exit that it causes, where there is nothing to wait for; a busy machine allowed for. */
const QUICKLY_MS = 2000;

interface Context {
  daemon: Daemon;
}

const test = suite<Context>('signals');

test.before.each(async (context) => {
  context.daemon = await Daemon.start({ flags: ['--drain', `${DRAIN_MS}ms`, '--http', '127.0.0.1:0'] });
});

test.after.each(async ({ daemon }) => {
  await daemon.stop('SIGKILL');
});

// --- SIGTERM

test('SIGTERM under load: every request is answered, exit 0, the socket removed', async ({ daemon }) => {
  await daemon.put('/caches/default/greeting', 'hello');
  const load = new Load(daemon.socket, 50);
  await until(() => load.answered > 1000);
  const answeredBefore = load.answered;
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 0);
  await load.stop();
  console.log(
    `${load.answered} answers, ${load.answered - answeredBefore} of them after SIGTERM; ${load.outcomes}`,
  );
  assert.equal(load.lost, []);
  assert.ok(load.answered > answeredBefore);
  assert.not(existsSync(daemon.socket));
});

test('a request that takes long is answered though the drain begins meanwhile', async () => {
  const origin = await Origin.start();
  const config = { caches: { values: { loader: { url: `${origin.url}/{key}` } } } };
  const daemon = await Daemon.start({ config });
  try {
    let answer = (): void => undefined;
    origin.answering = (_request, response) => {
      answer = () => response.end('value');
    };
    const reading = daemon.request('/caches/values/wanted');
    await until(() => origin.asked.length === 1);
    daemon.child.kill('SIGTERM');
    await daemon.line('draining');
    answer();
    assert.is((await reading).text, 'value');
    assert.is(await daemon.ended, 0);
  } finally {
    await daemon.stop('SIGKILL');
    await origin.down();
  }
});

test('while it drains /readyz is 503, and values are still served', async ({ daemon }) => {
  await daemon.put('/caches/default/greeting', 'hello');
  assert.is((await daemon.request('/readyz')).status, 200);
  const idle = await connectedTo(daemon);
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  const ready = await daemon.request('/readyz');
  assert.is(ready.status, 503);
  assert.match(ready.text, 'stopping');
  assert.is((await daemon.request('/caches/default/greeting')).text, 'hello');
  assert.is((await daemon.request('/readyz', { overTcp: true })).status, 503);
  idle.destroy();
  assert.is(await daemon.ended, 0);
});

test('an idle client holds the drain for as long as `drain`, and no longer', async ({ daemon }) => {
  const idle = await connectedTo(daemon);
  const tookMs = await endedAfter(daemon, () => daemon.child.kill('SIGTERM'));
  idle.destroy();
  assert.is(await daemon.ended, 0);
  // The client has not asked anything yet; what it might have sent is waited for another second.
  assert.ok(tookMs >= DRAIN_MS - 50, `it took ${tookMs} ms`);
  assert.ok(tookMs < DRAIN_MS + 1000 + QUICKLY_MS, `it took ${tookMs} ms`);
  console.log(`an idle client held a drain of ${DRAIN_MS} ms for ${Math.round(tookMs)} ms`);
});

test('an idle client that leaves ends the drain', async () => {
  const daemon = await Daemon.start({ flags: ['--drain', '60s'] });
  const idle = await connectedTo(daemon);
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  const tookMs = await endedAfter(daemon, () => idle.destroy());
  assert.is(await daemon.stop('SIGKILL'), 0);
  assert.ok(tookMs < QUICKLY_MS, `it took ${tookMs} ms`);
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} without a client: it exits with 0 at once, not after the drain`, async () => {
    const daemon = await Daemon.start({ flags: ['--drain', '60s'] });
    const tookMs = await endedAfter(daemon, () => daemon.child.kill(signal));
    console.log(`${signal} without a client: ended after ${Math.round(tookMs)} ms`);
    assert.not(existsSync(daemon.socket));
    assert.is(await daemon.stop('SIGKILL'), 0);
    assert.ok(tookMs < QUICKLY_MS, `it took ${tookMs} ms`);
  });
}

test('a second SIGTERM within a second is taken for the same one', async ({ daemon }) => {
  const idle = await connectedTo(daemon);
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 0);
  assert.is(daemon.lines.filter(({ message }) => message === 'draining').length, 1);
  idle.destroy();
});

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`a ${signal} more than a second after the first ends it at once, with ${code}`, async () => {
    const daemon = await Daemon.start({ flags: ['--drain', '60s'] });
    const idle = await connectedTo(daemon);
    daemon.child.kill('SIGTERM');
    await daemon.line('draining');
    // The second that makes two signals of them is what this is about.
    await pause(1100);
    const tookMs = await endedAfter(daemon, () => daemon.child.kill(signal));
    idle.destroy();
    assert.is(await daemon.stop('SIGKILL'), code);
    assert.ok(tookMs < QUICKLY_MS, `it took ${tookMs} ms`);
  });
}

// --- what does nothing

for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const) {
  test(`${signal} does nothing`, async ({ daemon }) => {
    await daemon.put('/caches/default/greeting', 'hello');
    const output = daemon.output;
    daemon.child.kill(signal);
    // Signals are taken between two requests: the second answer comes after it for certain.
    for (let i = 0; i < 2; i++) {
      assert.is((await daemon.request('/caches/default/greeting')).text, 'hello');
    }
    assert.ok(daemon.running);
    assert.is(daemon.output, output);
    daemon.child.kill('SIGTERM');
    assert.is(await daemon.ended, 0);
  });
}

test('whoever read its log is gone: it serves on, and drains as ever', async () => {
  // A loader that fails has it log.
  const origin = await Origin.start();
  const cache = { retry: '10ms', loader: { url: `${origin.url}/{key}`, retries: 0 } };
  const daemon = await Daemon.start({ config: { caches: { values: cache } } });
  try {
    await origin.down();
    daemon.child.stdout!.destroy();
    daemon.child.stderr!.destroy();
    for (let i = 0; i < 20; i++) assert.ok((await daemon.request(`/caches/values/${i}`)).status >= 500);
    await daemon.put('/caches/default/greeting', 'hello');
    assert.is((await daemon.request('/caches/default/greeting')).text, 'hello');
    daemon.child.kill('SIGTERM');
    assert.is(await daemon.ended, 0);
    assert.not(existsSync(daemon.socket));
  } finally {
    await daemon.stop('SIGKILL');
    await origin.down();
  }
});

// --- SIGKILL

test('killed, it leaves its socket; the next one on the same path replaces it', async ({ daemon }) => {
  await daemon.put('/caches/default/greeting', 'hello');
  daemon.child.kill('SIGKILL');
  assert.is(await daemon.ended, 'SIGKILL');
  assert.ok(existsSync(daemon.socket));
  const startedAtMs = performance.now();
  const next = await Daemon.start({ folder: daemon.folder });
  try {
    console.log(
      `ready ${Math.round(performance.now() - startedAtMs)} ms after its start over a left-over socket`,
    );
    assert.is(next.socket, daemon.socket);
    assert.is((await next.request('/caches/default/greeting')).status, 404);
    assert.is((await next.put('/caches/default/greeting', 'hello')).status, 201);
  } finally {
    assert.is(await next.stop(), 0);
  }
  assert.not(existsSync(daemon.socket));
});

/** A connection that the daemon has taken, as its first answer shows, and on which nothing more is asked. */
async function connectedTo(daemon: Daemon): Promise<ReturnType<typeof createConnection>> {
  const socket = daemon.connect();
  socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((answered) => socket.once('data', answered));
  return socket;
}

async function endedAfter(daemon: Daemon, cause: () => void): Promise<number> {
  const startedAtMs = performance.now();
  cause();
  await daemon.ended;
  return performance.now() - startedAtMs;
}

test.run();
