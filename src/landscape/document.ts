// The discovery document: what Prometheus reads by http_sd, a list of targets with their labels.
// Source: https://prometheus.io/docs/prometheus/latest/http_sd/

import type { AppInstances, Instance } from './instances.ts';
import type { ResolvedApp } from './resolved-app.ts';

/**
 * JSON in pieces, one element an instance: of targets that overlap the first one counts. In the order of the names, so
 * that the same landscape is the same text however it was asked for.
 */
export function* discoveryDocument(entries: readonly AppInstances[]): Generator<string, void> {
  let between = '[';
  for (const text of elementTexts(entries.toSorted(byPlace))) {
    yield between;
    yield text;
    between = ',';
  }
  yield between === '[' ? '[]' : ']';
}

/** Sorting is stable: what several targets mean stands together, and of it the first target's first. */
function byPlace({ app: one, instances: [first] }: AppInstances, other: AppInstances): number {
  const [another] = other.instances;
  return (
    compare(one.api, other.app.api) ||
    compare(one.organization.name, other.app.organization.name) ||
    compare(one.space.name, other.app.space.name) ||
    compare(one.application.name, other.app.application.name) ||
    compare(one.application.guid, other.app.application.guid) ||
    compare(first?.path ?? '', another?.path ?? '') ||
    compare(first?.address ?? '', another?.address ?? '')
  );
}

/** By code units: the same on every machine, whatever its language. */
function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** What entries have in common is written once: there are thousands of them, and nobody else runs meanwhile. */
function* elementTexts(sorted: readonly AppInstances[]): Generator<string, void> {
  const places = new Map<string, string>();
  let listed = new Set<string>();
  let before: ResolvedApp | undefined;
  for (const { app, instances } of sorted) {
    // What one app is listed with stands together.
    if (before?.application.guid !== app.application.guid || before.api !== app.api) listed = new Set();
    before = app;
    const common = appMembers(app);
    const guid = JSON.stringify(app.application.guid).slice(1, -1);
    for (const instance of instances) {
      const { address, protocol, internal, path, index } = instance;
      const identity = JSON.stringify([index, address, path]);
      if (listed.has(identity)) continue;
      listed.add(identity);
      const placed = `${protocol} ${internal} ${path}`;
      const place = places.get(placed) ?? placeMembers(instance);
      places.set(placed, place);
      yield elementText(address, `${place},${common},${instanceMembers(guid, index)}`);
    }
  }
}

function elementText(address: string, labels: string): string {
  return `{"targets":[${JSON.stringify(address)}],"labels":{${labels}}}`;
}

/** The inside of an object's JSON. */
function members(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(labels).slice(1, -1);
}

/** Prometheus would escape a ? in the path: the parameters of a query are labels of their own. */
function scrapeLabels({ path, protocol }: Pick<Instance, 'path' | 'protocol'>): Record<string, string> {
  const labels = new Map([
    ['__metrics_path__', metricsPath(path)],
    ['__scheme__', protocol],
  ]);
  for (const [name, value] of new URLSearchParams(path.slice(metricsPath(path).length))) {
    const label = `__param_${name}`;
    // One label that Prometheus does not take would cost the whole document.
    if (/^\w+$/.test(name) && !labels.has(label)) labels.set(label, value);
  }
  return Object.fromEntries(labels);
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

function placeMembers(instance: Instance): string {
  const path = metricsPath(instance.path);
  return members({
    ...scrapeLabels(instance),
    __meta_promregator_target_path: path,
    __meta_cf_path: path,
    __meta_cf_internal: String(instance.internal),
  });
}

/** As `app_instance` it is the value of the header X-Cf-App-Instance, which leads a request to this one of them. */
function instanceMembers(escapedGuid: string, index: number): string {
  const number = `"${index}"`;
  const id = `"${escapedGuid}:${index}"`;
  return (
    `"__meta_promregator_target_instanceNumber":${number},"__meta_promregator_target_instanceId":${id},` +
    `"__meta_cf_instanceNumber":${number},"__meta_cf_instanceId":${id},"__meta_cf_app_instance":${id}`
  );
}
