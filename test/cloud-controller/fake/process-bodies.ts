// Processes and what their instances do, as the Cloud Controller's v3 API answers them.

import { AT, type Body, NO_METADATA, TIMES, to } from './bodies.ts';
import type { ProcessRecord } from './records.ts';

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
