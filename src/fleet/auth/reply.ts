// How a receiver answers: signed to whom it has verified, in the open to everybody else, always JSON.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { replyInput, type SignedHead } from './canonical.ts';
import { HEADERS, JSON_TYPE, PROBLEM_TYPE, WIRE_VERSION } from './head.ts';
import { digestOf, type Key } from './keyring.ts';

/** Whom a reply is for: what was verified, and the key that did. */
export interface Verified {
  readonly head: SignedHead;
  readonly key: Key;
}

export interface Reply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How long whoever is still sending is given to hear why it is refused. */
const HEARD_WITHIN_MS = 500;

export function jsonReply(value: unknown): Reply {
  return { status: 200, contentType: JSON_TYPE, body: Buffer.from(JSON.stringify(value ?? null)) };
}

/** RFC 9457; `members` are more of the document. */
export function problemReply(status: number, code: string, detail: string, members: object = {}): Reply {
  const document = { type: `urn:sidecache:${code}`, title: TITLES[status] ?? 'Error', status, detail };
  const body = Buffer.from(JSON.stringify({ ...document, ...members }));
  return { status, contentType: PROBLEM_TYPE, body };
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Not a peer',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  409: 'Another member',
  413: 'Too large',
  500: 'Internal error',
  503: 'Not now',
};

/** `self`: own incarnation. */
export function sendReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  self: string,
  verified: Verified | undefined,
): void {
  if (response.headersSent || response.destroyed) return;
  const { status, contentType, body, headers } = reply;
  response.writeHead(status, {
    'Content-Type': contentType,
    'Content-Length': body.length,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...headers,
    ...(verified && signatureOf(reply, self, verified)),
    // A stranger that is still sending loses its connection; what is left must not be taken for the next request.
    ...(!request.complete && verified === undefined && { Connection: 'close' }),
  });
  if (request.complete) response.end(body);
  else endWhenHeard(request, response, body);
}

function signatureOf({ status, contentType, body }: Reply, from: string, verified: Verified): object {
  const digest = digestOf(body);
  const mac = verified.key.sign(replyInput(verified.head, { status, from, contentType, digest }));
  return {
    [HEADERS.version]: WIRE_VERSION,
    [HEADERS.from]: from,
    [HEADERS.digest]: digest,
    [HEADERS.mac]: mac,
  };
}

/** Cut at once, it would not read why. What it goes on sending is dropped, for a moment. */
function endWhenHeard(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const end = (): void => {
    clearTimeout(late);
    response.end(() => {
      if (!request.complete) request.destroy();
    });
  };
  const late = setTimeout(end, HEARD_WITHIN_MS).unref();
  request.once('end', end).once('close', end);
  response.write(body);
  request.resume();
}
