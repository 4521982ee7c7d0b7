// PUT and DELETE of an entry.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { checkKeyLength, parseContentType, parseTags } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import type { WriteKind } from '../../changes/write-events.ts';
import { RequestError } from '../../errors.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { parseDuration } from '../../units/duration.ts';
import { receiveValue } from './body.ts';
import { confirmationHeaders, describe, isConfirmedByAll, notConfirmed } from './confirmation.ts';
import type { Context } from './context.ts';
import { parseLease } from './lease.ts';
import { parseSwitch, shown, unknownParameter } from './parameters.ts';
import { matchHits, noneMatchHits } from './preconditions.ts';
import { sendProblem } from './problem.ts';
import { DEFAULT_TIMEOUT_MS, parseRequire, parseTimeout } from './selection.ts';
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
    const slot = cache.shelf.peek(cache.fold(key));
    const headers = slot === NO_SLOT ? [] : ['ETag', cache.shelf.etagOf(slot)];
    const change = isChange(context, cache, options.meaning) ? options : undefined;
    await answerWrite(
      context,
      { cache, key, kind: 'write' },
      change,
      done === 'created' ? 201 : 204,
      headers,
      request,
      response,
    );
  } catch (error) {
    throw cache.asFull(error);
  } finally {
    draft.release();
    context.uploads.roomFreed();
  }
}

/** 204 whether there was an entry or not: afterwards there is none. Throws RequestError. */
export async function deleteEntry(
  context: Context,
  cache: Cache,
  key: Buffer,
  parameters: readonly Parameter[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  checkKeyLength(key.length);
  const how = confirmationOf(parameters, ['key']);
  cache.counters.deletes++;
  cache.invalidateKey(key);
  await answerWrite(context, { cache, key, kind: 'delete' }, how, 204, [], request, response);
}

interface Written {
  readonly cache: Cache;
  readonly key: Buffer;
  readonly kind: WriteKind;
}

/** Answers once it is applied here, or, where all are required to confirm, once they have; `how` undefined: a fill. */
async function answerWrite(
  context: Context,
  { cache, key, kind }: Written,
  how: Confirmation | undefined,
  status: number,
  more: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const headers = ['Sidecache-Instance', context.instance.index, ...more];
  if (how && !how.requireAll) context.changes.wrote(cache, key, kind);
  if (how?.requireAll) {
    const outcome = await context.changes.wroteEverywhere(cache, key, kind, how.timeoutMs);
    headers.push(...confirmationHeaders(outcome));
    if (!isConfirmedByAll(outcome)) {
      sendProblem(request, response, 'not_confirmed', notConfirmed(outcome), {
        members: describe(outcome),
        headers,
      });
      return;
    }
  }
  if (status !== 204) headers.push('Content-Length', '0');
  response.writeHead(status, [...headers, 'Cache-Control', 'no-store']).end();
}

/** What was said of this write overrules what the cache takes writes for; in a replicated one each is a change. */
function isChange(context: Context, cache: Cache, said: 'fill' | 'change' | undefined): boolean {
  const facts = context.facts.get(cache.name);
  return facts?.mode === 'replicated' || (said ?? facts?.writes) === 'change';
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

interface Confirmation {
  readonly requireAll: boolean;
  readonly timeoutMs: number;
}

interface WriteParameters extends Confirmation {
  readonly ttlMs: number | undefined;
  /** Whether others' copies are wrong now; undefined: as the cache's `writes` says. Stored here it is either way. */
  readonly meaning: 'fill' | 'change' | undefined;
}

const OF_A_WRITE = ['key', 'ttl', 'fill', 'change'];

function parametersOf(parameters: readonly Parameter[]): WriteParameters {
  let ttlMs: number | undefined;
  const meant = new Set<'fill' | 'change'>();
  for (const { name, value } of parameters) {
    const text = value.toString('latin1');
    if (name === 'ttl') ttlMs = parseTtl(text);
    else if (name === 'fill' || name === 'change') {
      const other = name === 'fill' ? 'change' : 'fill';
      meant.add(parseSwitch(name, text) ? name : other);
    }
  }
  if (meant.size > 1) throw new RequestError('bad_query', 'a write is a fill or a change, not both');
  return { ttlMs, meaning: [...meant][0], ...confirmationOf(parameters, OF_A_WRITE) };
}

/** `require` and `timeout`; `besides`: what else may be there. */
function confirmationOf(parameters: readonly Parameter[], besides: readonly string[]): Confirmation {
  let requireAll = false;
  let timeoutMs = DEFAULT_TIMEOUT_MS;
  for (const { name, value } of parameters) {
    if (name === 'require') requireAll = parseRequire(value.toString('latin1'));
    else if (name === 'timeout') timeoutMs = parseTimeout(value.toString('latin1'));
    else if (!besides.includes(name)) throw unknownParameter(name, [...besides, 'require', 'timeout']);
  }
  return { requireAll, timeoutMs };
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
