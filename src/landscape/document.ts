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

/** As Promregator calls them; under __meta_cf_ are the same and more. */
const PROMREGATOR = '__meta_promregator_target_';
const CLOUD_FOUNDRY = '__meta_cf_';

/**
 * JSON, one element an instance: of targets that overlap the first one counts. In the order of the names, so that the
 * same landscape is the same text however it was asked for. The own fleet stands at the end.
 */
export function discoveryDocument(entries: readonly AppInstances[], own: readonly OwnTarget[] = []): string {
  const listed = distinct(entries).sort(byPlace);
  return JSON.stringify([
    ...listed.map(({ app, instance }) => ({
      targets: [instance.address],
      labels: { ...scrapeLabels(instance), ...metaLabels(app, instance) },
    })),
    ...own.map((target) => ({
      targets: [target.address],
      labels: { ...scrapeLabels(target), ...target.labels },
    })),
  ]);
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

/** Prometheus would escape a ? in the path: the parameters of a query are labels of their own. */
function scrapeLabels({ path, protocol }: Pick<Instance, 'path' | 'protocol'>): Record<string, string> {
  const { metricsPath, query } = parted(path);
  const labels: Record<string, string> = { __metrics_path__: metricsPath, __scheme__: protocol };
  for (const [name, value] of new URLSearchParams(query)) {
    // One label that Prometheus does not take would cost the whole document.
    if (/^\w+$/.test(name)) labels[`__param_${name}`] ??= value;
  }
  return labels;
}

function parted(path: string): { metricsPath: string; query: string } {
  const [metricsPath = '', ...query] = path.split('?');
  return { metricsPath, query: query.join('?') };
}

function metaLabels(app: ResolvedApp, instance: Instance): Record<string, string> {
  const { organization, space, application } = app;
  const instanceId = `${application.guid}:${instance.index}`;
  const shared = {
    path: parted(instance.path).metricsPath,
    orgName: organization.name,
    spaceName: space.name,
    applicationName: application.name,
    applicationId: application.guid,
    instanceNumber: String(instance.index),
    instanceId,
  };
  const more = {
    api: app.api,
    orgId: organization.guid,
    spaceId: space.guid,
    internal: String(instance.internal),
    // The value of the header X-Cf-App-Instance, which leads a request to this one of the instances behind a route.
    app_instance: instanceId,
  };
  return { ...prefixed(PROMREGATOR, shared), ...prefixed(CLOUD_FOUNDRY, { ...shared, ...more }) };
}

function prefixed(prefix: string, labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [prefix + name, value]));
}
