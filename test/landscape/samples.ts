// Apps, routes, processes and domains as tests need them.

import type { Application, Destination, Domain, Process, Route } from '../../src/cloud-controller/records.ts';
import type { Located } from '../../src/landscape/instances.ts';
import type { ResolvedApp, Scrape } from '../../src/landscape/resolved-app.ts';
import { parseTarget } from '../../src/landscape/target-form.ts';

export const DEFAULT_SCRAPE: Scrape = {
  path: '/metrics',
  protocol: 'https',
  preferredRouteRegex: [],
  internalRoutePort: undefined,
};

export const DOMAINS: ReadonlyMap<string, Domain> = new Map(
  [
    { guid: 'domain-out', name: 'example.org', internal: false },
    { guid: 'domain-in', name: 'apps.internal', internal: true },
  ].map((domain) => [domain.guid, { ...domain, organizationGuid: undefined, sharedWith: [] }]),
);

export function app(
  name = 'my-app',
  more: { scrape?: Partial<Scrape>; state?: string; api?: string } = {},
): ResolvedApp {
  return {
    api: more.api ?? 'default',
    organization: { guid: 'org-guid', name: 'my-org' },
    space: { guid: 'space-guid', name: 'my-space' },
    application: { guid: `${name}-guid`, name, state: more.state ?? 'STARTED' },
    scrape: { ...DEFAULT_SCRAPE, ...more.scrape },
  };
}

export function application(more: Partial<Application> = {}): Application {
  return {
    guid: 'my-app-guid',
    name: 'my-app',
    state: 'STARTED',
    spaceGuid: 'space-guid',
    labels: {},
    annotations: {},
    ...more,
  };
}

/** `url` as the API has it: host.domain[:port][/path]. */
export function route(url: string, destinations: Partial<Destination>[] = [{}]): Route {
  const [authority = '', ...path] = url.split('/');
  return {
    guid: `route-${url}`,
    host: authority.split('.')[0]!,
    path: path.length > 0 ? `/${path.join('/')}` : '',
    url,
    domainGuid: authority.endsWith('.apps.internal') ? 'domain-in' : 'domain-out',
    destinations: destinations.map((destination) => ({
      appGuid: 'my-app-guid',
      processType: 'web',
      port: undefined,
      protocol: 'http1',
      ...destination,
    })),
  };
}

export function process(instances: number, more: Partial<Process> = {}): Process {
  return { guid: `process-${instances}`, appGuid: 'my-app-guid', type: 'web', instances, ...more };
}

export function located(urls: readonly string[], more: Partial<Located> = {}): Located {
  return { app: app(), routes: urls.map((url) => route(url)), processes: [process(1)], ...more };
}

export function target(parameters: Readonly<Record<string, string>>) {
  return parseTarget(Object.entries(parameters));
}
