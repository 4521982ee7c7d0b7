// How a router says no: a status, a name in X-Cf-RouterError, and a line of text.

import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { persistence } from './backend.ts';
import { bytesOf } from './raw-headers.ts';
import type { Refusal } from './routing.ts';

const MAX_REQUEST_HEAD_BYTES = 1024 * 1024;
/** Where Node itself gives up reading a head. */
export const READABLE_HEAD_BYTES = 2 * MAX_REQUEST_HEAD_BYTES;

/** Without a message there is no body. */
export const TOO_LARGE: Refusal = { status: 431, error: 'max-request-size-exceeded', message: '' };

export function isTooLarge({ method = '', url = '', rawHeaders }: IncomingMessage): boolean {
  const requestLineBytes = method.length + url.length + 'HTTP/1.1'.length + 4;
  return requestLineBytes + bytesOf(rawHeaders) >= MAX_REQUEST_HEAD_BYTES;
}

/** Unless the client has gone. */
export function refuse(incoming: IncomingMessage, outgoing: ServerResponse, refusal: Refusal): void {
  if (outgoing.destroyed) return;
  const { status, error, message, cacheControl } = refusal;
  const body = message === '' ? '' : `${status} ${STATUS_CODES[status]}: ${message}\n`;
  outgoing.writeHead(status, STATUS_CODES[status], [
    ...(cacheControl === undefined ? [] : ['Cache-Control', cacheControl]),
    ...['Content-Type', 'text/plain; charset=utf-8'],
    ...['X-Cf-RouterError', error],
    ...['X-Content-Type-Options', 'nosniff'],
    ...['Content-Length', String(Buffer.byteLength(body))],
    ...(refusal === TOO_LARGE ? ['Connection', 'close'] : persistence(incoming)),
  ]);
  outgoing.end(body);
  // What is still to come of the request is read and dropped: closed upon, the client might miss the answer.
  incoming.resume();
}

/** What was no request, or longer than one may be. */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable) return;
  const head =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? `431 ${STATUS_CODES[431]}\r\nX-Cf-RouterError: ${TOO_LARGE.error}`
      : `400 ${STATUS_CODES[400]}`;
  socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}
