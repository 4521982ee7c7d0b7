// When a daemon ends: the first signal, its duplicates, the second one, a start that fails.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Closable, lifetime } from '../../src/commands/lifetime.ts';
import { FakeHost } from './fake-host.ts';

const test = suite('the life of a daemon');

class FakeDaemon implements Closable {
  closings = 0;
  readonly #end = deferred();
  readonly closed: Promise<void> = this.#end.promise;

  close(): Promise<void> {
    this.closings += 1;
    return this.closed;
  }

  drained(): void {
    this.#end.resolve();
  }

  fails(error: Error): void {
    this.#end.reject(error);
  }
}

/** Promise.withResolvers came after Node 20. */
function deferred(): { promise: Promise<void>; resolve(): void; reject(error: Error): void } {
  let resolve!: () => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

interface Life {
  host: FakeHost;
  daemon: FakeDaemon;
  exitCode: Promise<number>;
  at(ms: number): void;
}

async function started(): Promise<Life> {
  const host = new FakeHost();
  const daemon = new FakeDaemon();
  let nowMs = 0;
  host.nowMs = () => nowMs;
  const exitCode = lifetime(async () => daemon, host);
  await Promise.resolve();
  await Promise.resolve();
  return {
    host,
    daemon,
    exitCode,
    at: (ms) => {
      nowMs = ms;
    },
  };
}

test('SIGTERM and SIGINT drain, then exit 0', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { host, daemon, exitCode } = await started();
    host.send(signal);
    assert.is(daemon.closings, 1);
    daemon.drained();
    assert.is(await exitCode, 0);
  }
});

test('a duplicate within a second changes nothing', async () => {
  const { host, daemon, exitCode, at } = await started();
  host.send('SIGTERM');
  at(1000);
  host.send('SIGTERM');
  host.send('SIGINT');
  assert.is(daemon.closings, 1);
  daemon.drained();
  assert.is(await exitCode, 0);
});

test('a second signal more than a second later ends it at once, with that signal’s code', async () => {
  const { host, exitCode, at } = await started();
  host.send('SIGTERM');
  at(1001);
  host.send('SIGTERM');
  assert.is(await exitCode, 143);

  const interrupted = await started();
  interrupted.host.send('SIGTERM');
  interrupted.at(5000);
  interrupted.host.send('SIGINT');
  assert.is(await interrupted.exitCode, 130);
});

test('a duplicate does not make the next signal count from itself', async () => {
  const { host, exitCode, at } = await started();
  host.send('SIGTERM');
  at(900);
  host.send('SIGTERM');
  at(1100);
  host.send('SIGTERM');
  assert.is(await exitCode, 143);
});

test('a signal while the daemon starts ends it at once', async () => {
  const host = new FakeHost();
  const exitCode = lifetime(() => new Promise<Closable>(() => {}), host);
  host.send('SIGTERM');
  assert.is(await exitCode, 0);
});

test('a daemon that does not start, or does not close in order, fails with the reason', async () => {
  const host = new FakeHost();
  const reason = await lifetime(() => Promise.reject(new Error('in use')), host).catch(String);
  assert.is(reason, 'Error: in use');

  const { host: other, daemon, exitCode } = await started();
  other.send('SIGTERM');
  daemon.fails(new Error('no farewell'));
  assert.is(await exitCode.catch(String), 'Error: no farewell');
});

test('a close that fails is a failure even where the daemon says it is down', async () => {
  const host = new FakeHost();
  const down = deferred();
  const close = (): Promise<void> => {
    down.resolve();
    return Promise.reject(new Error('the socket is stuck'));
  };
  const exitCode = lifetime(async () => ({ close, closed: down.promise }), host);
  await Promise.resolve();
  await Promise.resolve();
  host.send('SIGTERM');
  assert.is(await exitCode.catch(String), 'Error: the socket is stuck');
});

test('a daemon that was closed from within ends the process in peace', async () => {
  const { daemon, exitCode } = await started();
  daemon.drained();
  assert.is(await exitCode, 0);
});

test.run();
