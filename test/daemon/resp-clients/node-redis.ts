// node-redis 6 (`redis`).

import { createClient } from 'redis';
import type { AnyClient, Library } from './client.ts';

export function nodeRedis(protocol: 2 | 3): Library {
  return { name: `node-redis, RESP${protocol}`, connect: (socket) => connect(socket, protocol) };
}

async function connect(path: string, protocol: 2 | 3): Promise<AnyClient> {
  const client = createClient({ RESP: protocol, socket: { path, tls: false }, name: 'test' });
  client.on('error', () => undefined);
  await client.connect();
  const subscriber = client.duplicate();
  subscriber.on('error', () => undefined);
  const write = (key: string, times: number) => {
    const multi = client.multi().set(key, '1');
    for (let i = 0; i < times; i++) multi.incr(key);
    return multi.get(key);
  };
  return {
    set: async (key, value) => void (await client.set(key, value)),
    setWithTtl: async (key, value, seconds) =>
      void (await client.set(key, value, { expiration: { type: 'EX', value: seconds } })),
    get: (key) => client.get(key),
    ttl: (key) => client.ttl(key),
    del: (...keys) => client.del(keys),
    pipeline: (key, times) => write(key, times).execAsPipeline(),
    multi: (key, times) => write(key, times).exec(),
    async scan(match) {
      const found: string[] = [];
      for await (const keys of client.scanIterator({ MATCH: match, COUNT: 10 })) found.push(...keys);
      return found;
    },
    async subscribe(channel, hear) {
      await subscriber.connect();
      await subscriber.subscribe(channel, hear);
    },
    publish: (channel, message) => client.publish(channel, message),
    id: () => client.clientId(),
    nonsense: () => client.sendCommand(['NONSENSE', 'a']).then(String, (error: Error) => error.message),
    async close() {
      client.destroy();
      if (subscriber.isOpen) subscriber.destroy();
    },
  };
}
