// ioredis 5, which most use, and ioredis 6.

import { Redis as Redis5 } from 'ioredis';
import { Redis as Redis6 } from 'ioredis-6';
import type { AnyClient, Library } from './client.ts';

type Redis = Redis5 | Redis6;

export const ioredis5: Library = {
  name: 'ioredis 5',
  connect: (path) => wrap(() => new Redis5({ path, connectionName: 'test', lazyConnect: true })),
};

export function ioredis6(protocol: 2 | 3): Library {
  return {
    name: `ioredis 6, RESP${protocol}`,
    connect: (path) => wrap(() => new Redis6({ path, protocol, connectionName: 'test', lazyConnect: true })),
  };
}

async function wrap(make: () => Redis): Promise<AnyClient> {
  // The two versions' types differ in nothing that is used here.
  const open = (): Redis5 => make() as Redis5;
  const client = open();
  const subscriber = open();
  for (const one of [client, subscriber]) one.on('error', () => undefined);
  await client.connect();
  const write = (key: string, times: number): ReturnType<Redis5['pipeline']> => {
    const pipeline = client.pipeline().set(key, '1');
    for (let i = 0; i < times; i++) pipeline.incr(key);
    return pipeline.get(key);
  };
  return {
    set: async (key, value) => void (await client.set(key, value)),
    setWithTtl: async (key, value, seconds) => void (await client.set(key, value, 'EX', seconds)),
    get: (key) => client.get(key),
    ttl: (key) => client.ttl(key),
    del: (...keys) => client.del(...keys),
    pipeline: async (key, times) => values(await write(key, times).exec()),
    async multi(key, times) {
      const multi = client.multi().set(key, '1');
      for (let i = 0; i < times; i++) multi.incr(key);
      return values(await multi.get(key).exec());
    },
    async scan(match) {
      const found: string[] = [];
      for await (const keys of client.scanStream({ match, count: 10 })) found.push(...(keys as string[]));
      return found;
    },
    async subscribe(channel, hear) {
      await subscriber.connect();
      subscriber.on('message', (from, message) => from === channel && hear(message));
      await subscriber.subscribe(channel);
    },
    publish: (channel, message) => client.publish(channel, message),
    id: () => client.client('ID'),
    nonsense: () => client.call('NONSENSE', 'a').then(String, (error: Error) => error.message),
    async close() {
      client.disconnect();
      subscriber.disconnect();
    },
  };
}

function values(replies: [Error | null, unknown][] | null): unknown[] {
  return (replies ?? []).map(([error, value]) => error ?? value);
}
