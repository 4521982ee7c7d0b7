// An HTTP server over the handlers: its limits in time and size, and what is done with what is not HTTP.

import { createServer, type Server, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { Connections, RequestHandler } from '../connections.ts';
import { KEEP_ALIVE_SECONDS, responseClass } from './one-write.ts';
import { refusal } from './refusal.ts';

/** A key of 64 KiB, every byte percent-encoded, and the other headers. */
const MAX_HEADER_BYTES = 264 << 10;
const HEADERS_WITHIN_MS = 10_000;
const REQUEST_WITHIN_MS = 300_000;
const LOOK_FOR_LATE_EVERY_MS = 2_000;

const OPTIONS: ServerOptions = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: HEADERS_WITHIN_MS,
  requestTimeout: REQUEST_WITHIN_MS,
  connectionsCheckingInterval: LOOK_FOR_LATE_EVERY_MS,
  keepAliveTimeout: KEEP_ALIVE_SECONDS * 1000,
  ...(responseClass && { ServerResponse: responseClass }),
  // `Host` is checked where it matters, on loopback; a Unix socket's callers may send none.
  requireHostHeader: false,
};

export function createHttpServer(connections: Connections, handle: RequestHandler): Server {
  return configured(createServer(OPTIONS), 'connection', connections, handle);
}

/** The same over TLS; `create` makes the server, so that node:https is loaded by who needs it. */
export function createHttpsServer<S extends Server>(
  create: (options: ServerOptions) => S,
  connections: Connections,
  handle: RequestHandler,
): S {
  const server = configured(create(OPTIONS), 'secureConnection', connections, handle);
  // Nothing can be said to whom no common language was found with.
  server.prependListener('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  return server;
}

function configured<S extends Server>(
  server: S,
  connected: 'connection' | 'secureConnection',
  connections: Connections,
  handle: RequestHandler,
): S {
  const onRequest: RequestHandler = (request, response) => {
    response.on('error', () => {});
    connections.take(request, response, handle);
  };
  server.on('request', onRequest);
  // After it listens, a connection that cannot be accepted is no reason to end.
  server.on('error', () => {});
  // Who asks first whether to send a body is told once it is known that there is room for it.
  server.on('checkContinue', onRequest);
  server.on('checkExpectation', (_request, response) => connections.refuse(response.socket!, EXPECTATION));
  server.on('connect', (_request, socket: Socket) => connections.refuse(socket, NO_TUNNEL));
  server.prependListener(connected, (socket: Socket) => connections.admit(server, socket));
  server.on(connected, (socket: Socket) => connections.watch(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (error.code === 'ECONNRESET') socket.destroy();
    else connections.refuse(socket, REFUSALS[error.code ?? ''] ?? NO_HTTP);
  });
  return server;
}

const NO_HTTP = refusal('bad_request', 'this is not a request as HTTP/1.1 has it');
const NO_TUNNEL = refusal('method_not_allowed', 'there is no tunnel through a cache');
const EXPECTATION = refusal('bad_request', 'the only expectation that is met is 100-continue', 417);
const REFUSALS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: refusal('bad_request', `a head has at most ${MAX_HEADER_BYTES} bytes`, 431),
  ERR_HTTP_REQUEST_TIMEOUT: refusal('bad_request', 'the request did not come to its end in time', 408),
};
