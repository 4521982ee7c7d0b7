// The resources of the v3 API: what may be asked of each, and how its records are filtered.

import { resourceNotFound, unknownRequest } from './api-error.ts';
import { applicationBody, type Body, domainBody, organizationBody, routeBody, spaceBody } from './bodies.ts';
import type { Contents } from './contents.ts';
import { pageOf } from './pages.ts';
import { processBody, statsBody } from './process-bodies.ts';
import { parseQuery } from './query.ts';
import type { DomainRecord } from './records.ts';

interface Resource<T> {
  /** As in `App not found`. */
  readonly noun: string;
  records(contents: Contents): ReadonlyMap<string, T>;
  /** What a filter compares with; any of several. */
  readonly filters: Readonly<Record<string, (record: T) => readonly string[]>>;
  body(url: string, record: T, listed: boolean): Body;
}

const organizations = resource({
  noun: 'Organization',
  records: (contents) => contents.organizations,
  filters: { names: (one) => [one.name], guids: (one) => [one.guid] },
  body: organizationBody,
});

const spaces = resource({
  noun: 'Space',
  records: (contents) => contents.spaces,
  filters: {
    names: (one) => [one.name],
    guids: (one) => [one.guid],
    organization_guids: (one) => [one.organization.guid],
  },
  body: spaceBody,
});

const apps = resource({
  noun: 'App',
  records: (contents) => contents.applications,
  filters: {
    names: (one) => [one.name],
    guids: (one) => [one.guid],
    space_guids: (one) => [one.space.guid],
    organization_guids: (one) => [one.space.organization.guid],
  },
  body: applicationBody,
});

const domains = resource({
  noun: 'Domain',
  records: (contents) => contents.domains,
  filters: {
    names: (one) => [one.name],
    guids: (one) => [one.guid],
    organization_guids: (one) => (one.organization === undefined ? [] : [one.organization.guid]),
  },
  body: domainBody,
});

const routes = resource({
  noun: 'Route',
  records: (contents) => contents.routes,
  filters: {
    guids: (one) => [one.guid],
    hosts: (one) => [one.host],
    paths: (one) => [one.path],
    app_guids: (one) => one.destinations.map((destination) => destination.application.guid),
    domain_guids: (one) => [one.domain.guid],
    space_guids: (one) => [one.space.guid],
    organization_guids: (one) => [one.space.organization.guid],
  },
  body: routeBody,
});

const processes = resource({
  noun: 'Process',
  records: (contents) => contents.processes,
  filters: {
    guids: (one) => [one.guid],
    types: (one) => [one.type],
    app_guids: (one) => [one.application.guid],
    space_guids: (one) => [one.application.space.guid],
    organization_guids: (one) => [one.application.space.organization.guid],
  },
  body: processBody,
});

interface Asked {
  list(contents: Contents, base: string, path: string, params: URLSearchParams): Body;
  single(contents: Contents, base: string, guid: string): Body;
}

const RESOURCES: ReadonlyMap<string, Asked> = new Map<string, Asked>([
  ['organizations', asked(organizations)],
  ['spaces', asked(spaces)],
  ['apps', asked(apps)],
  ['domains', asked(domains)],
  ['routes', asked(routes)],
  ['processes', asked(processes)],
]);

/** The body for `path`, which begins with /v3/. Throws ApiError. */
export function resourceBody(contents: Contents, base: string, path: string, params: URLSearchParams): Body {
  const [, , kind = '', guid, under, ...more] = path.split('/');
  const found = RESOURCES.get(kind);
  if (found === undefined || more.length > 0) throw unknownRequest();
  if (guid === undefined) return found.list(contents, base, path, params);
  if (under === undefined) return found.single(contents, base, guid);
  if (kind === 'organizations' && under === 'domains')
    return domainsOf(contents, guid).list(contents, base, path, params);
  if (kind === 'processes' && under === 'stats') return statsBody(record(processes, contents, guid));
  throw unknownRequest();
}

/** Those it owns, those shared with it, and everybody's. */
function domainsOf(contents: Contents, organizationGuid: string): Asked {
  const organization = record(organizations, contents, organizationGuid);
  const isSeen = (one: DomainRecord): boolean =>
    one.organization === undefined ||
    one.organization === organization ||
    one.sharedWith.includes(organization);
  const records = (): Map<string, DomainRecord> =>
    new Map([...contents.domains].filter(([, domain]) => isSeen(domain)));
  return asked({ ...domains, records });
}

/** Only fixes T. */
function resource<T>(definition: Resource<T>): Resource<T> {
  return definition;
}

function asked<T>(kind: Resource<T>): Asked {
  return {
    list: (contents, base, path, params) => {
      const query = parseQuery(params, Object.keys(kind.filters));
      const wanted = [...query.filters].map(([name, entries]) => {
        const lower = new Set(entries.map((entry) => entry.toLowerCase()));
        // Names are compared without case on the platform; guids are lower case anyway.
        return (one: T): boolean => kind.filters[name]!(one).some((value) => lower.has(value.toLowerCase()));
      });
      const found = [...kind.records(contents).values()].filter((one) => wanted.every((fits) => fits(one)));
      return pageOf(`${base}${path}`, params, query, found, (one) => kind.body(base, one, true));
    },
    single: (contents, base, guid) => kind.body(base, record(kind, contents, guid), false),
  };
}

function record<T>(kind: Resource<T>, contents: Contents, guid: string): T {
  const found = kind.records(contents).get(guid);
  if (found === undefined) throw resourceNotFound(kind.noun);
  return found;
}
