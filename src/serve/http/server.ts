// An HTTP server over the handlers: its limits in time and size, and what is done with what is not HTTP.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Connections } from '../connections.ts';
import { KEEP_ALIVE_SECONDS, responseClass } from './one-write.ts';

/** A key of 64 KiB, every byte percent-encoded, and the other headers. */
const MAX_HEADER_BYTES = 264 << 10;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 300_000;
const LOOK_FOR_LATE_EVERY_MS = 2_000;

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function createHttpServer(connections: Connections, handle: RequestHandler): Server {
  const onRequest: RequestHandler = (request, response) => {
    connections.requestBegan(response);
    handle(request, response);
  };
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: HEADERS_WITHIN_MS,
      requestTimeout: REQUEST_WITHIN_MS,
      connectionsCheckingInterval: LOOK_FOR_LATE_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
      ...(responseClass && { ServerResponse: responseClass }),
      // `Host` is checked where it matters, on loopback; a Unix socket's callers may send none.
      requireHostHeader: false,
    },
    onRequest,
  );
  // Who asks first whether to send a body is told once it is known that there is room for it.
  server.on('checkContinue', onRequest);
  server.prependListener('connection', (socket: Socket) => {
    if (!connections.admit(socket)) socket.pause();
  });
  server.on('clientError', refuse);
  return server;
}

const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = REFUSALS[error.code ?? ''] ?? '400 Bad Request';
  const detail = JSON.stringify({
    type: 'urn:sidecache:bad_request',
    title: status.slice(4),
    status: Number(status.slice(0, 3)),
  });
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/problem+json\r\nContent-Length: ${detail.length}`;
  socket.end(`${head}\r\nConnection: close\r\n\r\n${detail}`, () => socket.destroy());
}
