// Errors as clients see them: problem+json (RFC 9457), the code at the end of the type.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ErrorCode, HTTP_STATUS, SidecacheError } from '../../errors.ts';
import { stopReading } from './reading.ts';

export const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad request',
  401: 'Credentials needed',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  408: 'Too slow',
  411: 'Length required',
  412: 'Precondition failed',
  413: 'Too large',
  415: 'Unsupported media type',
  417: 'Expectation failed',
  421: 'Misdirected request',
  429: 'Too many failures',
  431: 'Header too large',
  500: 'Internal error',
  502: 'The origin failed',
  503: 'Not now',
  504: 'Not in time',
  507: 'Full',
};

/** How long a client that is still sending is given to hear why it is refused. */
const HEARD_WITHIN_MS = 500;

/** What goes with a problem beyond its code. */
export interface Extras {
  /** More members of the JSON object. */
  members?: Readonly<Record<string, unknown>>;
  headers?: readonly string[];
  retryAfterMs?: number | undefined;
}

/** Answers with the error, unless an answer has begun: then the connection is cut, as it cannot be told any more. */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  error: SidecacheError,
  extras: Extras = {},
): void {
  const { code, message, retryAfterMs } = error;
  if (response.headersSent) response.destroy();
  else sendProblem(request, response, code, message, { ...extras, retryAfterMs });
}

/** For what is no error to the daemon, such as an entry that is not there. */
export function sendProblem(
  request: IncomingMessage,
  response: ServerResponse,
  code: ErrorCode,
  detail: string,
  extras: Extras,
): void {
  const status = HTTP_STATUS[code];
  const document = { type: `urn:sidecache:${code}`, title: TITLES[status] ?? 'Error', status, detail };
  const body = JSON.stringify({ ...document, ...extras.members });
  const headers = [
    'Content-Type',
    'application/problem+json',
    'Content-Length',
    String(Buffer.byteLength(body)),
    'Cache-Control',
    'no-store',
    'X-Content-Type-Options',
    'nosniff',
    ...(extras.headers ?? []),
  ];
  if (extras.retryAfterMs !== undefined)
    headers.push('Retry-After', String(wholeSeconds(extras.retryAfterMs)));
  // What is left of a body that nobody reads must not be taken for the next request.
  const isSending = !request.complete && hasBody(request);
  if (isSending) headers.push('Connection', 'close');
  response.writeHead(status, headers);
  if (!isSending) response.end(request.method === 'HEAD' ? undefined : body);
  else endWhenHeard(request, response, body);
}

/**
 * Sends the body, and leaves the connection open for a moment, unread: a client that is still sending would be cut off
 * by an immediate end, before it has read why. What was received of its body is let go.
 */
function endWhenHeard(request: IncomingMessage, response: ServerResponse, body: string): void {
  const end = (): void => {
    clearTimeout(late);
    response.end();
  };
  const late = setTimeout(end, HEARD_WITHIN_MS).unref();
  request.once('close', end);
  response.write(body);
  stopReading(request.socket);
  request.resume();
}

/** For what is not foreseen: named to the client as such, told to the log by `defect`. */
export function asSidecacheError(thrown: unknown, defect: (error: unknown) => void): SidecacheError {
  if (thrown instanceof SidecacheError) return thrown;
  defect(thrown);
  return new SidecacheError('internal', 'an internal error; the log of the daemon says more');
}

function wholeSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000));
}

export function hasBody(request: IncomingMessage): boolean {
  return (
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  );
}
