// GET and HEAD of an entry. What is in the cache is answered without a promise, a closure or a look-up by label.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { MAX_KEY_BYTES } from '../../cache/attributes.ts';
import { type Cache, HIT, NEGATIVE_HIT, NOT_THERE, REFUSED, STALE } from '../../cache/cache.ts';
import type { Answer } from '../../cache/flight.ts';
import { LoadError } from '../../errors.ts';
import type { Value } from '../../store/value.ts';
import { hitStatus, missStatus, negativeStatus } from './cache-status.ts';
import type { Context } from './context.ts';
import { formatLease } from './lease.ts';
import { sendAtOnce } from './one-write.ts';
import { noneMatchHits } from './preconditions.ts';
import { sendError, sendProblem } from './problem.ts';
import { SENT_AT_ONCE_BYTES, sendValue } from './send-value.ts';
import { decodeInto } from './target.ts';

/** One request is read at a time, and a key is used up before the next: they share these bytes. */
const keyBytes = Buffer.allocUnsafeSlow(MAX_KEY_BYTES);
const valueBytes = Buffer.allocUnsafeSlow(SENT_AT_ONCE_BYTES);

/** Every value leaves with them: only the app is to keep it, and no browser is to run it. */
const VALUE_HEADERS = [
  'Cache-Control',
  'private, no-cache',
  'X-Content-Type-Options',
  'nosniff',
  'Content-Security-Policy',
  'sandbox',
];
const VALUE_HEADERS_TEXT = VALUE_HEADERS.map((text, i) => text + (i % 2 === 0 ? ': ' : '\r\n')).join('');

/** Reads the entry whose key is `text[start, end)`, percent-encoded. Throws RequestError. */
export function readEntry(
  context: Context,
  cache: Cache,
  text: string,
  start: number,
  end: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const length = decodeInto(keyBytes, text, start, end);
  const nowMs = context.clock.now();
  const outcome = cache.read(keyBytes, 0, length, nowMs);
  if (outcome === HIT || outcome === STALE) {
    sendEntry(context, cache, nowMs, request, response);
  } else if (outcome === NEGATIVE_HIT) {
    sendAbsent(context, cache, negativeStatus(), request, response);
  } else if (outcome === NOT_THERE) {
    sendAbsent(context, cache, missStatus({}), request, response);
  } else if (outcome === REFUSED) {
    sendError(request, response, cache.refusal!, {
      headers: ['Cache-Status', missStatus({ detail: 'backoff' })],
    });
  } else {
    const key = Buffer.from(keyBytes.subarray(0, length));
    cache.wait(key, { answered: (answer) => sendAnswer(context, cache, answer, request, response) });
  }
}

function sendEntry(
  context: Context,
  cache: Cache,
  nowMs: number,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { slot, shelf } = cache;
  const { store } = shelf;
  const length = store.valueLength(slot);
  const etag = shelf.etagOf(slot);
  if (length <= SENT_AT_ONCE_BYTES && request.method === 'GET' && !isNotModified(request, etag)) {
    store.copyValue(slot, 0, valueBytes, 0, length);
    // As text of the same bytes it leaves in one piece with the head.
    const body = valueBytes.toString('latin1', 0, length);
    const head = headOf(context, cache, nowMs, length, etag);
    if (sendAtOnce(request, response, head, body, nowMs)) return;
  }
  const freshForMs = shelf.freshForMs(slot, nowMs);
  const ageMs = shelf.ageMs(slot, nowMs);
  const headers = valueHeaders(context, store.contentType(slot), length, etag, ageMs, hitStatus(freshForMs));
  sendHeld(context, store.hold(slot), etag, headers, request, response);
}

/** The same as `valueHeaders` as text: what is in it was checked when it was stored. */
function headOf(context: Context, cache: Cache, nowMs: number, length: number, etag: string): string {
  const { slot, shelf } = cache;
  const age = Math.max(0, Math.floor(shelf.ageMs(slot, nowMs) / 1000));
  return `HTTP/1.1 200 OK\r\nContent-Type: ${shelf.store.contentType(slot)}\r\nContent-Length: ${length}\r\nAge: ${age}\r\nCache-Status: ${hitStatus(shelf.freshForMs(slot, nowMs))}\r\nSidecache-Instance: ${context.instance.index}\r\n${VALUE_HEADERS_TEXT}ETag: ${etag}\r\n`;
}

/** Answers a read that waited for a load. */
function sendAnswer(
  context: Context,
  cache: Cache,
  answer: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (answer.kind === 'error') {
    const status = answer.error instanceof LoadError ? { headers: ['Cache-Status', missStatus({})] } : {};
    sendError(request, response, answer.error, status);
  } else if (answer.kind === 'absent') {
    sendAbsent(context, cache, missStatus(answer), request, response);
  } else {
    const { contentType, value, etag, ageMs, freshForMs } = answer;
    const status = answer.stale ? hitStatus(freshForMs) : missStatus(answer);
    const headers = valueHeaders(context, contentType, value.length, etag, ageMs, status);
    sendHeld(context, value, etag, headers, request, response);
  }
}

function sendHeld(
  context: Context,
  value: Value,
  etag: string,
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (isNotModified(request, etag)) {
    value.release();
    sendNotModified(response, headers);
  } else if (request.method === 'HEAD') {
    value.release();
    response.writeHead(200, headers).end();
  } else {
    sendValue(context, value, headers, request, response);
  }
}

function sendAbsent(
  context: Context,
  cache: Cache,
  cacheStatus: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const headers = ['Cache-Status', cacheStatus, 'Sidecache-Instance', context.instance.index];
  if (!cache.loads) headers.push('Sidecache-Lease', formatLease(cache.lease, context.instance.incarnation));
  const detail = `cache '${cache.name}' has no entry under this key`;
  sendProblem(request, response, 'not_found', detail, { headers });
}

function valueHeaders(
  context: Context,
  contentType: string,
  length: number,
  etag: string,
  ageMs: number,
  cacheStatus: string,
): string[] {
  const headers = [
    'Content-Type',
    contentType,
    'Content-Length',
    `${length}`,
    'Age',
    `${Math.max(0, Math.floor(ageMs / 1000))}`,
    'Cache-Status',
    cacheStatus,
    'Sidecache-Instance',
    context.instance.index,
    ...VALUE_HEADERS,
  ];
  if (etag !== '') headers.push('ETag', etag);
  return headers;
}

function isNotModified(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  return header !== undefined && etag !== '' && noneMatchHits(header, etag);
}

/** What a 304 says of the value: all but its type and length. */
function sendNotModified(response: ServerResponse, headers: readonly string[]): void {
  response.writeHead(304, headers.slice(4)).end();
}
