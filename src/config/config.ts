// The shape of an effective configuration: what the option table, file, environment and flags resolve to.

/** Milliseconds, or `undefined` where the option says `off`. */
export type OptionalMs = number | undefined;

export type CacheMode = 'local' | 'invalidation' | 'replicated';
export type WriteMeaning = 'fill' | 'change';

export interface LoaderConfig {
  /** Template with exactly one or more `{key}`, each a path segment's or a query value's. */
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
}

export interface ListenAddress {
  host: string;
  port: number;
}

export interface Config {
  socket: string;
  /** File mode bits, e.g. 0o600. */
  socketMode: number;
  http: ListenAddress | undefined;
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
}
