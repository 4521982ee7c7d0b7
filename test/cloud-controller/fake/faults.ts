// What goes wrong on command, and with which requests.

import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { ApiError } from './api-error.ts';
import type { AskedRequest, RequestType } from './asked.ts';

export type Match = RequestType | 'any' | ((request: AskedRequest) => boolean);

/**
 * `reset`: the connection is torn down unanswered. `hang`: no answer ever. `garbage`: bytes that are not HTTP.
 * `slow-body`: half of the true body, then nothing more. `cut-body`: half of it, then the connection ends.
 * `not-json`: 200 with a page for people. An ApiError: that error as the Cloud Controller says it.
 */
export type Misbehaviour =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | ApiError
  | 'reset'
  | 'hang'
  | 'garbage'
  | 'slow-body'
  | 'cut-body'
  | 'not-json';

export interface Fault {
  /** Requests it has met. */
  readonly met: number;
  end(): void;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

export class Faults {
  readonly #faults = new Set<{ match: Match; how: Misbehaviour; left: number; met: number }>();

  add(match: Match, how: Misbehaviour, times: number): Fault {
    const fault = { match, how, left: times, met: 0 };
    this.#faults.add(fault);
    return {
      get met(): number {
        return fault.met;
      },
      end: () => void this.#faults.delete(fault),
    };
  }

  clear(): void {
    this.#faults.clear();
  }

  /** The first that meets `request`, which uses up one of its times. */
  take(request: AskedRequest): Misbehaviour | undefined {
    for (const fault of this.#faults) {
      if (!meets(fault.match, request)) continue;
      fault.met++;
      if (--fault.left <= 0) this.#faults.delete(fault);
      return fault.how;
    }
    return undefined;
  }
}

export function meets(match: Match, request: AskedRequest): boolean {
  if (typeof match === 'function') return match(request);
  return match === 'any' || match === request.type;
}

/** The answer in place of the true one; undefined: it is the true one that goes wrong on its way. */
export function replyOf(how: Misbehaviour): Reply | undefined {
  if (how instanceof ApiError) return apiErrorReply(how);
  if (how === 'not-json') {
    return { status: 200, headers: { 'content-type': 'text/html' }, body: '<html><body>Hello</body></html>' };
  }
  if (typeof how === 'string') return undefined;
  const { status, body = '', headers = {} } = how;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body: text };
}

export function apiErrorReply(error: ApiError): Reply {
  return {
    status: error.status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: error.body,
  };
}

/** Sends `reply`, or spoils it. */
export function send(
  response: ServerResponse,
  socket: Socket,
  reply: Reply,
  how: Misbehaviour | undefined,
): void {
  const headers = { 'content-length': Buffer.byteLength(reply.body), ...reply.headers };
  switch (how) {
    case 'hang':
      return;
    case 'reset':
      // TLS knows no reset of its own.
      if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
      return;
    case 'garbage':
      socket.end('SSH-2.0-OpenSSH_9.6\r\n\u0000\u0001\u0002\r\n\r\n');
      return;
    case 'slow-body':
    case 'cut-body':
      response.writeHead(reply.status, headers);
      response.write(reply.body.slice(0, reply.body.length / 2), () => {
        if (how === 'cut-body') socket.destroy();
      });
      return;
    default:
      response.writeHead(reply.status, headers);
      response.end(reply.body);
  }
}
