// What an operator is told when instances are configured so that they do not find each other.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePorts } from '../../src/demo/ports.ts';
import { Daemon, type Json, until } from './daemon.ts';

const test = suite<{ daemons: Daemon[] }>('what is wrong with a fleet');
const TOKEN = 'the-token-of-all-of-them';

test.before.each((context) => {
  context.daemons = [];
});

test.after.each(async ({ daemons }) => {
  await Promise.all(daemons.map((daemon) => daemon.stop('SIGKILL')));
});

interface Odd {
  token?: string;
  port?: number;
}

/** Three with one list; the last may have another token, or listen elsewhere than the list says. */
async function three(daemons: Daemon[], odd: Odd): Promise<void> {
  const ports = await freePorts(3);
  const list = ports.map((port) => `http://127.0.0.1:${port}`);
  const starting = ports.map((port, i) => {
    const isOdd = i === 2;
    const listen = `127.0.0.1:${isOdd ? (odd.port ?? port) : port}`;
    const token = [isOdd ? (odd.token ?? TOKEN) : TOKEN];
    const config = { index: String(i), fleet: { listen, token, sync: '300ms', peers: { list } } };
    return Daemon.start({ config });
  });
  for (const started of starting) daemons.push(await started);
  for (const daemon of daemons) await daemon.line('joined');
}

async function problemsOf(daemon: Daemon): Promise<string> {
  const { problems }: Json = JSON.parse((await daemon.request('/peers')).text);
  return problems.map(({ problem }: { problem: string }) => problem).join('\n');
}

async function statusesOf(daemon: Daemon): Promise<string[]> {
  const { peers }: Json = JSON.parse((await daemon.request('/peers')).text);
  return peers.map(({ status }: { status: string }) => status);
}

test('another token at one: /peers and the log say so, at the others and at it', async ({ daemons }) => {
  await three(daemons, { token: 'another-token-than-they-have' });
  for (const daemon of daemons) {
    await until(async () => /bad_mac/.test(await problemsOf(daemon)));
    await daemon.line('no peer answers at a place of the fleet');
    assert.not(daemon.output.includes('another-token-than-they-have'));
  }
});

test('one that no URL of the list leads to is told all the same, and says that none does', async ({
  daemons,
}) => {
  const [port] = await freePorts(1);
  await three(daemons, { port: port! });
  const odd = daemons[2]!;
  await until(async () => /no URL of fleet\.peers\.list leads to this instance/.test(await problemsOf(odd)));
  await until(async () => /127\.0\.0\.1/.test(await problemsOf(daemons[0]!)));
  // Until it has fetched for the first time, nobody counts on its doing so.
  await until(async () => (await statusesOf(daemons[0]!)).join() === 'up,up');
  await odd.request('/caches/default/k', { method: 'PUT', body: 'v' });
  const { headers } = await daemons[0]!.request('/cache/invalidate?default=1&timeout=10s');
  assert.is(headers['sidecache-applied'], '3/3');
  assert.is((await odd.request('/caches/default/k')).status, 404);
});

test.run();
