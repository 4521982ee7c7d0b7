// Replicated caches, as the daemon puts them together: loaded only where there are some.

import { Replicas, type ReplicasParts } from './replicas.ts';
import { Transfers, type TransfersParts } from './transfers.ts';

export interface Replication {
  readonly replicas: Replicas;
  /** What is asked of the others, once there is a fleet. */
  transfers(parts: Omit<TransfersParts, 'replicas'>): Transfers;
}

/** Nothing that is not there is said to be so from now on, until it is complete. */
export function openReplication(parts: ReplicasParts): Replication {
  const replicas = new Replicas(parts);
  replicas.begin();
  return { replicas, transfers: (more) => new Transfers({ ...more, replicas }) };
}
