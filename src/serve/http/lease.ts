// Leases as clients see them: the number of the latest change when they missed, bound to this life of the daemon.

import { RequestError } from '../../errors.ts';

const LEASE = /^([0-9a-z]{1,11})-(\S{1,64})$/;

export function formatLease(lease: number, incarnation: string): string {
  return `${lease.toString(36)}-${incarnation}`;
}

/** Throws RequestError: 'bad_request' for what is no lease, 'lease_void' for one of an earlier life of the daemon. */
export function parseLease(text: string, incarnation: string): number {
  const match = LEASE.exec(text);
  if (!match)
    throw new RequestError('bad_request', 'Sidecache-Lease is not a lease that a read was answered with');
  if (match[2] !== incarnation)
    throw new RequestError('lease_void', 'the lease is void: the daemon was restarted');
  return Number.parseInt(match[1]!, 36);
}
