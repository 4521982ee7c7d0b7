// The shape of an effective configuration: what the option table, file, environment and flags resolve to.

import type { ApiSettings } from '../cloud-controller/settings.ts';
import type { Target } from '../landscape/target.ts';

/** Milliseconds, or `undefined` where the option says `off`. */
export type OptionalMs = number | undefined;

export type CacheMode = 'local' | 'invalidation' | 'replicated';
export type WriteMeaning = 'fill' | 'change';

export interface LoaderConfig {
  /** Template with `{key}`, each a path segment's or a query value's, or with one `{keys}`, a query value's. */
  url: string;
  /** Bounds a load as a whole: its tries, the gaps between them, headers and body. */
  timeoutMs: number;
  /** A reader who waits while an old value exists gets the old one after this long. */
  softTimeoutMs: OptionalMs;
  /** Further tries of one load after a failure that may be passing (connection, 502, 503, 504). */
  retries: number;
  /** Loads of this cache at one time. */
  concurrency: number;
  /** Loads waiting for a place; beyond it readers get 503. */
  queue: number;
  cacheControl: 'honour' | 'ignore';
  headers: Readonly<Record<string, string>>;
  /** Extra CA certificates, a PEM file. */
  caFile: string | undefined;
  /** Most keys in one request, and how long the first of them waits for others; of a url with `{keys}`. */
  batchSize: number;
  batchWindowMs: number;
}

export interface CacheConfig {
  name: string;
  refreshMs: OptionalMs;
  refreshAhead: boolean;
  expiryMs: OptionalMs;
  ttlMs: OptionalMs;
  negativeMs: OptionalMs;
  retryMs: number;
  /** Share of `memory` that other caches cannot take; undefined = none of its own. Also this cache's upper bound. */
  memoryBytes: number | undefined;
  mode: CacheMode;
  writes: WriteMeaning;
  loader: LoaderConfig | undefined;
  /** One of the landscape's caches, which loads it; `loader` is then undefined. */
  preset: boolean;
  /** The own app's URL that is told what was applied to this cache; the daemon's, unless the cache has one. */
  notify: NotifyConfig | undefined;
}

export interface NotifyConfig {
  url: string;
  timeoutMs: number;
}

/** What operators may do over the fleet listener. */
export const PERMISSIONS = [
  'invalidate',
  'refresh',
  'metrics',
  'peers',
  'discovery',
  'values',
  'events',
] as const;
export type Permission = (typeof PERMISSIONS)[number];

export type OperatorConfig =
  | { readonly token: string }
  /** Without a password one is made at the start. */
  | { readonly user: string; readonly password: string | undefined };

export const OPEN_PATHS = ['metrics', 'healthz', 'readyz'] as const;
export type OpenPath = (typeof OPEN_PATHS)[number];

/** How peers are found and reached. */
export type PeersConfig =
  /** `url` may have a path; guids in lower case, `processGuid` empty where the platform does not tell. */
  | { by: 'gorouter'; url: string; appGuid: string; processGuid: string }
  /** `url` with one or more `{index}`. */
  | { by: 'address'; url: string }
  | { by: 'dns'; host: string; port: number; tls: boolean }
  | { by: 'list'; urls: readonly string[] };

export interface FleetConfig {
  listen: ListenAddress;
  /** The first signs, all verify. */
  tokens: readonly string[];
  operators: readonly OperatorConfig[];
  allow: readonly Permission[];
  open: readonly OpenPath[];
  insecure: boolean;
  /** Paths of PEM files. */
  tls: { cert: string; key: string } | undefined;
  /** Extra CA certificates for peers' TLS, a PEM file. */
  caFile: string | undefined;
  syncMs: number;
  /** As Cloud Foundry calls this app, fit to stand in a command; undefined elsewhere. */
  appName: string | undefined;
  /** Undefined: it listens to operators, and knows of no peer. */
  peers: PeersConfig | undefined;
}

/** The landscape of Cloud Foundry that the preset's caches are loaded from. */
export interface LandscapeConfig {
  /** The first is `default`. */
  apis: readonly ApiSettings[];
  targets: readonly Target[];
  /** Of lookups that one request of the API can answer together. */
  batch: { size: number; windowMs: number };
  /** Whether discovery lists the own app's instances. */
  ownFleet: boolean;
  /** In lower case; undefined where the platform does not tell. */
  ownAppGuid: string | undefined;
}

export interface ListenAddress {
  host: string;
  port: number;
}

export interface RespConfig {
  /** Over TCP, besides the socket. */
  listen: ListenAddress | undefined;
  /** What AUTH takes there. */
  password: string | undefined;
  server: string;
  version: string;
  flushall: 'default' | 'all';
}

export interface Config {
  socket: string;
  /** File mode bits, e.g. 0o600. */
  socketMode: number;
  http: ListenAddress | undefined;
  resp: RespConfig;
  memoryBytes: number;
  maxValueBytes: number;
  /** Client connections at one time, over all listeners. */
  maxConnections: number;
  drainMs: number;
  /** Own index as a string, `-` where there is none. */
  index: string;
  /** CF_INSTANCE_GUID, or undefined: the incarnation stands in. */
  instanceId: string | undefined;
  onBadConfig: 'exit' | 'degrade';
  invalidate: { get: boolean };
  log: { level: 'debug' | 'info' | 'warn' | 'error'; keys: boolean };
  metrics: { labels: Readonly<Record<string, string>> };
  caches: readonly CacheConfig[];
  notify: NotifyConfig | undefined;
  /** Undefined: no fleet listener. */
  fleet: FleetConfig | undefined;
  /** Undefined: without the preset. */
  landscape: LandscapeConfig | undefined;
}
