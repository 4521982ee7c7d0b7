// Which of an app's routes its instances are scraped at.

import type { Destination, Route } from '../cloud-controller/records.ts';
import { firstMatch } from './matching.ts';

/** Smaller is better; undefined: no expression matches. */
export type Rank = (url: string) => number | undefined;

/** All URLs at once: one run of the expressions, however many apps. Throws as a Matcher does. */
export function rankRoutes(expressions: readonly string[], urls: Iterable<string>): Rank {
  const known = [...urls];
  const places = firstMatch(expressions, 'preferredRouteRegex')(known);
  const ranks = new Map(known.map((url, at) => [url, places[at]!]));
  return (url) => {
    const rank = ranks.get(url);
    return rank === undefined || rank < 0 ? undefined : rank;
  };
}

/**
 * Of the routes that scrapes over HTTP can take the first that the first expression matches, or else the first; in the
 * order in which the API gave them. A wildcard comes last: it names no host.
 */
export function chooseRoute(routes: readonly Route[], appGuid: string, rank: Rank): Route | undefined {
  const http = routes.filter((route) => destinationsOf(route, appGuid).length > 0);
  const toWeb = http.filter((route) => webDestination(route, appGuid) !== undefined);
  const usable = toWeb.length > 0 ? toWeb : http;
  let [best, bestRank] = [usable.find((route) => !isWildcard(route)) ?? usable[0], Number.POSITIVE_INFINITY];
  for (const route of usable) {
    const ranked = rank(route.url) ?? Number.POSITIVE_INFINITY;
    if (ranked < bestRank) [best, bestRank] = [route, ranked];
  }
  return best;
}

export function isWildcard(route: Route): boolean {
  return route.host === '*';
}

/** Where the route leads to within this app: to its web process where it does, and not over TCP. */
export function destinationOf(route: Route, appGuid: string): Destination | undefined {
  return webDestination(route, appGuid) ?? destinationsOf(route, appGuid)[0];
}

function webDestination(route: Route, appGuid: string): Destination | undefined {
  return destinationsOf(route, appGuid).find(({ processType }) => processType === 'web');
}

function destinationsOf(route: Route, appGuid: string): Destination[] {
  return route.destinations.filter((one) => one.appGuid === appGuid && !isTcp(route, one));
}

/** Older APIs do not say it of the destination; only routes over TCP have a port of their own. */
function isTcp(route: Route, { protocol }: Destination): boolean {
  return protocol === undefined ? /^[^/]*:\d+$/.test(route.url) : protocol === 'tcp';
}
