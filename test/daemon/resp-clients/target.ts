// What the clients are pointed at: the daemon. With RESP_TARGET=redis it is a real Redis, which tells whether a test
// that fails asks too much.

import { freePort } from '../../scripts/command.ts';
import { RawClient } from '../../serve/resp-differential/raw-client.ts';
import { RedisServer } from '../../serve/resp-differential/redis-server.ts';
import { tool } from '../../tools.ts';
import { Daemon } from '../daemon.ts';

export interface Target {
  readonly socket: string;
  /** On loopback, for clients that know no Unix sockets. */
  readonly port: number;
  stop(): Promise<unknown>;
}

export const AGAINST_REDIS = process.env.RESP_TARGET === 'redis';

export async function startTarget(): Promise<Target> {
  if (AGAINST_REDIS) {
    const port = await freePort();
    const redis = await RedisServer.start(tool('redis-server')!, ['--port', String(port)]);
    return { socket: redis.socket, port, stop: () => redis.stop() };
  }
  const daemon = await Daemon.start({ config: { resp: { listen: '127.0.0.1:0' } } });
  const { resp } = await daemon.line('ready');
  return {
    socket: daemon.socket,
    port: Number(String(resp).split(':').at(-1)),
    stop: () => daemon.stop(),
  };
}

/** Ends the connection of the client with this id, from the outside. */
export async function cut(socket: string, clientId: number): Promise<void> {
  const other = await RawClient.connect(socket);
  const killed = await other.send('CLIENT', 'KILL', 'ID', String(clientId));
  other.close();
  if (!('text' in killed) || killed.text !== '1') throw new Error(`client ${clientId} was not there`);
}
