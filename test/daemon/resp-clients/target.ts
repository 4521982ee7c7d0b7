// What the clients are pointed at: the daemon. With RESP_TARGET=redis it is a real Redis, which tells whether a test
// that fails asks too much.

import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { RawClient } from '../../serve/resp-differential/raw-client.ts';
import { RedisServer } from '../../serve/resp-differential/redis-server.ts';
import { tool } from '../../tools.ts';
import { Daemon } from '../daemon.ts';

export interface Target {
  readonly socket: string;
  stop(): Promise<unknown>;
}

export const AGAINST_REDIS = process.env.RESP_TARGET === 'redis';

export function startTarget(config: object = {}): Promise<Target> {
  return AGAINST_REDIS ? RedisServer.start(tool('redis-server')!) : Daemon.start({ config });
}

/** Ends the connection of the client with this id, from the outside. */
export async function cut(socket: string, clientId: number): Promise<void> {
  const other = await RawClient.connect(socket);
  const killed = await other.send('CLIENT', 'KILL', 'ID', String(clientId));
  other.close();
  if (!('text' in killed) || killed.text !== '1') throw new Error(`client ${clientId} was not there`);
}

/** A port that leads to the socket, for clients that know no Unix sockets. */
export class Door {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(socketPath: string): Promise<Door> {
    const server = createServer((outer) => {
      const inner = connect(socketPath);
      for (const one of [outer, inner]) one.on('error', () => undefined);
      outer.pipe(inner).pipe(outer);
      outer.once('close', () => inner.destroy());
      inner.once('close', () => outer.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return new Door(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
  }
}
