// A daemon of canned answers on a temporary Unix socket; it remembers what it was asked.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Asked {
  method: string;
  target: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Canned {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer | object;
  /** Ends the connection after the body although more was announced. */
  breaksOff?: boolean;
}

export interface FakeDaemon {
  socket: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** A socket path in a directory of its own; nobody listens there yet. */
export function temporarySocket(): { socket: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'sidecache-test-'));
  return {
    socket: join(directory, 's.sock'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

export async function startFakeDaemon(
  answer: (asked: Asked) => Canned,
  at: { socket: string; remove(): void } = temporarySocket(),
): Promise<FakeDaemon> {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    const one = { method, target: url, headers, body: Buffer.concat(chunks) };
    asked.push(one);
    const { status = 200, headers: given = {}, body = '', breaksOff } = answer(one);
    const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body);
    response.writeHead(status, given);
    if (breaksOff) response.write(bytes, () => response.destroy());
    else response.end(bytes);
  });
  await listening(server, at.socket);
  return { socket: at.socket, asked, close: () => closed(server).then(at.remove) };
}

export const problem = (status: number, code: string, detail: string): Canned => ({
  status,
  headers: { 'Content-Type': 'application/problem+json' },
  body: { type: `urn:sidecache:${code}`, title: code, status, detail },
});

function listening(server: Server, socket: string): Promise<void> {
  return new Promise((resolve, reject) => server.on('error', reject).listen(socket, resolve));
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
