// JSON answers.

import type { ServerResponse } from 'node:http';

export function sendJson(
  response: ServerResponse,
  status: number,
  document: unknown,
  headers: readonly string[] = [],
): void {
  const body = `${JSON.stringify(document)}\n`;
  const own = ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(body))];
  response.writeHead(status, [
    ...own,
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    ...headers,
  ]);
  response.end(body);
}
