// Which entries go when memory is short: of a cache the one that its policy names; among caches the one whose oldest entry
// was read longest ago, as long as some cache holds more than its share; else the one that the room is for.

import { NO_SLOT } from './entries.ts';
import type { EvictionPolicy } from './eviction/policy.ts';
import type { RecencyList } from './recency.ts';
import type { Store, StoreCache } from './store.ts';

export interface Evictable {
  readonly recency: RecencyList;
  readonly eviction: EvictionPolicy;
  readonly shareBytes: number | undefined;
  readonly evictable: boolean;
  bytes: number;
}

/** Evicts until the whole budget's use is down to `targetBytes`; false where too little may go. */
export function evictFor(store: Store, targetBytes: number, asking: StoreCache | undefined): boolean {
  while (store.budget.usedBytes > targetBytes) {
    const victim =
      oldest(store, overShare) ?? oldest(store, (cache) => cache === asking) ?? oldest(store, holdsAnything);
    if (!victim) return false;
    const incomingBytes = victim === asking ? store.budget.usedBytes - targetBytes : 0;
    store.evict(victim.eviction.victimFor(incomingBytes), 'memory');
  }
  return true;
}

/** Evicts from `cache` until `bytes` more are within its own bound; false where it may not evict. */
export function evictWithin(store: Store, cache: StoreCache, bytes: number): boolean {
  if (cache.shareBytes === undefined) return true;
  while (cache.bytes + bytes > cache.shareBytes) {
    if (!cache.evictable || cache.recency.oldest === NO_SLOT) return false;
    store.evict(cache.eviction.victimFor(bytes), 'share');
  }
  return true;
}

function oldest(store: Store, mayLose: (cache: StoreCache) => boolean): StoreCache | undefined {
  let victim: StoreCache | undefined;
  let oldestMs = Number.POSITIVE_INFINITY;
  for (const cache of store.caches) {
    if (!cache.evictable || cache.recency.oldest === NO_SLOT || !mayLose(cache)) continue;
    const readAtMs = store.entries.readAtMs[cache.recency.oldest]!;
    if (readAtMs < oldestMs) {
      victim = cache;
      oldestMs = readAtMs;
    }
  }
  return victim;
}

function overShare(cache: StoreCache): boolean {
  return cache.bytes > (cache.shareBytes ?? 0);
}

function holdsAnything(): boolean {
  return true;
}
