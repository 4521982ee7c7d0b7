// The Cloud Controller's resources, read from their JSON: what is kept of each, and what is wrong with one that cannot be used.

import { isObject } from './api-errors.ts';
import type { Application, Destination, Domain, Organization, Process, Route, Space } from './records.ts';

/** A resource that is not as documented; the message says what is missing, and where. */
export class MalformedResource extends Error {}

type Json = Readonly<Record<string, unknown>>;

export function readOrganization(json: unknown): Organization {
  const resource = objectOf(json, 'organization');
  return {
    guid: textOf(resource, 'guid', 'organization'),
    name: textOf(resource, 'name', 'organization'),
    suspended: resource.suspended === true,
  };
}

export function readSpace(json: unknown): Space {
  const resource = objectOf(json, 'space');
  return {
    guid: textOf(resource, 'guid', 'space'),
    name: textOf(resource, 'name', 'space'),
    organizationGuid: relatedTo(resource, 'organization', 'space'),
  };
}

export function readApplication(json: unknown): Application {
  const resource = objectOf(json, 'app');
  const metadata = isObject(resource.metadata) ? resource.metadata : {};
  return {
    guid: textOf(resource, 'guid', 'app'),
    name: textOf(resource, 'name', 'app'),
    state: textOf(resource, 'state', 'app'),
    spaceGuid: relatedTo(resource, 'space', 'app'),
    labels: textsOf(metadata.labels),
    annotations: textsOf(metadata.annotations),
  };
}

export function readDomain(json: unknown): Domain {
  const resource = objectOf(json, 'domain');
  const shared = relationship(resource, 'shared_organizations');
  const owner = relationship(resource, 'organization');
  return {
    guid: textOf(resource, 'guid', 'domain'),
    name: textOf(resource, 'name', 'domain'),
    internal: resource.internal === true,
    organizationGuid: isObject(owner) ? textOf(owner, 'guid', "domain's organization") : undefined,
    sharedWith: Array.isArray(shared)
      ? shared.map((one) => textOf(objectOf(one, 'organization'), 'guid', 'shared organization'))
      : [],
  };
}

export function readRoute(json: unknown): Route {
  const resource = objectOf(json, 'route');
  if (!Array.isArray(resource.destinations)) throw malformed('route', 'destinations', resource);
  return {
    guid: textOf(resource, 'guid', 'route'),
    host: typeof resource.host === 'string' ? resource.host : '',
    path: typeof resource.path === 'string' ? resource.path : '',
    url: textOf(resource, 'url', 'route'),
    domainGuid: relatedTo(resource, 'domain', 'route'),
    destinations: resource.destinations.map(readDestination),
  };
}

function readDestination(json: unknown): Destination {
  const resource = objectOf(json, 'destination');
  const app = objectOf(resource.app, "destination's app");
  const { type } = isObject(app.process) ? app.process : {};
  const { port, protocol } = resource;
  return {
    appGuid: textOf(app, 'guid', "destination's app"),
    processType: typeof type === 'string' ? type : 'web',
    port: typeof port === 'number' ? port : undefined,
    protocol: typeof protocol === 'string' ? protocol : undefined,
  };
}

export function readProcess(json: unknown): Process {
  const resource = objectOf(json, 'process');
  const { instances } = resource;
  if (typeof instances !== 'number' || !Number.isInteger(instances) || instances < 0) {
    throw malformed('process', 'instances', resource);
  }
  return {
    guid: textOf(resource, 'guid', 'process'),
    appGuid: relatedTo(resource, 'app', 'process'),
    type: textOf(resource, 'type', 'process'),
    instances,
  };
}

function objectOf(json: unknown, what: string): Json {
  if (isObject(json)) return json;
  throw new MalformedResource(`a malformed ${what}: no object`);
}

function textOf(json: Json, field: string, what: string): string {
  const value = json[field];
  if (typeof value === 'string' && value !== '') return value;
  throw malformed(what, field, json);
}

function relatedTo(json: Json, name: string, what: string): string {
  const data = relationship(json, name);
  if (isObject(data) && typeof data.guid === 'string' && data.guid !== '') return data.guid;
  throw malformed(what, name, json);
}

/** Its data: an object, a list, or nothing. */
function relationship(json: Json, name: string): unknown {
  const relation = isObject(json.relationships) ? json.relationships[name] : undefined;
  return isObject(relation) ? relation.data : undefined;
}

function textsOf(json: unknown): Record<string, string> {
  const pairs = Object.entries(isObject(json) ? json : {});
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => typeof pair[1] === 'string'));
}

function malformed(what: string, field: string, json: Json): MalformedResource {
  const { guid } = json;
  const which = typeof guid === 'string' && /^[\w.-]{1,80}$/.test(guid) ? ` (${guid})` : '';
  return new MalformedResource(`a malformed ${what}${which}: no usable ${field}`);
}
