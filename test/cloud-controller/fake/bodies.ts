// The records as the Cloud Controller's v3 API answers them: every member of the documented bodies, API 3.228.

import type {
  ApplicationRecord,
  DomainRecord,
  OrganizationRecord,
  ProcessRecord,
  RouteRecord,
  SpaceRecord,
} from './records.ts';

export type Body = Record<string, unknown>;

const AT = '2024-05-10T17:17:48Z';
const TIMES = { created_at: AT, updated_at: AT };
const NO_METADATA = { labels: {}, annotations: {} };

export function rootBody(url: string): Body {
  const at = (path: string): Body => ({ href: `${url}${path}` });
  return {
    links: {
      self: at(''),
      cloud_controller_v2: { ...at('/v2'), meta: { version: '2.290.0' } },
      cloud_controller_v3: { ...at('/v3'), meta: { version: '3.228.0' } },
      network_policy_v0: at('/networking/v0/external'),
      network_policy_v1: at('/networking/v1/external'),
      login: at('/uaa'),
      uaa: at('/uaa'),
      credhub: null,
      routing: at('/routing'),
      logging: { href: 'wss://doppler.example.org:443' },
      log_cache: { href: 'https://log-cache.example.org' },
      log_stream: { href: 'https://log-stream.example.org' },
      app_ssh: {
        href: 'ssh.example.org:2222',
        meta: {
          host_key_fingerprint: 'Y411oivJwZCUQnXHq83mdM5SKCK4ftyoSXI31RRe4Zs',
          oauth_client: 'ssh-proxy',
        },
      },
    },
  };
}

export function organizationBody(url: string, { guid, name, suspended }: OrganizationRecord): Body {
  const self = `${url}/v3/organizations/${guid}`;
  return {
    guid,
    ...TIMES,
    name,
    suspended,
    relationships: { quota: to('b7887f5c-34bb-40c5-9778-577572e4fb2d') },
    links: {
      self: { href: self },
      domains: { href: `${self}/domains` },
      default_domain: { href: `${self}/domains/default` },
      quota: { href: `${url}/v3/organization_quotas/b7887f5c-34bb-40c5-9778-577572e4fb2d` },
    },
    metadata: NO_METADATA,
  };
}

export function spaceBody(url: string, { guid, name, organization }: SpaceRecord): Body {
  const self = `${url}/v3/spaces/${guid}`;
  return {
    guid,
    ...TIMES,
    name,
    suspended: organization.suspended,
    relationships: { organization: to(organization.guid), quota: { data: null } },
    links: {
      self: { href: self },
      features: { href: `${self}/features` },
      organization: { href: `${url}/v3/organizations/${organization.guid}` },
      apply_manifest: { href: `${self}/actions/apply_manifest`, method: 'POST' },
    },
    metadata: NO_METADATA,
  };
}

export function applicationBody(url: string, application: ApplicationRecord): Body {
  const { guid, name, state, space, labels, annotations } = application;
  const self = `${url}/v3/apps/${guid}`;
  const at = (path: string): Body => ({ href: `${self}/${path}` });
  return {
    guid,
    name,
    state,
    ...TIMES,
    lifecycle: { type: 'buildpack', data: { buildpacks: ['nodejs_buildpack'], stack: 'cflinuxfs4' } },
    relationships: { space: to(space.guid), current_droplet: to('585bc3c1-3743-497d-88b0-403ad6b56d16') },
    links: {
      self: { href: self },
      space: { href: `${url}/v3/spaces/${space.guid}` },
      processes: at('processes'),
      packages: at('packages'),
      environment_variables: at('environment_variables'),
      current_droplet: at('droplets/current'),
      droplets: at('droplets'),
      tasks: at('tasks'),
      start: { ...at('actions/start'), method: 'POST' },
      stop: { ...at('actions/stop'), method: 'POST' },
      revisions: at('revisions'),
      deployed_revisions: at('revisions/deployed'),
      features: at('features'),
    },
    metadata: { labels, annotations },
  };
}

export function domainBody(url: string, domain: DomainRecord): Body {
  const { guid, name, internal, organization, sharedWith } = domain;
  const self = `${url}/v3/domains/${guid}`;
  return {
    guid,
    ...TIMES,
    name,
    internal,
    router_group: null,
    supported_protocols: ['http'],
    metadata: NO_METADATA,
    relationships: {
      organization: organization === undefined ? { data: null } : to(organization.guid),
      shared_organizations: { data: sharedWith.map((one) => ({ guid: one.guid })) },
    },
    links: { self: { href: self }, route_reservations: { href: `${self}/route_reservations` } },
  };
}

