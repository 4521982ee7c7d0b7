// Answers to what is no request, or may not become one: written to the connection itself, which ends with it.

import type { Socket } from 'node:net';
import { type ErrorCode, HTTP_STATUS } from '../../errors.ts';
import { TITLES } from './problem.ts';

/** The whole answer, as problem+json. */
export function refusal(code: ErrorCode, detail: string, status: number = HTTP_STATUS[code]): string {
  const title = TITLES[status] ?? 'Error';
  const body = JSON.stringify({ type: `urn:sidecache:${code}`, title, status, detail });
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    ...(status === 503 ? ['Retry-After: 1'] : []),
    'Connection: close',
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

/** Says it, where it can be said at once, and closes the connection in any case. */
export function refuseOn(socket: Socket, answer: string): void {
  if (!socket.writable || socket.writableLength > 0) {
    socket.destroy();
    return;
  }
  socket.end(answer);
  socket.destroySoon();
}
