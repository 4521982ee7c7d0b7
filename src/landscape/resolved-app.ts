// An app that a target means, and how to scrape it; and the value of the resolver's cache, which lists them.

import type { Application } from '../cloud-controller/records.ts';
import { LoadError } from '../errors.ts';
import type { Target } from './target.ts';
import { isScrapePath } from './target-form.ts';

export interface Named {
  readonly guid: string;
  readonly name: string;
}

/** What a target says of scraping. */
export type Scrape = Pick<Target, 'path' | 'protocol' | 'preferredRouteRegex' | 'internalRoutePort'>;

export interface ResolvedApp {
  /** The API's name. */
  readonly api: string;
  readonly organization: Named;
  readonly space: Named;
  readonly application: Named & { readonly state: string };
  /** The path is the app's own where its annotation has one. */
  readonly scrape: Scrape;
}

/** What one target came to. */
export interface Resolved {
  readonly api: string;
  readonly scrape: Scrape;
  /** False: `missing` says what could not be asked for, and `apps` are those of the rest. */
  readonly complete: boolean;
  readonly missing: readonly string[];
  readonly apps: readonly ResolvedApp[];
}

const SCRAPE_ANNOTATION = 'prometheus.io/scrape';
const PATH_ANNOTATION = 'prometheus.io/path';

/** Undefined where the target does not mean this app: it is not started, or does not ask to be scraped. */
export function scrapeOf(target: Target, application: Application): Scrape | undefined {
  if (application.state !== 'STARTED') return undefined;
  const { path, protocol, preferredRouteRegex, internalRoutePort } = target;
  const scrape = { path, protocol, preferredRouteRegex, internalRoutePort };
  if (!target.kubernetesAnnotations) return scrape;
  if (application.annotations[SCRAPE_ANNOTATION] !== 'true') return undefined;
  return { ...scrape, path: annotatedPath(application) ?? path };
}

/** Written by the app's owner: what cannot be a path is none. */
function annotatedPath(application: Application): string | undefined {
  const annotated = application.annotations[PATH_ANNOTATION];
  if (annotated === undefined || annotated === '') return undefined;
  const path = annotated.startsWith('/') ? annotated : `/${annotated}`;
  return isScrapePath(path) ? path : undefined;
}

/**
 * JSON: `{ api, complete, missing, scrape, organizations: [{ guid, name, spaces: [{ guid, name, applications:
 * [{ guid, name, state, path? }] }] }] }`. Apps of one space stand together; `path` where it is not the target's.
 */
export function formatResolved(resolved: Resolved): string {
  const { api, complete, missing, scrape } = resolved;
  const organizations = grouped(resolved.apps, (app) => app.organization).map(([organization, inIt]) => ({
    ...named(organization),
    spaces: grouped(inIt, (app) => app.space).map(([space, apps]) => ({
      ...named(space),
      applications: apps.map((app) => applicationJson(app, scrape)),
    })),
  }));
  return JSON.stringify({ api, complete, missing, scrape: scrapeJson(scrape), organizations });
}

function scrapeJson({ path, protocol, preferredRouteRegex, internalRoutePort }: Scrape): object {
  const port = internalRoutePort ?? null;
  return { path, protocol, preferred_route_regex: preferredRouteRegex, internal_route_port: port };
}

function applicationJson(app: ResolvedApp, common: Scrape): object {
  const { guid, name, state } = app.application;
  return app.scrape.path === common.path
    ? { guid, name, state }
    : { guid, name, state, path: app.scrape.path };
}

function named({ guid, name }: Named): Named {
  return { guid, name };
}

function grouped<T>(all: readonly T[], by: (one: T) => Named): [Named, T[]][] {
  const groups = new Map<string, [Named, T[]]>();
  for (const one of all) {
    const key = by(one);
    const group = groups.get(key.guid);
    if (group === undefined) groups.set(key.guid, [key, [one]]);
    else group[1].push(one);
  }
  return [...groups.values()];
}

/** Throws LoadError: anybody who may write to the cache may have written something else. */
export function parseResolved(text: string): Resolved {
  try {
    return read(JSON.parse(text));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new LoadError('load_failed', `the value is not that of a resolved target: ${why}`, { cause });
  }
}

function read(json: unknown): Resolved {
  const value = record(json, 'the value');
  const api = string(value.api, 'api');
  const scrape = readScrape(record(value.scrape, 'scrape'));
  return {
    api,
    scrape,
    complete: value.complete === true,
    missing: list(value.missing, 'missing').map((one) => string(one, 'missing')),
    apps: list(value.organizations, 'organizations').flatMap((one) => readOrganization(one, api, scrape)),
  };
}

function readOrganization(json: unknown, api: string, scrape: Scrape): ResolvedApp[] {
  const value = record(json, 'an organization');
  const organization = readNamed(value);
  return list(value.spaces, 'spaces').flatMap((one) => {
    const inIt = record(one, 'a space');
    const space = readNamed(inIt);
    return list(inIt.applications, 'applications').map((each) => {
      const app = record(each, 'an application');
      const path = app.path === undefined ? scrape.path : readPath(app.path);
      return {
        api,
        organization,
        space,
        application: { ...readNamed(app), state: string(app.state, 'state') },
        scrape: path === scrape.path ? scrape : { ...scrape, path },
      };
    });
  });
}

function readNamed(value: Readonly<Record<string, unknown>>): Named {
  return { guid: string(value.guid, 'guid'), name: string(value.name, 'name') };
}

function readScrape(value: Readonly<Record<string, unknown>>): Scrape {
  const { protocol, internal_route_port: port } = value;
  if (protocol !== 'http' && protocol !== 'https') throw new Error('protocol is not http or https');
  if (port !== null && !isPort(port)) throw new Error('internal_route_port is none');
  return {
    path: readPath(value.path),
    protocol,
    preferredRouteRegex: list(value.preferred_route_regex, 'preferred_route_regex').map((one) =>
      string(one, 'preferred_route_regex'),
    ),
    internalRoutePort: port ?? undefined,
  };
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 65_536;
}

function readPath(value: unknown): string {
  const path = string(value, 'path');
  if (!isScrapePath(path)) throw new Error('path is none');
  return path;
}

function record(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} is no object`);
  return value as Readonly<Record<string, unknown>>;
}

function list(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no list`);
  return value;
}

function string(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no string`);
  return value;
}
