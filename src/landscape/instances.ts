// The running instances of apps, and where each is scraped.

import type { Domain, Process, Route } from '../cloud-controller/records.ts';
import type { ResolvedApp } from './resolved-app.ts';
import { chooseRoute, destinationOf, isWildcard, type Rank, rankRoutes } from './route-choice.ts';

export interface Instance {
  /** host[:port]; behind a route that is not internal the same for all instances of the app. */
  readonly address: string;
  /** That of the route, then that of the target; may end in a query. */
  readonly path: string;
  readonly protocol: 'http' | 'https';
  readonly index: number;
  /** Reached directly, not by way of the platform's router. */
  readonly internal: boolean;
}

/** An app and what the API knows of it: others' routes and processes among them are left out. */
export interface Located {
  readonly app: ResolvedApp;
  /** In the order of the API: the first is the one to take. */
  readonly routes: readonly Route[];
  readonly processes: readonly Process[];
}

export interface AppInstances {
  readonly app: ResolvedApp;
  /** None where the app is not started, or has no route that HTTP can take. */
  readonly instances: readonly Instance[];
}

const DEFAULT_PORT = 8080;
/** Where the platform itself ends TLS between containers; behind any other port of an internal route is plain HTTP. */
const CONTAINER_TLS_PORT = 61_443;

/**
 * One element an app, in the same order. A domain that is not among `domains` (by guid) counts as one that is not
 * internal. Throws RequestError('bad_query') where an expression for routes takes too long.
 */
export function instancesOf(
  located: readonly Located[],
  domains: ReadonlyMap<string, Pick<Domain, 'internal'>>,
): AppInstances[] {
  const ranks = ranksOf(located);
  return located.map((one) => {
    const { guid } = one.app.application;
    const rank = ranks.get(expressionsKey(one.app))!;
    const route = chooseRoute(one.routes, guid, rank);
    const count = runningOf(one);
    if (route === undefined || count === 0) return { app: one.app, instances: [] };
    const internal = domains.get(route.domainGuid)?.internal ?? false;
    const at = internal ? internalPlace(one.app, route) : externalPlace(one.app, route);
    return { app: one.app, instances: Array.from({ length: count }, (_, index) => at(index)) };
  });
}

/** The expressions of a target run once over the routes of all its apps. */
function ranksOf(located: readonly Located[]): ReadonlyMap<string, Rank> {
  const groups = new Map<string, { expressions: readonly string[]; urls: string[] }>();
  for (const { app, routes } of located) {
    const key = expressionsKey(app);
    const group = groups.get(key) ?? { expressions: app.scrape.preferredRouteRegex, urls: [] };
    groups.set(key, group);
    for (const { url } of routes) group.urls.push(url);
  }
  return new Map([...groups].map(([key, { expressions, urls }]) => [key, rankRoutes(expressions, urls)]));
}

/** How many instances of the app run, be there a route to them or not. */
export function runningOf({ app: { application }, processes }: Omit<Located, 'routes'>): number {
  return application.state === 'STARTED' ? runningWeb(processes, application.guid) : 0;
}

function expressionsKey(app: ResolvedApp): string {
  return JSON.stringify(app.scrape.preferredRouteRegex);
}

/** While a new version is rolled out an app has two processes of type web. */
function runningWeb(processes: readonly Process[], appGuid: string): number {
  const web = processes.filter((process) => process.appGuid === appGuid && process.type === 'web');
  return web.reduce((sum, { instances }) => sum + (instances > 0 ? instances : 0), 0);
}

function externalPlace({ application, scrape }: ResolvedApp, route: Route): (index: number) => Instance {
  const authority = authorityOf(route);
  // Any name fits a wildcard; this one is nobody else's route.
  const address = isWildcard(route) ? authority.replace('*', application.guid) : authority;
  const path = joined(route.path, scrape.path);
  return (index) => ({ address, path, protocol: scrape.protocol, index, internal: false });
}

function internalPlace({ application, scrape }: ResolvedApp, route: Route): (index: number) => Instance {
  const host = authorityOf(route);
  const port = scrape.internalRoutePort ?? destinationOf(route, application.guid)?.port ?? DEFAULT_PORT;
  const path = joined(route.path, scrape.path);
  const protocol = port === CONTAINER_TLS_PORT ? 'https' : 'http';
  return (index) => ({ address: `${index}.${host}:${port}`, path, protocol, index, internal: true });
}

function authorityOf(route: Route): string {
  return route.url.split('/', 1)[0]!;
}

function joined(routePath: string, path: string): string {
  return `${routePath.replace(/\/+$/, '')}${path}`;
}
