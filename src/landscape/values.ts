// The values of the landscape's caches: JSON as clients read it, and read back by the daemon for what it derives.

import type {
  Application,
  Domain,
  Organization,
  Process,
  Route,
  Space,
} from '../cloud-controller/records.ts';

type Json = Readonly<Record<string, unknown>>;

/** One kind of record as a member of a JSON value. */
export interface Form<Thing> {
  write(record: Thing): Json;
  /** Throws TypeError where it is of another form. */
  read(json: Json): Thing;
}

export const ORGANIZATION: Form<Organization> = {
  write: ({ guid, name, suspended }) => ({ guid, name, suspended }),
  read: (json) => ({
    guid: text(json, 'guid'),
    name: text(json, 'name'),
    suspended: json.suspended === true,
  }),
};

export const SPACE: Form<Space> = {
  write: ({ guid, name, organizationGuid }) => ({ guid, name, organization_guid: organizationGuid }),
  read: (json) => ({
    guid: text(json, 'guid'),
    name: text(json, 'name'),
    organizationGuid: text(json, 'organization_guid'),
  }),
};

export const APPLICATION: Form<Application> = {
  write: ({ guid, name, state, spaceGuid, labels, annotations }) => ({
    guid,
    name,
    state,
    space_guid: spaceGuid,
    labels,
    annotations,
  }),
  read: (json) => ({
    guid: text(json, 'guid'),
    name: text(json, 'name'),
    state: text(json, 'state'),
    spaceGuid: text(json, 'space_guid'),
    labels: texts(json, 'labels'),
    annotations: texts(json, 'annotations'),
  }),
};

export const DOMAIN: Form<Domain> = {
  write: ({ guid, name, internal, organizationGuid, sharedWith }) => ({
    guid,
    name,
    internal,
    organization_guid: organizationGuid ?? null,
    shared_with: sharedWith,
  }),
  read: (json) => ({
    guid: text(json, 'guid'),
    name: text(json, 'name'),
    internal: json.internal === true,
    organizationGuid: optionalText(json, 'organization_guid'),
    sharedWith: list(json, 'shared_with').map(String),
  }),
};

export const ROUTE: Form<Route> = {
  write: ({ guid, url, host, path, domainGuid, destinations }) => ({
    guid,
    url,
    host,
    path,
    domain_guid: domainGuid,
    destinations: destinations.map(({ appGuid, processType, port, protocol }) => ({
      app_guid: appGuid,
      process_type: processType,
      port: port ?? null,
      protocol: protocol ?? null,
    })),
  }),
  read: (json) => ({
    guid: text(json, 'guid'),
    url: text(json, 'url'),
    host: text(json, 'host'),
    path: text(json, 'path'),
    domainGuid: text(json, 'domain_guid'),
    destinations: list(json, 'destinations').map((one) => {
      const destination = object(one);
      return {
        appGuid: text(destination, 'app_guid'),
        processType: text(destination, 'process_type'),
        port: typeof destination.port === 'number' ? destination.port : undefined,
        protocol: optionalText(destination, 'protocol'),
      };
    }),
  }),
};

/** More than any process has: each is an entry of what is discovered. */
const MOST_INSTANCES = 10_000;

function isInstances(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_INSTANCES;
}

export const PROCESS: Form<Process> = {
  write: ({ guid, type, instances, appGuid }) => ({ guid, type, instances, app_guid: appGuid }),
  read: (json) => ({
    guid: text(json, 'guid'),
    type: text(json, 'type'),
    instances: isInstances(json.instances) ? json.instances : wrong('instances'),
    appGuid: text(json, 'app_guid'),
  }),
};

export function formatOne<Thing>(form: Form<Thing>, record: Thing): string {
  return JSON.stringify(form.write(record));
}

export function formatList<Thing>(form: Form<Thing>, records: readonly Thing[]): string {
  return JSON.stringify(records.map((record) => form.write(record)));
}

/** Throws SyntaxError, TypeError. */
export function parseOne<Thing>(form: Form<Thing>, value: string): Thing {
  return form.read(object(JSON.parse(value)));
}

/** Throws SyntaxError, TypeError. */
export function parseList<Thing>(form: Form<Thing>, value: string): Thing[] {
  const parsed: unknown = JSON.parse(value);
  if (!Array.isArray(parsed)) throw new TypeError('a list is missing');
  return parsed.map((one) => form.read(object(one)));
}

function object(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : wrong('an object');
}

function text(json: Json, name: string): string {
  const value = json[name];
  return typeof value === 'string' ? value : wrong(name);
}

function optionalText(json: Json, name: string): string | undefined {
  const value = json[name];
  return typeof value === 'string' ? value : undefined;
}

function list(json: Json, name: string): readonly unknown[] {
  const value = json[name];
  return Array.isArray(value) ? value : wrong(name);
}

function texts(json: Json, name: string): Record<string, string> {
  const entries = Object.entries(object(json[name])).filter(([, value]) => typeof value === 'string');
  return Object.fromEntries(entries) as Record<string, string>;
}

function wrong(name: string): never {
  throw new TypeError(`${name} is missing`);
}
