// What every HTTP handler is given: the caches and what is known of this instance. No handler decides about caching.

import type { Caches } from '../../cache/caches.ts';
import type { Clock } from '../../cache/clock.ts';
import type { Changes } from '../../changes/changes.ts';
import type { EventFeed } from '../event-feed.ts';
import type { Garbage } from '../garbage.ts';
import type { Headroom } from '../headroom.ts';
import type { RoomQueue } from '../room-queue.ts';
import type { Discover } from './discovery.ts';
import type { PeersView } from './peers.ts';

export interface Instance {
  readonly index: string;
  readonly instanceId: string;
  /** Start time and randomness: new at every start. */
  readonly incarnation: string;
  readonly version: string;
}

export interface CacheFacts {
  readonly mode: string;
  readonly writes: 'fill' | 'change';
}

export interface Context {
  readonly caches: Caches;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly instance: Instance;
  readonly feed: EventFeed;
  readonly uploads: RoomQueue;
  readonly headroom: Headroom;
  readonly garbage: Garbage;
  /** What a cache's settings say beyond its times, by name. */
  readonly facts: ReadonlyMap<string, CacheFacts>;
  readonly invalidateByGet: boolean;
  readonly startedAtMs: number;
  /** Why `/readyz` is to say 503; undefined when ready. */
  readonly notReady: () => string | undefined;
  /** The metrics in the format that the Accept header prefers. */
  readonly metrics: (accept: string | undefined) => Promise<{ contentType: string; text: string }>;
  /** The same of all instances, each sample labelled with whose it is; as text. */
  readonly fleetMetrics: (timeoutMs: number) => Promise<{ contentType: string; text: string }>;
  /** `probes`: the way to the own place is looked at once more first. */
  readonly peers: (self: PeersView['self'], probes: boolean) => Promise<PeersView>;
  /** Undefined without the landscape's preset. */
  readonly discover: Discover | undefined;
  /** For what no handler foresaw. */
  readonly defect: (error: unknown) => void;
}
