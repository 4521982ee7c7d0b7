// What is asked of a Cloud Foundry API: lists of records, whole or filtered, and the numbers of how it answers.

import type { Application, Domain, Organization, Process, Route, Space } from './records.ts';

/**
 * Each follows all pages, and fails as a whole where one of them fails. Filters hold up to `batchSize` parts each; an
 * empty one asks for nothing. Throws LoadError, whose message names the API and what is wrong, and no secret.
 */
export interface CloudController {
  readonly name: string;
  /** Without names: all there are. Names match whatever their case. */
  organizations(names: readonly string[] | undefined, signal: AbortSignal): Promise<Organization[]>;
  /** Of these organizations, and called one of these names where some are given. */
  spaces(
    organizationGuids: readonly string[],
    names: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<Space[]>;
  applications(
    spaceGuids: readonly string[],
    names: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<Application[]>;
  /** All that the credentials may see. */
  domains(signal: AbortSignal): Promise<Domain[]>;
  routes(appGuids: readonly string[], signal: AbortSignal): Promise<Route[]>;
  /** Of type web. */
  processes(appGuids: readonly string[], signal: AbortSignal): Promise<Process[]>;
  /** Whether the API, or the proxy before it, accepts connections at all. Never throws. */
  reachable(): Promise<boolean>;
  readonly facts: ApiFacts;
  close(): void;
}

export const REQUEST_TYPES = [
  'root',
  'token',
  'organizations',
  'spaces',
  'applications',
  'domains',
  'routes',
  'processes',
] as const;
export type RequestType = (typeof REQUEST_TYPES)[number];

/** Upper bounds of both histograms, in seconds. */
export const API_SECONDS_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

export interface Histogram {
  /** One bucket a bound and one for all above; not cumulative. */
  readonly buckets: Float64Array;
  readonly sum: number;
}

/** Counted since the start; read when somebody asks. */
export interface ApiFacts {
  /** One observation a try that was sent, failures included. */
  readonly latencies: ReadonlyMap<RequestType, Histogram>;
  /** How long tries waited for the rate limit, or for the end of a Retry-After; 0 where they did not. */
  readonly rateWaits: Histogram;
  /** Requests that wait for a place or for the rate limit now. */
  readonly queued: number;
  readonly inFlight: number;
  /** Tokens fetched, and fetches that failed. */
  readonly tokens: { readonly fetched: number; readonly failed: number };
  /**
   * By the Cloud Controller's title (CF-NotAuthorized), `uaa_<error>` (uaa_unauthorized), `http_<status>`,
   * `proxy_<status>`, `timeout`, `unreachable`, `tls`, `broken_off`, `bad_answer`; `other` beyond 64 of them.
   */
  readonly errors: ReadonlyMap<string, number>;
}
