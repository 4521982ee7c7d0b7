// Where a request goes, by its host and the two headers that address one instance; or the router's refusal.
// PLATFORM facts, held against the Gorouter's own lookup (routing-release 0.332 and later, and 0.317).

import { firstValue, type RawHeaders } from './raw-headers.ts';
import type { Endpoint, Pool, RoutingTable } from './routing-table.ts';

export const APP_INSTANCE = 'x-cf-app-instance';
export const PROCESS_INSTANCE = 'x-cf-process-instance';

/** What may be wrong with a router, or on the way to it. To be set while it runs. */
export interface Faults {
  /** The addressing headers are lost on the way, as behind a route service: neither heeded nor passed on. */
  stripsAddressing: boolean;
  /** An older routing-release: the process header is nothing to it, and is passed on like any other. */
  ignoresProcessHeader: boolean;
  /** The route is known, and the instances asked for are not: nobody can be addressed. */
  forgetsInstances: boolean;
  /** A router from before December 2019: an instance that is not there is a 404. */
  missingInstanceIs404: boolean;
  /** By instance id: they accept and never answer. */
  readonly hung: Set<string>;
  /** Each request is held for so long before it is passed on. */
  latencyMs: number;
}

export const noFaults = (): Faults => ({
  stripsAddressing: false,
  ignoresProcessHeader: false,
  forgetsInstances: false,
  missingInstanceIs404: false,
  hung: new Set(),
  latencyMs: 0,
});

export interface Refusal {
  readonly status: number;
  /** Of `X-Cf-RouterError`. */
  readonly error: string;
  readonly message: string;
  readonly cacheControl?: string;
}

export type Route = { readonly endpoints: readonly Endpoint[] } | { readonly refusal: Refusal };

interface Addressed {
  readonly guid: string;
  readonly index: string | undefined;
}

const GUID = '[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}';
const APP_FORM = new RegExp(`^(${GUID}):([0-9]+)$`);
/** A process may be addressed as a whole. */
const PROCESS_FORM = new RegExp(`^(${GUID})(?::([0-9]+))?$`);

const NO_CACHE = 'no-cache, no-store';
const BRIEFLY = 'public,max-age=2';

export function routeOf(table: RoutingTable, target: string, headers: RawHeaders, faults: Faults): Route {
  const host = firstValue(headers, 'host');
  if (host === '') return { refusal: EMPTY_HOST };
  const pool = table.poolFor(host, target);
  const app = faults.stripsAddressing ? '' : firstValue(headers, APP_INSTANCE);
  const process =
    faults.stripsAddressing || faults.ignoresProcessHeader ? '' : firstValue(headers, PROCESS_INSTANCE);
  if (app !== '') return addressedRoute(pool, host, app, process, faults);
  if (process !== '') return processRoute(pool, host, process, faults);
  if (pool === undefined)
    return { refusal: unknownRoute(404, `Requested route ('${host}') does not exist.`) };
  return pool.all.length === 0 ? { refusal: noEndpoints(host) } : { endpoints: pool.inTurn(pool.all) };
}

function addressedRoute(
  pool: Pool | undefined,
  host: string,
  app: string,
  process: string,
  faults: Faults,
): Route {
  const { guid, index } = parsed(app, APP_FORM) ?? {};
  if (guid === undefined || index === undefined) return { refusal: malformed('app', 'App') };
  const endpoints = faults.forgetsInstances ? [] : (pool?.ofApp(guid, index) ?? []);
  if (endpoints.length > 0) return { endpoints };
  // With both headers the app's decides, and the process's is what the message speaks of.
  const other = parsed(process, PROCESS_FORM);
  const what = process === '' ? `('${index}') with guid ('${guid}')` : processWords(other);
  return { refusal: noInstance(host, what, faults) };
}

function processRoute(pool: Pool | undefined, host: string, process: string, faults: Faults): Route {
  const addressed = parsed(process, PROCESS_FORM);
  if (addressed === undefined) return { refusal: malformed('process', 'Process') };
  const endpoints = faults.forgetsInstances ? [] : (pool?.ofProcess(addressed.guid, addressed.index) ?? []);
  if (pool !== undefined && endpoints.length > 0) return { endpoints: pool.inTurn(endpoints) };
  return { refusal: noInstance(host, processWords(addressed), faults) };
}

function parsed(header: string, form: RegExp): Addressed | undefined {
  const [, guid, index] = form.exec(header) ?? [];
  return guid === undefined ? undefined : { guid, index };
}

function processWords(addressed: Addressed | undefined): string {
  const { guid = '', index } = addressed ?? {};
  return `${index === undefined ? '' : `('${index}') `}with process guid ('${guid}')`;
}

/** Whether the instance is not there or the whole host is not: who sends an addressing header is told the same. */
function noInstance(host: string, what: string, faults: Faults): Refusal {
  if (faults.missingInstanceIs404) return unknownRoute(404, `Requested route ('${host}') does not exist.`);
  return unknownRoute(400, `Requested instance ${what} does not exist for route ('${host}')`);
}

function unknownRoute(status: number, message: string): Refusal {
  return { status, error: 'unknown_route', message, cacheControl: NO_CACHE };
}

function malformed(which: string, shown: string): Refusal {
  return {
    status: 400,
    error: `invalid_cf_${which}_instance_header`,
    message: `Invalid X-CF-${shown}-Instance Header`,
    cacheControl: NO_CACHE,
  };
}

function noEndpoints(host: string): Refusal {
  return {
    status: 503,
    error: 'no_endpoints',
    message: `Requested route ('${host}') has no available endpoints.`,
    cacheControl: BRIEFLY,
  };
}

export function connectionLimit(host: string): Refusal {
  return {
    status: 503,
    error: 'Connection Limit Reached',
    message: `Requested route ('${host}') has reached the connection limit.`,
  };
}

export function endpointFailure(reason: string): Refusal {
  return {
    status: 502,
    error: `endpoint_failure (${reason})`,
    message: 'Registered endpoint failed to handle the request.',
  };
}

const EMPTY_HOST: Refusal = {
  status: 400,
  error: 'empty_host',
  message: 'Request had empty Host header',
  cacheControl: BRIEFLY,
};
