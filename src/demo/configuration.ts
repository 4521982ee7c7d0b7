// What a daemon of the demo is given: its configuration file, and the environment that Cloud Foundry would set.

import { LOOPBACK } from './listening.ts';

export const TRANSPORTS = ['gorouter', 'list', 'address'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** Where peers are, as `fleet.peers` says it. */
export type Peers = Partial<Record<TransportKind, string | readonly string[]>>;

export interface Shared {
  readonly originUrl: string;
  readonly routerPort: number;
  readonly appGuid: string;
  /** What peers know each other by. */
  readonly fleetToken: string;
  /** What a caller from outside has. */
  readonly operatorToken: string;
  readonly peers: Peers;
}

export interface Own {
  readonly index: number;
  readonly processGuid: string;
  /** New at every start. */
  readonly instanceId: string;
  readonly folder: string;
  readonly appPort: number;
  readonly fleetPort: number;
}

const FOREIGN = /^(SIDECACHE_|VCAP_|CF_)/;
/** Enough for 16M of cache, as the daemon reckons. */
const MEMORY_MIB = 128;

export function configurationOf(shared: Shared, own: Pick<Own, 'fleetPort'>): object {
  return {
    memory: '16M',
    drain: '1s',
    caches: {
      default: {},
      users: { loader: { url: `${shared.originUrl}/users/{key}` } },
    },
    notify: { url: `http://${LOOPBACK}:\${PORT}/api/v1/refresh_all` },
    fleet: {
      listen: `${LOOPBACK}:${own.fleetPort}`,
      token: [shared.fleetToken],
      operators: [{ token: shared.operatorToken }],
      open: ['metrics', 'healthz', 'readyz'],
      sync: '1s',
      peers: shared.peers,
    },
  };
}

/** `base` without what it says of another daemon or app. */
export function environmentOf(shared: Shared, own: Own, base: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(base).filter(([name]) => !FOREIGN.test(name));
  return {
    ...Object.fromEntries(kept),
    HOME: own.folder,
    TMPDIR: own.folder,
    PORT: String(own.appPort),
    MEMORY_LIMIT: `${MEMORY_MIB}m`,
    CF_INSTANCE_INDEX: String(own.index),
    CF_INSTANCE_GUID: own.instanceId,
    CF_INSTANCE_IP: LOOPBACK,
    CF_INSTANCE_INTERNAL_IP: LOOPBACK,
    VCAP_SERVICES: '{}',
    VCAP_APPLICATION: JSON.stringify(vcapApplication(shared, own)),
    // There a bad configuration must not end the app; here it is to be seen.
    SIDECACHE_ON_BAD_CONFIG: 'exit',
  };
}

function vcapApplication(shared: Shared, own: Own): object {
  const route = `${LOOPBACK}:${shared.routerPort}`;
  return {
    application_id: shared.appGuid,
    application_name: 'sidecache-demo',
    application_uris: [route],
    uris: [route],
    process_id: own.processGuid,
    process_type: 'web',
    instance_id: own.instanceId,
    instance_index: own.index,
    host: '0.0.0.0',
    port: own.appPort,
    limits: { mem: MEMORY_MIB, disk: 1024, fds: 16_384 },
  };
}
