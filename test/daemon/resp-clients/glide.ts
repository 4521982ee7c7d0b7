// @valkey/valkey-glide, which knows TCP only.

import { Batch, GlideClient, Logger, ProtocolVersion, TimeUnit } from '@valkey/valkey-glide';
import type { AnyClient, Library } from './client.ts';

export function glide(protocol: 2 | 3): Library {
  return { name: `valkey-glide, RESP${protocol}`, connect: (_socket, port) => connect(port, protocol) };
}

async function connect(port: number, version: 2 | 3): Promise<AnyClient> {
  const protocol = version === 2 ? ProtocolVersion.RESP2 : ProtocolVersion.RESP3;
  // A connection that is cut, as these tests do it, is no news.
  Logger.init('off');
  const options = { addresses: [{ host: '127.0.0.1', port }], protocol, clientName: 'test' };
  const client = await GlideClient.createClient(options);
  let subscriber: GlideClient | undefined;
  const write = (key: string, times: number, isAtomic: boolean): Promise<unknown[] | null> => {
    const batch = new Batch(isAtomic).set(key, '1');
    for (let i = 0; i < times; i++) batch.incr(key);
    return client.exec(batch.get(key), true);
  };
  return {
    set: async (key, value) => void (await client.set(key, value)),
    setWithTtl: async (key, value, count) =>
      void (await client.set(key, value, { expiry: { type: TimeUnit.Seconds, count } })),
    get: async (key) => text(await client.get(key)),
    ttl: (key) => client.ttl(key),
    del: (...keys) => client.del(keys),
    pipeline: async (key, times) => (await write(key, times, false)) ?? [],
    multi: async (key, times) => (await write(key, times, true)) ?? [],
    async scan(match) {
      const found: string[] = [];
      let cursor = '0';
      do {
        const [next, keys] = await client.scan(cursor, { match, count: 10 });
        found.push(...keys.map(String));
        cursor = String(next);
      } while (cursor !== '0');
      return found;
    },
    async subscribe(channel, hear) {
      subscriber = await GlideClient.createClient({
        ...options,
        // It refuses to over RESP2.
        protocol: ProtocolVersion.RESP3,
        pubsubSubscriptions: {
          channelsAndPatterns: { 0: new Set([channel]) },
          callback: ({ message }) => hear(String(message)),
        },
      });
    },
    publish: (channel, message) => client.publish(message, channel),
    id: async () => Number(await client.clientId()),
    nonsense: () => client.customCommand(['NONSENSE', 'a']).then(String, (error: Error) => error.message),
    async close() {
      client.close();
      subscriber?.close();
    },
  };
}

function text(value: { toString(): string } | null): string | null {
  return value === null ? null : value.toString();
}
