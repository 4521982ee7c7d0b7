// /cache/invalidate, /cache/refresh and /api/v1/refresh: makes caches forget, or load anew, on every instance.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChangeKind } from '../../cache/caches.ts';
import { RequestError } from '../../errors.ts';
import type { EventBody } from '../../fleet/event.ts';
import { receiveBytes, receiveText } from './body.ts';
import { answerChange } from './confirmation.ts';
import type { Context } from './context.ts';
import { type Call, parseCall } from './selection.ts';
import { parseForm, parseQuery } from './target.ts';

const MAX_FORM_BYTES = 1 << 20;
const MAX_NOTE_BYTES = 64 << 10;
const MAX_NOTE_TYPE_LENGTH = 255;
const FORM = 'application/x-www-form-urlencoded';

/** Selectors may come as a form, too. Throws RequestError, TooLargeError. */
export async function changeCaches(
  context: Context,
  kind: ChangeKind,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const parameters = parseQuery(query);
  const body = request.method === 'POST' ? await receiveText(request, response, MAX_FORM_BYTES, context) : '';
  if (body !== '') {
    const type = request.headers['content-type'] ?? FORM;
    if (type.split(';')[0]!.trim().toLowerCase() !== FORM) {
      throw new RequestError('unsupported_media_type', `a body here is a form (${FORM})`);
    }
    parameters.push(...parseForm(body));
  }
  const call = parseCall(parameters, context.caches, false);
  await carryOut(context, kind, call, undefined, request, response);
}

/** Refreshes every cache, unless some are named; the body, of any kind, is handed on to the apps. */
export async function refreshAll(
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const note = request.method === 'POST' ? await receiveNote(context, request, response) : undefined;
  const call = parseCall(parseQuery(query), context.caches, true);
  await carryOut(context, 'refresh', call, note, request, response);
}

async function receiveNote(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<EventBody | undefined> {
  const bytes = await receiveBytes(request, response, MAX_NOTE_BYTES, context);
  const contentType = request.headers['content-type'] ?? '';
  const isPlain = contentType.length <= MAX_NOTE_TYPE_LENGTH && /^[\x20-\x7e]*$/.test(contentType);
  if (!isPlain)
    throw new RequestError('bad_content_type', 'a content type is at most 255 printable characters');
  return bytes.length > 0 ? { contentType, bytes } : undefined;
}

async function carryOut(
  context: Context,
  kind: ChangeKind,
  call: Call,
  body: EventBody | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const repeats = request.headers['sidecache-event']?.toString();
  const outcome = await context.changes.call({ ...call, kind, body, repeats });
  if (call.waitLoaded) await outcome.loaded;
  const names = call.selection.caches.map(({ name }) => name);
  answerChange(context, call, { kind, caches: names }, outcome, request, response);
}
