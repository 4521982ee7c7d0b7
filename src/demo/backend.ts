// One try of a router to pass a request on to an endpoint: headers as the platform sets them, the body as it comes,
// the answer as it comes back.

import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import { unpredictableBytes } from '../entropy.ts';
import { endToEnd, firstValue, type RawHeaders, withHeader } from './raw-headers.ts';
import type { Endpoint } from './routing-table.ts';

/** As large as any answer's head may be. */
const MAX_HEAD_BYTES = 1024 * 1024;
const SENT_WITH_A_LENGTH = ['POST', 'PUT', 'PATCH'];

export interface Exchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  /** What is passed on, before the router's own are added. */
  readonly headers: RawHeaders;
}

export interface Manner {
  /** Undefined: each request has a connection of its own. */
  readonly agent: Agent | undefined;
  readonly timeoutMs: number;
}

/** `reached`: nothing can be said instead any more, and nobody else may be tried. */
export type Tried =
  | { readonly result: 'answered'; readonly status: number }
  | { readonly result: 'failed'; readonly reason: string; readonly reached: boolean }
  /** Who asked has gone. */
  | { readonly result: 'left' };

export function tryEndpoint(exchange: Exchange, endpoint: Endpoint, manner: Manner): Promise<Tried> {
  return new Promise((resolve) => {
    const { incoming, outgoing } = exchange;
    let status: number | undefined;
    let reached = false;
    const asked = ask(exchange, endpoint, manner.agent);
    const end = (tried: Tried): void => {
      clearTimeout(late);
      outgoing.off('close', left);
      incoming.unpipe(asked);
      asked.on('error', () => undefined).destroy();
      resolve(tried);
    };
    const fail = (reason: string): void => {
      // An answer that breaks off half-way is passed on as one that breaks off.
      if (status !== undefined) outgoing.destroy();
      end(status === undefined ? { result: 'failed', reason, reached } : { result: 'answered', status });
    };
    const left = (): void => {
      end(outgoing.writableFinished ? { result: 'answered', status: status ?? 0 } : { result: 'left' });
    };
    const late = setTimeout(fail, manner.timeoutMs, 'context deadline exceeded');
    outgoing.on('close', left);
    whenConnected(asked, () => {
      reached = true;
      incoming.pipe(asked);
    });
    // The end may answer before it has read everything, and close: what it said counts.
    asked.on('error', (error) => status === undefined && fail(reasonOf(error, endpoint)));
    asked.on('response', (reply) => {
      status = reply.statusCode ?? 0;
      reply.on('error', () => fail('unexpected EOF'));
      passBack(reply, exchange);
    });
  });
}

function ask({ incoming, headers }: Exchange, endpoint: Endpoint, agent: Agent | undefined): ClientRequest {
  const { host, port } = endpoint;
  return request({
    host,
    port,
    method: incoming.method,
    path: incoming.url,
    headers: [...headersFor(incoming, headers, endpoint), 'Connection', agent ? 'keep-alive' : 'close'],
    agent: agent ?? false,
    maxHeaderSize: MAX_HEAD_BYTES,
    setHost: false,
  });
}

function headersFor(incoming: IncomingMessage, given: RawHeaders, endpoint: Endpoint): RawHeaders {
  const from = incoming.socket.remoteAddress ?? '';
  const before = firstValue(given, 'x-forwarded-for');
  let headers = endToEnd(given);
  // The router's word, whatever the client said.
  headers = withHeader(headers, 'X-CF-ApplicationID', endpoint.appGuid);
  headers = withHeader(headers, 'X-CF-InstanceID', endpoint.instanceId);
  headers = withHeader(headers, 'X-CF-InstanceIndex', String(endpoint.index));
  headers = withHeader(headers, 'X-Vcap-Request-Id', requestId());
  headers = withHeader(headers, 'X-Forwarded-For', before === '' ? from : `${before}, ${from}`);
  headers = ifAbsent(headers, 'X-Forwarded-Proto', 'http');
  headers = ifAbsent(headers, 'X-Request-Start', String(Date.now()));
  return [...headers, ...framing(incoming)];
}

function ifAbsent(headers: RawHeaders, name: string, value: string): RawHeaders {
  return firstValue(headers, name.toLowerCase()) === '' ? withHeader(headers, name, value) : headers;
}

/** How the body ends: a length stands among the headers already. */
function framing({ headers, method = '' }: IncomingMessage): RawHeaders {
  if (headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked'];
  if (headers['content-length'] !== undefined || !SENT_WITH_A_LENGTH.includes(method)) return [];
  return ['Content-Length', '0'];
}

function whenConnected(asked: ClientRequest, then: () => void): void {
  asked.on('socket', (socket) => {
    if (socket.connecting) socket.once('connect', then);
    else then();
  });
}

function passBack(reply: IncomingMessage, { incoming, outgoing }: Exchange): void {
  const headers = endToEnd(reply.rawHeaders);
  outgoing.writeHead(reply.statusCode ?? 502, reply.statusMessage, [...headers, ...persistence(incoming)]);
  outgoing.flushHeaders();
  reply.pipe(outgoing);
}

/** Written out: otherwise Node adds when it means to close, which the real router does not tell. */
export function persistence(incoming: IncomingMessage): RawHeaders {
  const asked = (incoming.headers.connection ?? '').toLowerCase();
  const old = incoming.httpVersion === '1.0' && !asked.includes('keep-alive');
  return ['Connection', old || asked.includes('close') ? 'close' : 'keep-alive'];
}

/** In Go's words, which is what the router writes in its header. */
function reasonOf(error: NodeJS.ErrnoException, { host, port }: Endpoint): string {
  if (error.message === 'socket hang up') return 'EOF';
  if (error.code === 'ECONNREFUSED') return `dial tcp ${host}:${port}: connect: connection refused`;
  if (error.code === 'ECONNRESET') return `read tcp ${host}:${port}: read: connection reset by peer`;
  return error.message.replace(/[^\x20-\x7e]/g, '?');
}

function requestId(): string {
  return unpredictableBytes(16)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
