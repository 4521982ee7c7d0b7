// Ports of loopback that are free now, for servers that must know each other's before they start.

import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { unpredictableBytes } from '../entropy.ts';
import { LOOPBACK } from './listening.ts';

/** Below those that systems hand out for connections, so that nobody takes one meanwhile. */
const FIRST_PREFIX = 1_100;
const PREFIXES = 2_000;
const ATTEMPTS = 50;

export async function freePorts(count: number): Promise<readonly number[]> {
  return (await held(Array<number>(count).fill(0))) ?? [];
}

/** So that PREFIX followed by an index of one digit is a free port, for all of these. */
export async function freePortPrefix(indices: readonly number[]): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const prefix = FIRST_PREFIX + (unpredictableBytes(2).readUInt16BE() % PREFIXES);
    if ((await held(indices.map((index) => prefix * 10 + index))) !== undefined) return prefix;
  }
  throw new Error('no row of free ports was found');
}

/** All at one time, so that they differ; undefined when one is taken. */
async function held(ports: readonly number[]): Promise<readonly number[] | undefined> {
  const servers: Server[] = [];
  try {
    for (const port of ports) {
      const server = createServer();
      servers.push(server);
      server.listen(port, LOOPBACK);
      await once(server, 'listening');
    }
    return servers.map(portOf);
  } catch {
    return undefined;
  } finally {
    for (const server of servers) server.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}
