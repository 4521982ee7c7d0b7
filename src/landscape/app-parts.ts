// What the instances of an app are made of, as it stands in the caches, and the instances made of it.

import type { Domain } from '../cloud-controller/records.ts';
import { RequestError, RoomError } from '../errors.ts';
import type { Room } from './held-bytes.ts';
import { type AppInstances, instancesOf, type Located, runningOf } from './instances.ts';
import type { Pin } from './pinned-reading.ts';
import type { ResolvedApp } from './resolved-app.ts';
import { PROCESS, parseList, ROUTE } from './values.ts';

export interface AppParts {
  readonly app: ResolvedApp;
  /** Only looked at: what they are parsed to holds several times as much as the text, and is wanted once. */
  readonly routes: Pin<void>;
  readonly processes: Pin<void>;
  readonly domains: DomainsByGuid;
}

export type DomainsByGuid = ReadonlyMap<string, Domain>;

/** What an instance holds. */
export const INSTANCE_BYTES = 300;

/** `before` itself where it is made of the same; undefined where there is nothing to make instances of. */
export function partsOf(
  before: AppParts | undefined,
  app: ResolvedApp,
  domains: DomainsByGuid,
  routes: AppParts['routes'] | undefined,
  processes: AppParts['processes'] | undefined,
): AppParts | undefined {
  if (!routes || !processes) return undefined;
  const isAsBefore = before?.routes === routes && before.processes === processes;
  if (isAsBefore && before.app === app && before.domains === domains) return before;
  return { app, routes, processes, domains };
}

/** Throws where it is of another form. */
export function checkRoutes(text: string): void {
  parseList(ROUTE, text);
}

/** Throws where it is of another form. */
export function checkProcesses(text: string): void {
  parseList(PROCESS, text);
}

/**
 * The instances by app. Where an expression for routes takes too long its apps have none, and `refused` is told. What
 * there are more of than there is room for is not made at all: throws RoomError.
 */
export function instancesByApp(
  all: readonly AppParts[],
  domains: DomainsByGuid,
  room: Room,
  refused: (what: string, error: RequestError) => void,
): Map<ResolvedApp, AppInstances> {
  const instances = all.reduce((sum, parts) => sum + runningOf(withProcesses(parts)), 0);
  const bytes = instances * INSTANCE_BYTES;
  if (!room.charge(bytes)) throw new RoomError('there is no memory for this document');
  try {
    const made = new Map<ResolvedApp, AppInstances>();
    for (const group of grouped(all)) {
      for (const one of instancesOfGroup(group, domains, refused)) made.set(one.app, one);
    }
    return made;
  } finally {
    room.release(bytes);
  }
}

function instancesOfGroup(
  group: readonly AppParts[],
  domains: DomainsByGuid,
  refused: (what: string, error: RequestError) => void,
): readonly AppInstances[] {
  try {
    return instancesOf(group.map(located), domains);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    refused(`the routes of ${group.length} apps`, error);
    return [];
  }
}

/**
 * One at a time, as what all are parsed to would be much at once; but for those whose routes expressions choose: these
 * run once over all of them.
 */
function* grouped(all: readonly AppParts[]): Generator<readonly AppParts[], void> {
  const chosen = new Map<string, AppParts[]>();
  for (const parts of all) {
    const expressions = parts.app.scrape.preferredRouteRegex;
    if (expressions.length === 0) yield [parts];
    else {
      const key = JSON.stringify(expressions);
      const group = chosen.get(key);
      if (group) group.push(parts);
      else chosen.set(key, [parts]);
    }
  }
  yield* chosen.values();
}

function located(parts: AppParts): Located {
  return { ...withProcesses(parts), routes: parseList(ROUTE, parts.routes.text) };
}

function withProcesses({ app, processes }: AppParts): Omit<Located, 'routes'> {
  return { app, processes: parseList(PROCESS, processes.text) };
}
