// The records as the Cloud Controller's v3 API answers them: every member of the documented bodies, API 3.228.

import type {
  ApplicationRecord,
  DomainRecord,
  OrganizationRecord,
  RouteRecord,
  SpaceRecord,
} from './records.ts';

export type Body = Record<string, unknown>;

export const AT = '2024-05-10T17:17:48Z';
export const TIMES = { created_at: AT, updated_at: AT };
export const NO_METADATA = { labels: {}, annotations: {} };

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

/** A relationship. */
export function to(guid: string): Body {
  return { data: { guid } };
}
