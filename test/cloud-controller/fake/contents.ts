// Organizations, spaces, apps, domains, routes and processes, and how tests change them. Knows nothing of HTTP.

import type {
  ApplicationRecord,
  DomainRecord,
  OrganizationRecord,
  ProcessRecord,
  RouteRecord,
  SpaceRecord,
} from './records.ts';

export interface RouteOptions {
  host: string;
  /** Its name; one that is not there yet is added as a shared domain. */
  domain: string;
  path?: string;
  /** Of the destination: where the app listens. */
  port?: number;
  protocol?: string;
}

export interface ApplicationOptions {
  name: string;
  state?: 'STARTED' | 'STOPPED';
  /** Of its web process; default 1. */
  instances?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  routes?: RouteOptions[];
}

export interface SeedOptions {
  organizations: number;
  spaces: number;
  applications: number;
  /** Of each app; default 1. */
  instances?: number | ((n: number) => number);
  /** Where each app has its route; default apps.example.org. */
  domain?: string;
}

export class Contents {
  readonly organizations = new Map<string, OrganizationRecord>();
  readonly spaces = new Map<string, SpaceRecord>();
  readonly applications = new Map<string, ApplicationRecord>();
  readonly domains = new Map<string, DomainRecord>();
  readonly routes = new Map<string, RouteRecord>();
  readonly processes = new Map<string, ProcessRecord>();
  readonly #number: number;
  #made = 0;

  /** Two clouds of different numbers have no guid in common. */
  constructor(number = 0) {
    this.#number = number;
  }

  /** `org-1` …, `space-1` … and `app-1` … evenly spread, each app with the route `app-N.<domain>`. */
  seed(options: SeedOptions): void {
    const { instances = 1, domain = 'apps.example.org' } = options;
    const organizations = count(options.organizations, (n) => this.addOrganization(`org-${n}`));
    const spaces = count(options.spaces, (n) => this.addSpace(turn(organizations, n), `space-${n}`));
    count(options.applications, (n) =>
      this.addApplication(turn(spaces, n), {
        name: `app-${n}`,
        instances: typeof instances === 'number' ? instances : instances(n),
        routes: [{ host: `app-${n}`, domain }],
      }),
    );
  }

  addOrganization(name: string): OrganizationRecord {
    return added(this.organizations, { guid: this.#guid(1), name, suspended: false });
  }

  addSpace(organization: OrganizationRecord, name: string): SpaceRecord {
    return added(this.spaces, { guid: this.#guid(2), name, organization });
  }

  addApplication(space: SpaceRecord, options: ApplicationOptions): ApplicationRecord {
    const { name, state = 'STARTED', instances = 1, labels = {}, annotations = {}, routes = [] } = options;
    const guid = this.#guid(3);
    const application = added(this.applications, { guid, name, state, space, labels, annotations });
    this.addProcess(application, 'web', instances);
    for (const route of routes) this.addRoute(application, route);
    return application;
  }

  addProcess(application: ApplicationRecord, type: string, instances: number): ProcessRecord {
    // As on the platform: the web process has the guid of its app.
    const guid = type === 'web' ? application.guid : this.#guid(4);
    return added(this.processes, { guid, type, application, instances });
  }

  addDomain(
    name: string,
    options: {
      internal?: boolean;
      organization?: OrganizationRecord;
      sharedWith?: OrganizationRecord[];
    } = {},
  ): DomainRecord {
    const { internal = false, organization, sharedWith = [] } = options;
    return added(this.domains, { guid: this.#guid(5), name, internal, organization, sharedWith });
  }

  /** An app more on the route, where there is one of that host, domain and path. */
  addRoute(application: ApplicationRecord, options: RouteOptions): RouteRecord {
    const { host, path = '', port = null, protocol = 'http1' } = options;
    const domain = this.domainNamed(options.domain) ?? this.addDomain(options.domain);
    const route =
      [...this.routes.values()].find(
        (one) => one.domain === domain && one.host === host && one.path === path,
      ) ??
      added(this.routes, {
        guid: this.#guid(6),
        host,
        domain,
        space: application.space,
        path,
        port: undefined,
        destinations: [],
      });
    route.destinations.push({ guid: this.#guid(7), application, processType: 'web', port, protocol });
    return route;
  }

  domainNamed(name: string): DomainRecord | undefined {
    return [...this.domains.values()].find((domain) => domain.name === name);
  }

  rename(record: { name: string }, name: string): void {
    record.name = name;
  }

  start(application: ApplicationRecord): void {
    application.state = 'STARTED';
  }

  stop(application: ApplicationRecord): void {
    application.state = 'STOPPED';
  }

  scale(application: ApplicationRecord, instances: number, type = 'web'): void {
    for (const process of this.processes.values()) {
      if (process.application === application && process.type === type) process.instances = instances;
    }
  }

  /** With all that is within it, or of it. */
  removeOrganization(organization: OrganizationRecord): void {
    this.organizations.delete(organization.guid);
    for (const space of this.spaces.values()) {
      if (space.organization === organization) this.removeSpace(space);
    }
    for (const domain of this.domains.values()) {
      if (domain.organization === organization) this.removeDomain(domain);
    }
  }

  removeSpace(space: SpaceRecord): void {
    this.spaces.delete(space.guid);
    for (const application of this.applications.values()) {
      if (application.space === space) this.removeApplication(application);
    }
    for (const route of this.routes.values()) {
      if (route.space === space) this.removeRoute(route);
    }
  }

  /** Its routes stay, as on the platform, without a destination. */
  removeApplication(application: ApplicationRecord): void {
    this.applications.delete(application.guid);
    for (const process of this.processes.values()) {
      if (process.application === application) this.processes.delete(process.guid);
    }
    for (const { destinations } of this.routes.values()) {
      const others = destinations.filter((destination) => destination.application !== application);
      destinations.splice(0, destinations.length, ...others);
    }
  }

  removeDomain(domain: DomainRecord): void {
    this.domains.delete(domain.guid);
    for (const route of this.routes.values()) {
      if (route.domain === domain) this.removeRoute(route);
    }
  }

  removeRoute(route: RouteRecord): void {
    this.routes.delete(route.guid);
  }

  #guid(kind: number): string {
    const hex = (n: number, digits: number): string => n.toString(16).padStart(digits, '0');
    return `${hex(this.#number, 8)}-${hex(kind, 4)}-4000-8000-${hex(++this.#made, 12)}`;
  }
}

function added<T extends { guid: string }>(map: Map<string, T>, record: T): T {
  map.set(record.guid, record);
  return record;
}

function count<T>(times: number, make: (n: number) => T): T[] {
  return Array.from({ length: times }, (_, i) => make(i + 1));
}

function turn<T>(from: readonly T[], n: number): T {
  const one = from[(n - 1) % from.length];
  if (one === undefined) throw new Error('nothing to spread over: seed the level above too');
  return one;
}
