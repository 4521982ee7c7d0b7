// Client libraries as they come from the registry, pointed at the daemon's socket: their own way to connect, and what
// everybody does with them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { until } from './daemon.ts';
import type { AnyClient } from './resp-clients/client.ts';
import { glide } from './resp-clients/glide.ts';
import { ioredis5, ioredis6 } from './resp-clients/ioredis.ts';
import { nodeRedis } from './resp-clients/node-redis.ts';
import { cut, startTarget, type Target } from './resp-clients/target.ts';

const LIBRARIES = [nodeRedis(2), nodeRedis(3), ioredis5, ioredis6(2), ioredis6(3), glide(2), glide(3)];

const test = suite<{ target: Target }>('client libraries');

test.before(async (context) => {
  context.target = await startTarget();
});

test.after(async ({ target }) => {
  await target.stop();
});

for (const { name, connect } of LIBRARIES) {
  const withClient = (claim: string, run: (client: AnyClient, target: Target) => Promise<void>): void => {
    test(`${name}: ${claim}`, async ({ target }) => {
      const client = await connect(target.socket, target.port);
      try {
        await run(client, target);
      } finally {
        await client.close();
      }
    });
  };

  withClient('what is set is there to be got, with its time, until it is deleted', async (client) => {
    assert.is(await client.get('none'), null);
    await client.set('greeting', 'hello wörld');
    assert.is(await client.get('greeting'), 'hello wörld');
    assert.is(await client.ttl('greeting'), -1);
    await client.setWithTtl('greeting', '', 100);
    assert.is(await client.get('greeting'), '');
    assert.ok([99, 100].includes(await client.ttl('greeting')));
    assert.is(await client.del('greeting', 'none'), 1);
    assert.is(await client.get('greeting'), null);
  });

  withClient('a pipeline is answered in order', async (client) => {
    const counts = Array.from({ length: 500 }, (_, i) => i + 2);
    assert.equal(await client.pipeline('piped', 500), ['OK', ...counts, '501']);
  });

  withClient('a transaction is answered as one', async (client) => {
    assert.equal(await client.multi('queued', 3), ['OK', 2, 3, 4, '4']);
  });

  withClient('a scan finds every key that matches', async (client) => {
    const names = Array.from({ length: 50 }, (_, i) => `scanned:${String(i).padStart(2, '0')}`);
    await Promise.all(names.map((key) => client.set(key, 'x')));
    assert.equal([...new Set(await client.scan('scanned:*'))].sort(), names);
  });

  withClient('a subscriber hears what is published', async (client) => {
    const heard: string[] = [];
    const channel = `news of ${name}`;
    await client.subscribe(channel, (message) => heard.push(message));
    assert.is(await client.publish(channel, 'first'), 1);
    await client.publish(channel, 'second');
    await until(() => heard.length === 2);
    assert.equal(heard, ['first', 'second']);
  });

  withClient('after its connection was cut it connects again, and goes on', async (client, target) => {
    await client.set('kept', 'still here');
    const before = await client.id();
    await cut(target.socket, before);
    await until(async () => (await client.get('kept').catch(() => undefined)) === 'still here');
    assert.is.not(await client.id(), before);
  });

  withClient('what there is not is an error that says so', async (client) => {
    assert.match(await client.nonsense(), /unknown command/i);
    await client.set('after', 'an error');
    assert.is(await client.get('after'), 'an error');
  });
}

test.run();
