// Which request goes to which handler. Errors thrown on the way become problem+json here, and only here.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Cache } from '../../cache/cache.ts';
import { MethodError, RequestError } from '../../errors.ts';
import { changeCaches, refreshAll } from './change-caches.ts';
import type { Context } from './context.ts';
import { sendDiscovery } from './discovery.ts';
import { streamEvents } from './events.ts';
import { explainEntry } from './explain.ts';
import { askWithinMs } from './fleet-metrics.ts';
import { sendJson } from './json.ts';
import { listCaches, listKeys } from './list.ts';
import { parseSwitch, shown, unknownParameter } from './parameters.ts';
import { sendPeers } from './peers.ts';
import { asSidecacheError, sendError } from './problem.ts';
import { readEntry } from './read-entry.ts';
import { decode, type Parameter, parseQuery, splitTarget } from './target.ts';
import { deleteEntry, putEntry } from './write-entry.ts';

const CACHES = '/caches/';
const READS = ['GET', 'HEAD'];

type Handler = (
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

interface Route {
  readonly methods: readonly string[];
  readonly handle: Handler;
}

const ROUTES: ReadonlyMap<string, Route> = new Map([
  [
    '/caches',
    { methods: READS, handle: (context, _query, _request, response) => listCaches(context, response) },
  ],
  ['/cache/invalidate', { methods: ['GET', 'POST', 'DELETE'], handle: changer('invalidate') }],
  ['/cache/refresh', { methods: ['GET', 'POST'], handle: changer('refresh') }],
  ['/api/v1/refresh', { methods: ['GET', 'POST'], handle: refreshAll }],
  ['/events', { methods: ['GET'], handle: streamEvents }],
  ['/metrics', { methods: READS, handle: sendMetrics }],
  ['/discovery', { methods: READS, handle: sendDiscovery }],
  ['/peers', { methods: READS, handle: showPeers }],
  [
    '/healthz',
    {
      methods: READS,
      handle: sendHealth,
    },
  ],
  ['/readyz', { methods: READS, handle: sendReadiness }],
] satisfies [string, Route][]);

/** Answers every request; never throws. */
export function handle(context: Context, request: IncomingMessage, response: ServerResponse): void {
  try {
    const done = dispatch(context, request, response);
    if (done) done.catch((error) => fail(context, request, response, error));
  } catch (error) {
    fail(context, request, response, error);
  }
}

function dispatch(
  context: Context,
  request: IncomingMessage,
  response: ServerResponse,
): void | Promise<void> {
  const target = request.url!;
  if (request.method === 'GET' && target.startsWith(CACHES) && !target.includes('?')) {
    return readPlainly(context, target, request, response);
  }
  const { path, query } = splitTarget(target);
  if (path.startsWith(CACHES)) return cacheRequest(context, path, query, request, response);
  const route = ROUTES.get(path);
  if (!route)
    throw new RequestError('unknown_path', `there is no ${shown(path)}; see /caches, /metrics, /healthz`);
  allow(request, methodsOf(context, path, route.methods));
  return route.handle(context, query, request, response);
}

/** The hot path: GET of an entry, or of a cache's keys, without parameters. */
function readPlainly(
  context: Context,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const slash = target.indexOf('/', CACHES.length);
  const cache = cacheNamed(context, target.slice(CACHES.length, slash === -1 ? undefined : slash));
  if (slash === -1) listKeys(context, cache, [], response);
  else readEntry(context, cache, target, slash + 1, target.length, request, response);
}

function cacheRequest(
  context: Context,
  path: string,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): void | Promise<void> {
  const slash = path.indexOf('/', CACHES.length);
  const cache = cacheNamed(context, path.slice(CACHES.length, slash === -1 ? undefined : slash));
  const parameters = parseQuery(query);
  const key =
    slash === -1
      ? parameters.find(({ name }) => name === 'key')?.value
      : decode(path, slash + 1, path.length);
  if (slash !== -1 && parameters.some(({ name }) => name === 'key')) {
    throw new RequestError('bad_query', 'the key stands in the path or in ?key=, not in both');
  }
  if (key !== undefined) return entryRequest(context, cache, key, parameters, request, response);
  allow(request, READS);
  return listKeys(context, cache, parameters, response);
}

function entryRequest(
  context: Context,
  cache: Cache,
  key: Buffer,
  parameters: readonly Parameter[],
  request: IncomingMessage,
  response: ServerResponse,
): void | Promise<void> {
  allow(request, ['GET', 'HEAD', 'PUT', 'DELETE']);
  if (request.method === 'PUT') return putEntry(context, cache, key, parameters, request, response);
  if (request.method === 'DELETE') return deleteEntry(context, cache, key, parameters, request, response);
  if (wantsExplanation(parameters)) return explainEntry(context, cache, key, response);
  const text = key.toString('latin1').replaceAll('%', '%25');
  return readEntry(context, cache, text, 0, text.length, request, response);
}

function wantsExplanation(parameters: readonly Parameter[]): boolean {
  let explain = false;
  for (const { name, value } of parameters) {
    if (name === 'explain') explain = parseSwitch(name, value.toString('latin1'));
    else if (name !== 'key') throw unknownParameter(name, ['key', 'explain']);
  }
  return explain;
}

function cacheNamed(context: Context, name: string): Cache {
  const cache = context.caches.get(name);
  if (cache) return cache;
  const known = context.caches.names.join(', ');
  throw new RequestError('unknown_cache', `there is no cache '${shown(name)}'; caches here: ${known}`);
}

function changer(kind: 'invalidate' | 'refresh'): Handler {
  return (context, query, request, response) => changeCaches(context, kind, query, request, response);
}

async function sendMetrics(
  context: Context,
  query: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let ofFleet = false;
  for (const { name, value } of parseQuery(query)) {
    if (name !== 'fleet') throw unknownParameter(name, ['fleet']);
    ofFleet = parseSwitch(name, value.toString('latin1'));
  }
  const { headers } = request;
  const { contentType, text } = ofFleet
    ? await context.fleetMetrics(askWithinMs(headers))
    : await context.metrics(headers.accept);
  const length = String(Buffer.byteLength(text));
  response.writeHead(200, [
    'Content-Type',
    contentType,
    'Content-Length',
    length,
    'Cache-Control',
    'no-store',
  ]);
  response.end(request.method === 'HEAD' ? undefined : text);
}

function showPeers(
  context: Context,
  query: string,
  _request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { index, instanceId, incarnation, version } = context.instance;
  const state = context.notReady() ?? 'ready';
  const self = { index, instance_id: instanceId, incarnation, version, state };
  return sendPeers((probes) => context.peers(self, probes), query, response);
}

function sendHealth(
  context: Context,
  _query: string,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  sendJson(response, 200, { status: 'ok', pid: process.pid, version: context.instance.version });
}

function sendReadiness(
  context: Context,
  _query: string,
  _request: IncomingMessage,
  response: ServerResponse,
): void {
  const reason = context.notReady();
  sendJson(
    response,
    reason === undefined ? 200 : 503,
    reason === undefined ? { status: 'ready' } : { status: 'not ready', reason },
  );
}

function methodsOf(context: Context, path: string, methods: readonly string[]): readonly string[] {
  const changes = path === '/cache/invalidate' || path === '/cache/refresh' || path === '/api/v1/refresh';
  return changes && !context.invalidateByGet ? methods.filter((method) => method !== 'GET') : methods;
}

function allow(request: IncomingMessage, methods: readonly string[]): void {
  if (!methods.includes(request.method!)) throw new MethodError(methods);
}

function fail(context: Context, request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
  const error = asSidecacheError(thrown, context.defect);
  const headers = error instanceof MethodError ? ['Allow', error.allowed] : [];
  sendError(request, response, error, { headers });
}
