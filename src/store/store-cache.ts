// One cache's part of the store: what bounds it, what it holds, and how much of that went and why.

import type { EvictionPolicy } from './eviction/policy.ts';

/** Why an entry went; the `reason` of sidecache_evictions_total. Invalidations are counted apart. */
export const EVICTION_REASONS = ['memory', 'share', 'expiry', 'ttl', 'negative'] as const;
export type EvictionReason = (typeof EVICTION_REASONS)[number];

export interface StoreCache {
  readonly id: number;
  /** Upper bound and guaranteed share, undefined where the cache has none of its own. */
  readonly shareBytes: number | undefined;
  readonly evictable: boolean;
  readonly eviction: EvictionPolicy;
  readonly evictions: Record<EvictionReason, number>;
  entries: number;
  /** All that its entries are charged. */
  bytes: number;
  /** Keys and values alone. */
  payloadBytes: number;
  /** What its eviction policy knows beyond its entries. */
  policyBytes: number;
  /** The generation that is stored into now. */
  cohort: number;
}