export function routeBody(url: string, route: RouteRecord): Body {
  const { guid, host, path, domain, space, port, destinations } = route;
  const self = `${url}/v3/routes/${guid}`;
  const name = host === '' ? domain.name : `${host}.${domain.name}`;
  return {
    guid,
    protocol: port === undefined ? 'http' : 'tcp',
    ...(port === undefined ? {} : { port }),
    ...TIMES,
    host,
    path,
    url: `${name}${port === undefined ? '' : `:${port}`}${path}`,
    destinations: destinations.map((destination) => ({
      guid: destination.guid,
      app: { guid: destination.application.guid, process: { type: destination.processType } },
      weight: null,
      port: destination.port ?? 8080,
      protocol: destination.protocol,
      ...TIMES,
    })),
    options: { loadbalancing: 'round-robin' },
    metadata: NO_METADATA,
    relationships: { space: to(space.guid), domain: to(domain.guid) },
    links: {
      self: { href: self },
      space: { href: `${url}/v3/spaces/${space.guid}` },
      domain: { href: `${url}/v3/domains/${domain.guid}` },
      destinations: { href: `${self}/destinations` },
    },
  };
}

/** `listed`: lists do not show the command; alone, a process shows less of its health checks. */
export function processBody(url: string, process: ProcessRecord, listed: boolean): Body {
  const { guid, type, application, instances } = process;
  const self = `${url}/v3/processes/${guid}`;
  return {
    guid,
    type,
    command: listed ? '[PRIVATE DATA HIDDEN IN LISTS]' : 'exec node app.js',
    user: 'vcap',
    instances,
    memory_in_mb: 256,
    disk_in_mb: 1024,
    log_rate_limit_in_bytes_per_second: 1024,
    health_check: { type: 'port', data: { timeout: null, ...(listed ? BETWEEN : {}) } },
    readiness_health_check: {
      type: 'process',
      data: { invocation_timeout: null, ...(listed ? { interval: null } : {}) },
    },
    relationships: { app: to(application.guid), revision: null },
    metadata: NO_METADATA,
    ...TIMES,
    version: 'e9df685c-0464-4aa7-b5f0-8ed843077c13',
    links: {
      self: { href: self },
      scale: { href: `${self}/actions/scale`, method: 'POST' },
      app: { href: `${url}/v3/apps/${application.guid}` },
      space: { href: `${url}/v3/spaces/${application.space.guid}` },
      stats: { href: `${self}/stats` },
      process_instances: { href: `${self}/process_instances` },
    },
  };
}

const BETWEEN = { invocation_timeout: null, interval: null };

/** One a wanted instance: RUNNING, and DOWN while the app is stopped. */
export function statsBody(process: ProcessRecord): Body {
  const { application, instances, type } = process;
  const running = application.state === 'STARTED';
  const resources = Array.from({ length: instances }, (_, index) =>
    running ? runningInstance(process, index) : { type, index, state: 'DOWN', ...NOT_THERE },
  );
  return { resources };
}

function runningInstance({ guid, type }: ProcessRecord, index: number): Body {
  return {
    type,
    index,
    // No full UUID, as on the platform.
    instance_guid: `${guid.slice(-8)}-${guid.slice(9, 13)}-4c33-61a3-${index.toString(16).padStart(4, '0')}`,
    state: 'RUNNING',
    routable: true,
    usage: { time: AT, cpu: 0.0004, cpu_entitlement: 0.0112, mem: 19177472, disk: 69705728, log_rate: 0 },
    host: '10.244.16.10',
    instance_internal_ip: '10.255.93.167',
    instance_ports: [
      { external: 64546, internal: 8080, external_tls_proxy_port: 61002, internal_tls_proxy_port: 61003 },
    ],
    uptime: 9042,
    mem_quota: 268435456,
    disk_quota: 1073741824,
    fds_quota: 16384,
    isolation_segment: null,
    log_rate_limit: null,
    details: null,
  };
}

const NOT_THERE = {
  routable: false,
  usage: { time: AT, cpu: 0, cpu_entitlement: 0, mem: 0, disk: 0, log_rate: 0 },
  host: '',
  instance_internal_ip: '',
  instance_ports: null,
  uptime: 0,
  mem_quota: null,
  disk_quota: null,
  fds_quota: 16384,
  isolation_segment: null,
  log_rate_limit: null,
  details: null,
};

function to(guid: string): Body {
  return { data: { guid } };
}
