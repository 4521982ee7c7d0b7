// What the demo's HTTP servers have in common: a port of loopback to listen on, an end, bodies as a whole.

import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';

export const LOOPBACK = '127.0.0.1';
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Port 0 is any that is free; resolves with the one it is. */
export async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return address.port;
}

/** Connections in use end with it. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** As text; undefined where it is longer than the demo has use for. */
export async function bodyOf(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return bytes > MAX_BODY_BYTES ? undefined : Buffer.concat(chunks).toString();
}

export function answer(response: ServerResponse, status: number, document?: unknown): void {
  if (document === undefined) {
    response.writeHead(status).end();
    return;
  }
  const body = Buffer.from(`${JSON.stringify(document)}\n`);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length });
  response.end(body);
}
