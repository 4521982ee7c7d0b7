// From the configuration of the peers to the way they are addressed.

import { Resolver } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../../cache/clock.ts';
import { createAddressTransport } from './address.ts';
import { createDnsTransport } from './dns.ts';
import { createGorouterTransport } from './gorouter.ts';
import { createListTransport } from './list.ts';
import { lookupBy, type Resolve4 } from './resolve.ts';
import type { PeerTransport } from './transport.ts';

/** As the configuration has it. */
export type PeersBy =
  | { by: 'gorouter'; url: string; appGuid: string; processGuid: string }
  | { by: 'address'; url: string }
  | { by: 'dns'; host: string; port: number; tls: boolean }
  | { by: 'list'; urls: readonly string[] };

export interface TransportParts {
  /** `-` where there is none. */
  readonly ownIndex: string;
  /** CF_INSTANCE_INTERNAL_IP. */
  readonly ownIp: string | undefined;
  readonly clock: Clock;
  /** A records; the system's name servers, unless a test has its own. */
  readonly resolve4?: Resolve4;
  /** For names without A records: the system's way. */
  readonly lookup?: LookupFunction;
}

export function createTransport(peers: PeersBy, parts: TransportParts): PeerTransport {
  const { ownIndex, ownIp, clock, resolve4 = systemResolve4() } = parts;
  switch (peers.by) {
    case 'gorouter':
      return createGorouterTransport({ ...peers, ownIndex, clock });
    case 'address':
      return createAddressTransport({ url: peers.url, ownIndex, lookup: lookupBy(resolve4, parts.lookup) });
    case 'dns':
      return createDnsTransport({ ...peers, ownIp, resolve4 });
    case 'list':
      return createListTransport(peers.urls);
  }
}

const DNS_TRY_MS = 2000;
const DNS_TRIES = 2;

function systemResolve4(): Resolve4 {
  let resolver: Resolver | undefined;
  return (host) => {
    resolver ??= new Resolver({ timeout: DNS_TRY_MS, tries: DNS_TRIES });
    return resolver.resolve4(host);
  };
}
