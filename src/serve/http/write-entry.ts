// PUT and DELETE of an entry.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkKeyLength, parseContentType, parseTags } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import { RequestError } from '../../errors.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { parseDuration } from '../../units/duration.ts';
import { receiveValue } from './body.ts';
import type { Context } from './context.ts';
import { parseLease } from './lease.ts';
import { parseSwitch, shown, unknownParameter } from './parameters.ts';
import { matchHits, noneMatchHits } from './preconditions.ts';
import type { Parameter } from './target.ts';

const LONGEST_TTL_MS = 365 * 86_400_000;

/** Throws RequestError, TooLargeError, RoomError; nothing changed then. */
export async function putEntry(
  context: Context,
  cache: Cache,
  key: Buffer,
  parameters: readonly Parameter[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  checkKeyLength(key.length);
  const options = { ...parametersOf(parameters), ...headersOf(context, cache, request) };
  const draft = cache.shelf.store.draft(cache.shelf.stored);
  try {
    await receiveValue(request, response, draft, context);
    const done = cache.write(key, draft, options);
    const slot = cache.shelf.peek(key);
    const headers = ['Sidecache-Instance', context.instance.index, 'Cache-Control', 'no-store'];
    if (slot !== NO_SLOT) headers.push('ETag', cache.shelf.etagOf(slot));
    if (done === 'created') headers.push('Content-Length', '0');
    response.writeHead(done === 'created' ? 201 : 204, headers).end();
  } finally {
    draft.release();
    context.uploads.roomFreed();
  }
}

/** 204 whether there was an entry or not: afterwards there is none. Throws RequestError. */
export function deleteEntry(
  context: Context,
  cache: Cache,
  key: Buffer,
  parameters: readonly Parameter[],
  response: ServerResponse,
): void {
  checkKeyLength(key.length);
  for (const { name } of parameters) if (name !== 'key') throw unknownParameter(name, ['key']);
  cache.counters.deletes++;
  cache.invalidateKey(key);
  response.writeHead(204, ['Sidecache-Instance', context.instance.index, 'Cache-Control', 'no-store']).end();
}

function headersOf(context: Context, cache: Cache, request: IncomingMessage) {
  const { headers } = request;
  const lease = headers['sidecache-lease'];
  if (headers['content-range'] !== undefined) {
    throw new RequestError('bad_request', 'a part of a value cannot be stored: send it whole');
  }
  return {
    contentType: parseContentType(headers['content-type']),
    tags: parseTags(headers['surrogate-key']?.toString()),
    lease: typeof lease === 'string' ? parseLease(lease, context.instance.incarnation) : undefined,
    condition: conditionOf(cache, headers['if-match'], headers['if-none-match']),
  };
}

function conditionOf(
  cache: Cache,
  ifMatch: string | undefined,
  ifNoneMatch: string | undefined,
): ((slot: number) => void) | undefined {
  if (ifMatch === undefined && ifNoneMatch === undefined) return undefined;
  return (slot) => {
    const there = slot !== NO_SLOT && !cache.shelf.isNegative(slot);
    const etag = cache.shelf.etagOf(slot);
    if (ifMatch !== undefined && !(there && matchHits(ifMatch, etag))) throw conditionFailed('If-Match');
    if (ifNoneMatch !== undefined && there && noneMatchHits(ifNoneMatch, etag))
      throw conditionFailed('If-None-Match');
  };
}

/** `ttl`, and `fill` or `change`, which only a fleet tells apart: what is written is stored here either way. */
function parametersOf(parameters: readonly Parameter[]): { ttlMs: number | undefined } {
  let ttlMs: number | undefined;
  for (const { name, value } of parameters) {
    if (name === 'ttl') ttlMs = parseTtl(value.toString('latin1'));
    else if (name === 'fill' || name === 'change') parseSwitch(name, value.toString('latin1'));
    else if (name !== 'key') throw unknownParameter(name, ['key', 'ttl', 'fill', 'change']);
  }
  return { ttlMs };
}

function parseTtl(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= LONGEST_TTL_MS) return ms;
  throw new RequestError(
    'bad_query',
    `ttl is a time such as 500ms, 30s, 10m or 2h, up to 365d; not '${shown(text)}'`,
  );
}

function conditionFailed(header: string): RequestError {
  return new RequestError('precondition_failed', `the entry is not as ${header} says`);
}
