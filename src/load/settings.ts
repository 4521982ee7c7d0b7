// The settings of an HTTP loader, as the configuration gives them.

import { takesMany } from './url-template.ts';

export interface HttpLoaderConfig {
  /** Template with at least one `{key}`, each a path segment's or a query value's; or with one `{keys}`, a query value's. */
  readonly url: string;
  /** Bounds a load as a whole: its tries, headers and bodies. */
  readonly timeoutMs: number;
  /** Further tries of one load after a failure that may be passing (connection, 502, 503, 504). */
  readonly retries: number;
  /** Requests to the origin at one time; without `{keys}` as many loads. */
  readonly concurrency: number;
  readonly cacheControl: 'honour' | 'ignore';
  readonly headers: Readonly<Record<string, string>>;
  /** Extra CA certificates, a PEM file. */
  readonly caFile: string | undefined;
  /** Most keys of one request, with `{keys}`. */
  readonly batchSize: number;
  /** How long a request with `{keys}` waits for further keys, from its first. */
  readonly batchWindowMs: number;
}

/** Loads that may be under way at one time, so that as many requests can be, each full of keys. */
export function loadsAtOnce(config: Pick<HttpLoaderConfig, 'url' | 'concurrency' | 'batchSize'>): number {
  const { url, concurrency, batchSize } = config;
  return takesMany(url) ? concurrency * batchSize : concurrency;
}
