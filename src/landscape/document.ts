// The discovery document: what Prometheus reads by http_sd, a list of targets with their labels.
// Source: https://prometheus.io/docs/prometheus/latest/http_sd/

import type { AppInstances, Instance } from './instances.ts';
import type { ResolvedApp } from './resolved-app.ts';

/** What is listed beside apps: the instances of the own fleet. */
export interface OwnTarget {
  readonly address: string;
  readonly path: string;
  readonly protocol: 'http' | 'https';
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * JSON, one element an instance: of targets that overlap the first one counts. In the order of the names, so that the
 * same landscape is the same text however it was asked for. The own fleet stands at the end.
 */
export function discoveryDocument(entries: readonly AppInstances[], own: readonly OwnTarget[] = []): string {
  const texts = distinct(entries).sort(byPlace).map(entryWriter());
  for (const target of own) {
    texts.push(elementText(target.address, [scrapeMembers(target), members(target.labels)]));
  }
  return `[${texts.join()}]`;
}

interface Entry {
  readonly app: ResolvedApp;
  readonly instance: Instance;
}

function distinct(entries: readonly AppInstances[]): Entry[] {
  const byIdentity = new Map<string, Entry>();
  for (const { app, instances } of entries) {
    for (const instance of instances) {
      const { index, address, path } = instance;
      const identity = JSON.stringify([app.api, app.application.guid, index, address, path]);
      if (!byIdentity.has(identity)) byIdentity.set(identity, { app, instance });
    }
  }
  return [...byIdentity.values()];
}

function byPlace(one: Entry, other: Entry): number {
  return (
    compare(one.app.api, other.app.api) ||
    compare(one.app.organization.name, other.app.organization.name) ||
    compare(one.app.space.name, other.app.space.name) ||
    compare(one.app.application.name, other.app.application.name) ||
    compare(one.app.application.guid, other.app.application.guid) ||
    compare(one.instance.path, other.instance.path) ||
    one.instance.index - other.instance.index ||
    compare(one.instance.address, other.instance.address)
  );
}

/** By code units: the same on every machine, whatever its language. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** What entries have in common is written once: a document has thousands of them, and nobody else runs meanwhile. */
function entryWriter(): (entry: Entry) => string {
  const written = new Map<ResolvedApp, string>();
  return ({ app, instance }) => {
    const common = written.get(app) ?? appMembers(app);
    written.set(app, common);
    return elementText(instance.address, [
      scrapeMembers(instance),
      pathMembers(instance),
      common,
      instanceMembers(app, instance),
    ]);
  };
}

function elementText(address: string, labels: readonly string[]): string {
  return `{"targets":[${JSON.stringify(address)}],"labels":{${labels.filter((text) => text !== '').join()}}}`;
}

/** The inside of an object's JSON. */
function members(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(labels).slice(1, -1);
}

function scrapeMembers({ path, protocol }: Pick<Instance, 'path' | 'protocol'>): string {
  const labels = members({ __metrics_path__: metricsPath(path), __scheme__: protocol });
  const query = queryMembers(path);
  return query === '' ? labels : `${labels},${query}`;
}

/** Prometheus would escape a ? in the path: the parameters of a query are labels of their own. */
function queryMembers(path: string): string {
  const questionMark = path.indexOf('?');
  if (questionMark === -1) return '';
  const labels = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(path.slice(questionMark))) {
    const label = `__param_${name}`;
    // One label that Prometheus does not take would cost the whole document.
    if (/^\w+$/.test(name) && !labels.has(label)) labels.set(label, value);
  }
  return members(Object.fromEntries(labels));
}

function metricsPath(path: string): string {
  return path.split('?', 1)[0]!;
}

// Labels below are those of Promregator, and the same and more under __meta_cf_.

function appMembers({ api, organization, space, application }: ResolvedApp): string {
  return members({
    __meta_promregator_target_orgName: organization.name,
    __meta_promregator_target_spaceName: space.name,
    __meta_promregator_target_applicationName: application.name,
    __meta_promregator_target_applicationId: application.guid,
    __meta_cf_orgName: organization.name,
    __meta_cf_spaceName: space.name,
    __meta_cf_applicationName: application.name,
    __meta_cf_applicationId: application.guid,
    __meta_cf_api: api,
    __meta_cf_orgId: organization.guid,
    __meta_cf_spaceId: space.guid,
  });
}

function pathMembers({ path, internal }: Instance): string {
  return members({
    __meta_promregator_target_path: metricsPath(path),
    __meta_cf_path: metricsPath(path),
    __meta_cf_internal: String(internal),
  });
}

function instanceMembers({ application }: ResolvedApp, { index }: Instance): string {
  const instanceNumber = String(index);
  const instanceId = `${application.guid}:${index}`;
  return members({
    __meta_promregator_target_instanceNumber: instanceNumber,
    __meta_promregator_target_instanceId: instanceId,
    __meta_cf_instanceNumber: instanceNumber,
    __meta_cf_instanceId: instanceId,
    // The value of the header X-Cf-App-Instance, which leads a request to this one of the instances behind a route.
    __meta_cf_app_instance: instanceId,
  });
}
