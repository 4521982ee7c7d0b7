// Origins to load from, on port 0 of 127.0.0.1: over node:http, and raw ones that send whatever they like.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createRawServer, type Server as RawServer, type Socket } from 'node:net';

export interface Origin {
  /** http://127.0.0.1:port */
  readonly url: string;
  readonly port: number;
  readonly requests: readonly IncomingMessage[];
  /** Every connection ever accepted. */
  readonly connections: readonly Socket[];
  /** Resolves when no accepted connection is open any more. */
  allClosed(): Promise<void>;
  close(): Promise<void>;
}

export async function startOrigin(handler: RequestListener): Promise<Origin> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    handler(request, response);
  });
  return await listening(server, requests);
}

/** `answer` is called with each head of a request that arrives, numbered from 0; a `greeting` is said at once, and all. */
export async function startRawOrigin(
  answer: (socket: Socket, n: number, head: string) => void,
  greeting?: string,
): Promise<Origin> {
  let n = 0;
  const server = createRawServer((socket) => {
    let head = '';
    if (greeting !== undefined) socket.end(greeting);
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      answer(socket, n++, head);
      head = '';
    });
  });
  return await listening(server, []);
}

async function listening(server: Server | RawServer, requests: readonly IncomingMessage[]): Promise<Origin> {
  const connections: Socket[] = [];
  server.on('connection', (socket: Socket) => {
    connections.push(socket);
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const allClosed = async (): Promise<void> => {
    await Promise.all(connections.map(closed));
  };
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    connections,
    allClosed,
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await allClosed();
    },
  };
}

/** Not events.once: that rejects at the error which a reset is. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** A port where nothing listens. */
export async function closedPort(): Promise<number> {
  const origin = await startRawOrigin(() => undefined);
  await origin.close();
  return origin.port;
}
