// What all ways of addressing peers have in common: places to requests, and what is learned of a place from its answers.

import type { LookupFunction } from 'node:net';
import type { Identity } from '../identity.ts';
import type { Place, Transport } from '../link.ts';

export interface PlaceRequest {
  /** Without a slash at the end; `/fleet/…` is put behind it. */
  readonly url: string;
  /** What picks the instance, besides the URL. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * own: the asker itself is there. fits, misfit: a peer answered that this place does, or does not, stand for.
 * unlisted: the router, or DNS, understood which instance is meant, and does not know it.
 */
export type Sign = 'own' | 'fits' | 'misfit' | 'unlisted';

export interface PeerTransport extends Transport {
  /** What is wrong with this way of reaching peers as a whole, in a sentence for an operator. */
  readonly problem: string | undefined;
  /** Whether it is TLS, and then, where it is not the URL's host, the name that certificates must have. */
  readonly tls: boolean;
  readonly serverName: string | undefined;
  /** How host names become addresses, where not as usual. */
  readonly lookup: LookupFunction | undefined;
  /** Whether a host name that DNS does not know is one instance that is missing, or all of them. */
  readonly hostIsInstance: boolean;
  /** Whether a port that nobody listens on is one instance that is missing. */
  readonly portIsInstance: boolean;
  /** For probes alone, and no place of a peer: the route without picking an instance; undefined where there is none. */
  readonly route: Place | undefined;
  /** Throws where `isPlace` says no. */
  request(place: Place): PlaceRequest;
  /** Whether somebody with this identity may be what this place stands for. */
  fits(place: Place, identity: Identity): boolean;
  heard(place: Place, sign: Sign): void;
  /** The place in an operator's words. */
  describe(place: Place): string;
}

/** Indices above the highest known one that are looked at: so many instances in a row may be missing. */
export const INDICES_BEYOND = 8;

/** Whatever a peer says its index is, no more are looked at. */
const MAX_INDICES = 1000;

/** Decimal as the platform writes it: `01` is no index. */
export const INDEX_FORM = /^(?:0|[1-9][0-9]{0,4})$/;

/** From 0 to some beyond the highest. */
export function indicesUpTo(highestIndex: number): number[] {
  const count = Math.min(Math.max(highestIndex, -1) + 1 + INDICES_BEYOND, MAX_INDICES);
  return Array.from({ length: count }, (_, index) => index);
}

export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
