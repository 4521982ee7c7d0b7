// /cache/invalidate, /cache/refresh and /api/v1/refresh: makes caches forget, or load anew.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ChangeKind } from '../../cache/caches.ts';
import { RequestError } from '../../errors.ts';
import { receiveText } from './body.ts';
import type { Context } from './context.ts';
import { sendJson } from './json.ts';
import { type Call, parseCall } from './selection.ts';
import { parseForm, parseQuery } from './target.ts';

const MAX_FORM_BYTES = 1 << 20;
const MAX_NOTE_BYTES = 64 << 10;
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
  await answerCall(context, kind, parseCall(parameters, context.caches, false), request, response);
}

/** Refreshes every cache, unless some are named; the body, of any kind, is a note to the apps. */
export async function refreshAll(
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'POST') await receiveText(request, response, MAX_NOTE_BYTES, context);
  await answerCall(context, 'refresh', parseCall(parseQuery(query), context.caches, true), request, response);
}

async function answerCall(
  context: Context,
  kind: ChangeKind,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { clock, caches, instance } = context;
  const beganMs = clock.now();
  const { entries, loaded } = caches.apply(kind, call.selection);
  if (call.waitLoaded) await loaded;
  const headers = ['Sidecache-Applied', '1/1', 'Sidecache-Instance', instance.index];
  const wantsJson = call.report || (request.headers.accept ?? '').includes('application/json');
  if (!wantsJson) {
    response.writeHead(204, [...headers, 'Cache-Control', 'no-store']).end();
    return;
  }
  const { index, instanceId, incarnation } = instance;
  const ms = Math.round(clock.now() - beganMs);
  const report = [{ index, instance_id: instanceId, incarnation, status: 'applied', ms, entries }];
  const names = call.selection.caches.map(({ name }) => name);
  sendJson(response, 200, { kind, caches: names, applied: 1, members: 1, entries, report }, headers);
}
