// The Cloud Controller's lists, over HTTP: puts together connections, turns, tokens and pages.

import type { Clock } from '../cache/clock.ts';
import { startDeadline } from '../load/deadline.ts';
import { acceptsConnections } from '../load/reachable.ts';
import type { Log } from '../log.ts';
import { Authorized } from './authorized.ts';
import type { CloudController, RequestType } from './cloud-controller.ts';
import { createConnections } from './connections.ts';
import { ApiCounters, factsOf } from './counters.ts';
import { delayBy } from './delay.ts';
import { Lane } from './lane.ts';
import { Pages } from './pages.ts';
import { type Filters, listUrl } from './query.ts';
import * as read from './read-records.ts';
import { ApiReport } from './report.ts';
import { Requests } from './requests.ts';
import { Root } from './root.ts';
import type { ApiSettings } from './settings.ts';
import { SignIn } from './sign-in.ts';
import { Tokens } from './token.ts';

export interface ApiDeps {
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  readonly log: Log;
  /** Told that so many bytes of text were read and made something of, and are garbage now. */
  readonly passed?: (bytes: number) => void;
  /** Of the text of all pages of one list. */
  readonly maxListBytes?: number;
}

const MAX_LIST_BYTES = 32 * 1024 * 1024;

/** Throws ConfigError. Asks for nothing before it is asked. */
export function createCloudController(settings: ApiSettings, deps: ApiDeps): CloudController {
  const { clock } = deps;
  const api = new URL(settings.url);
  const connections = createConnections(settings);
  const place = connections.nameOf(api);
  const counters = new ApiCounters();
  const lane = new Lane(settings, clock, (ms) => counters.rateWaits.observe(ms));
  const report = new ApiReport(settings.name, deps.log, () => clock.now());
  const closing = new AbortController();
  let lastUnreachable = api;
  const unreachable = (url: URL): void => {
    lastUnreachable = url;
  };
  const { timeoutMs, tries, pageSize } = settings;
  const random = (): number => deps.random();
  const requests = new Requests({
    ...{ timeoutMs, tries, connections, lane, counters, report, clock, random, unreachable },
  });
  const root = new Root({ api, place, requests, counters, report });
  const { signal } = closing;
  const signIn = new SignIn({ settings, root, requests, connections, counters, report, signal });
  const tokens = new Tokens({ clock, counters, fetch: (refused) => signIn.fetch(refused) });
  const authorized = new Authorized(requests, tokens);
  const get = authorized.get.bind(authorized);
  const { passed = (): void => {}, maxListBytes = MAX_LIST_BYTES } = deps;
  const pages = new Pages({ place, pageSize, counters, report, get, passed, maxListBytes });

  /** The pages of one list end together: where one fails, the others are given up. */
  const list = async <T extends { readonly guid: string }>(
    type: RequestType,
    path: string,
    filters: Filters,
    readOne: (resource: unknown) => T,
    asked: AbortSignal,
  ): Promise<T[]> => {
    if (Object.values(filters).some((values) => values.length === 0)) return [];
    const call = startDeadline(Number.POSITIVE_INFINITY, [asked, closing.signal], ENDLESS);
    try {
      return await pages.all({ type, query: listUrl(api, path, filters), read: readOne }, call.signal);
    } finally {
      call.end();
    }
  };

  return {
    name: settings.name,
    organizations: (names, asked) =>
      list('organizations', 'v3/organizations', named(names), read.readOrganization, asked),
    spaces: (guids, names, asked) =>
      list('spaces', 'v3/spaces', { ...named(names), organization_guids: guids }, read.readSpace, asked),
    applications: (guids, names, asked) =>
      list('applications', 'v3/apps', { ...named(names), space_guids: guids }, read.readApplication, asked),
    domains: (asked) => list('domains', 'v3/domains', {}, read.readDomain, asked),
    routes: (guids, asked) => list('routes', 'v3/routes', { app_guids: guids }, read.readRoute, asked),
    processes: (guids, asked) =>
      list('processes', 'v3/processes', { app_guids: guids, types: ['web'] }, read.readProcess, asked),
    reachable: () => {
      const { hostname, port } = connections.hopTo(lastUnreachable);
      const delay = (ms: number, until: AbortSignal): Promise<void> => delayBy(clock, ms, until);
      return acceptsConnections(hostname, port, { now: () => clock.now(), delay });
    },
    facts: factsOf(counters, lane),
    close: () => {
      closing.abort();
      connections.close();
    },
  };
}

function named(names: readonly string[] | undefined): Filters {
  return names === undefined ? {} : { names };
}

/** What a call takes is bounded by the tries of its requests. */
const ENDLESS = { now: () => 0, delay: () => new Promise<void>(() => undefined) };
