// Peers by one name: each of its A records is one.

import { isIPv4 } from 'node:net';
import type { Place } from '../link.ts';
import type { PeerTransport } from './transport.ts';

export interface DnsParts {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Of the own container, where the platform says so (CF_INSTANCE_INTERNAL_IP). */
  readonly ownIp: string | undefined;
  /** Rejects with an error whose `code` says why. */
  resolve4(host: string): Promise<readonly string[]>;
}

/** Whatever the name server says, no more are looked at. */
const MAX_ADDRESSES = 2000;

/** The name server knows the name, or not, and has no address for it. */
const NONE: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

export function createDnsTransport(parts: DnsParts): PeerTransport {
  const { host, port, tls } = parts;
  let own = parts.ownIp === undefined ? undefined : `${parts.ownIp}:${port}`;
  let problem: string | undefined;

  const isPlace = (place: Place): boolean => {
    const [ip = '', portText, ...more] = place.split(':');
    return more.length === 0 && portText === String(port) && isIPv4(ip);
  };

  const find = async (): Promise<readonly Place[]> => {
    const addresses = await parts.resolve4(host).then(
      (found) => found.slice(0, MAX_ADDRESSES),
      (error: NodeJS.ErrnoException) => {
        problem = `${host} could not be looked up (${error.code ?? 'unknown reason'}): ${hint(error.code)}`;
        return undefined;
      },
    );
    if (addresses === undefined) return [];
    problem =
      addresses.length === 0 ? `${host} has no address: no instance is registered under it` : undefined;
    return addresses.map((ip) => `${ip}:${port}`).filter((place) => place !== own && isPlace(place));
  };

  return {
    kind: 'dns',
    get own(): Place | undefined {
      return own;
    },
    get problem(): string | undefined {
      return problem;
    },
    tls,
    serverName: tls ? host : undefined,
    lookup: undefined,
    hostIsInstance: true,
    portIsInstance: false,
    route: undefined,
    find,
    placeOf: () => undefined,
    isPlace,
    request: (place) => {
      if (!isPlace(place)) throw new TypeError('this is no address with the port of the peers');
      return { url: `${tls ? 'https' : 'http'}://${place}`, headers: {} };
    },
    fits: () => true,
    heard: (place, sign) => {
      if (sign === 'own') own = place;
    },
    describe: (place) => place,
  };
}

function hint(code = ''): string {
  return NONE.has(code)
    ? 'no instance is registered under it'
    : 'the name server did not answer as it should';
}
