// The daemon's end, and what is not to be its end: signals, drain, streams that close.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, pause, until } from './daemon.ts';

const test = suite<{ daemon: Daemon | undefined }>('life and death');

test.after.each(async (context) => {
  await context.daemon?.stop('SIGKILL');
  context.daemon = undefined;
});

test('SIGTERM to an idle daemon: it is gone at once, with exit code 0 and without its socket', async () => {
  const daemon = await Daemon.start();
  const toldAtMs = performance.now();
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 0);
  assert.ok(performance.now() - toldAtMs < 2000);
  assert.not(existsSync(daemon.socket));
  assert.ok(daemon.lines.some(({ message }) => message === 'stopped'));
  await daemon.stop();
});

test('SIGTERM under load: every request that was sent is answered', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '1s' } });
  context.daemon = daemon;
  await daemon.put('/caches/default/a', 'value');
  const load = new Load(daemon, 50);
  await until(() => load.answered > 500);
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 0);
  await load.end();
  assert.equal(load.lost, []);
  assert.ok(load.answered > 500);
  assert.not(existsSync(daemon.socket));
});

test('while it drains it still answers, says that it is not ready, and closes each connection', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '5s' } });
  context.daemon = daemon;
  await daemon.put('/caches/default/a', 'value');
  const idle = daemon.connect();
  await once(idle, 'connect');
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  const ready = await daemon.request('/readyz');
  assert.is(ready.status, 503);
  assert.match(ready.text, 'stopping');
  const agent = new Agent({ keepAlive: true });
  const read = await daemon.request('/caches/default/a', { agent });
  agent.destroy();
  assert.is(read.text, 'value');
  assert.is(read.headers.connection, 'close');
  assert.is((await daemon.request('/healthz')).status, 200);
  idle.destroy();
  assert.is(await daemon.ended, 0);
});

test('a client that stays idle holds the drain no longer than `drain`', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '1s' } });
  context.daemon = daemon;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  await daemon.request('/healthz', { agent });
  const toldAtMs = performance.now();
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 0);
  const tookMs = performance.now() - toldAtMs;
  agent.destroy();
  assert.ok(tookMs > 900 && tookMs < 4000, `${tookMs} ms`);
});

test('an upload that has begun is finished although the daemon was told to stop', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '10s' } });
  context.daemon = daemon;
  const socket = daemon.connect();
  socket.setEncoding('latin1');
  socket.write('PUT /caches/default/a HTTP/1.1\r\nContent-Length: 10\r\n\r\n12345');
  // Its answer comes behind that of the upload: nothing else could be waited for.
  await daemon.request('/healthz');
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  socket.write('67890');
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 201 /);
  assert.is(await daemon.ended, 0);
});

test('a second SIGTERM within a second is the same one; a later one ends it at once', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '1m' } });
  context.daemon = daemon;
  const client = daemon.connect();
  await once(client, 'connect');
  daemon.child.kill('SIGTERM');
  await daemon.line('draining');
  daemon.child.kill('SIGTERM');
  assert.is((await daemon.request('/healthz')).status, 200);
  await pause(1100);
  const toldAtMs = performance.now();
  daemon.child.kill('SIGTERM');
  assert.is(await daemon.ended, 128 + 15);
  assert.ok(performance.now() - toldAtMs < 1000);
});

test('SIGINT ends it in the same order', async (context) => {
  const daemon = await Daemon.start();
  context.daemon = daemon;
  daemon.child.kill('SIGINT');
  assert.is(await daemon.ended, 0);
  assert.not(existsSync(daemon.socket));
});

test('SIGHUP, SIGUSR1 and SIGPIPE do nothing, and no inspector listens', async (context) => {
  const daemon = await Daemon.start();
  context.daemon = daemon;
  for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const) {
    daemon.child.kill(signal);
    assert.is((await daemon.request('/healthz')).status, 200, signal);
  }
  assert.not.match(daemon.output, 'Debugger listening');
  assert.is(await daemon.stop(), 0);
});

test('when nobody reads its log any more, it goes on, and ends in order', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '0ms' } });
  context.daemon = daemon;
  daemon.child.stdout!.destroy();
  daemon.child.stderr!.destroy();
  await daemon.put('/caches/default/a', 'value');
  assert.is((await daemon.request('/caches/default/a')).text, 'value');
  daemon.child.kill('SIGTERM');
  const [code] = await once(daemon.child, 'exit');
  assert.is(code, 0);
});

test('a daemon that waits for the socket of another is told to stop: it leaves the socket alone', async (context) => {
  const daemon = await Daemon.start();
  context.daemon = daemon;
  const second = new Daemon({ folder: daemon.folder });
  await second.line(/in use/);
  assert.is(await second.stop(), 0);
  assert.is((await daemon.request('/healthz')).status, 200);
});

test('the next daemon takes the socket over from one that drains, and its end does not take it away', async (context) => {
  const daemon = await Daemon.start({ config: { drain: '1s' } });
  context.daemon = daemon;
  const client = connect(join(daemon.folder, 'sidecache.sock'));
  await once(client, 'connect');
  const next = new Daemon({ folder: daemon.folder });
  await next.line(/in use/);
  daemon.child.kill('SIGTERM');
  await next.line('ready');
  assert.is(await daemon.ended, 0);
  assert.is((await next.request('/healthz')).status, 200);
  assert.is(JSON.parse((await next.request('/healthz')).text).pid, next.pid);
  client.destroy();
  await next.stop();
});

/** Clients that ask over keep-alive connections, one request after the other, until they cannot connect any more. */
class Load {
  answered = 0;
  /** Why requests that were sent were not answered. */
  readonly lost: string[] = [];
  readonly #clients: Promise<void>[];

  constructor(daemon: Daemon, clients: number) {
    this.#clients = Array.from({ length: clients }, () => this.#client(daemon.socket));
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients);
  }

  async #client(path: string): Promise<void> {
    while (await this.#connection(path));
  }

  /** Asks over one connection until the daemon says that it closes it; false when there was no connection. */
  #connection(path: string): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(path);
      let connected = false;
      let answer = '';
      let asking = false;
      const ask = (): void => {
        answer = '';
        asking = true;
        socket.write('GET /caches/default/a HTTP/1.1\r\n\r\n');
      };
      socket.setEncoding('latin1');
      socket.on('connect', () => {
        connected = true;
        ask();
      });
      socket.on('data', (chunk: string) => {
        answer += chunk;
        if (!answer.endsWith('\r\n\r\nvalue')) return;
        this.answered++;
        asking = false;
        if (/^connection: close\r$/im.test(answer)) socket.end();
        else setImmediate(ask);
      });
      socket.on('error', (error) => {
        if (connected && asking) this.lost.push(error.message);
        asking = false;
      });
      socket.on('close', () => {
        if (connected && asking) this.lost.push(`closed after '${answer.slice(0, 40)}'`);
        resolve(connected);
      });
    });
  }
}

test.run();
