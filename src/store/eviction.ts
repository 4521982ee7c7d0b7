// Which entries go when memory is short: of a cache the one that its policy names; among caches the one whose oldest entry
// was read longest ago, as long as some cache holds more than its share; else the one that the room is for.

import { type Entries, NO_SLOT } from './entries.ts';
import { SEGMENTS } from './eviction/slots.ts';
import type { Store, StoreCache } from './store.ts';

/** So many of a cache's entries that are dropped but still counted are looked for before any that lives is evicted. */
const RECLAIMED_PER_STEP = 100;

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
  const { shareBytes } = cache;
  if (shareBytes === undefined) return true;
  if (cache.bytes + bytes > shareBytes) store.drops.reclaimCounted(RECLAIMED_PER_STEP);
  while (cache.bytes + bytes > shareBytes) {
    if (cache.evictable && cache.entries > 0) store.evict(cache.eviction.victimFor(bytes), 'share');
    else if (!store.drops.reclaimCounted(RECLAIMED_PER_STEP)) return cache.bytes + bytes <= shareBytes;
  }
  return true;
}

function oldest(store: Store, mayLose: (cache: StoreCache) => boolean): StoreCache | undefined {
  let victim: StoreCache | undefined;
  let oldestSlot = NO_SLOT;
  for (const cache of store.caches) {
    if (!cache.evictable || cache.entries === 0 || !mayLose(cache)) continue;
    const slot = oldestOf(cache, store.entries);
    if (oldestSlot !== NO_SLOT && store.entries.compareRead(slot, oldestSlot) >= 0) continue;
    victim = cache;
    oldestSlot = slot;
  }
  return victim;
}

function oldestOf(cache: StoreCache, entries: Entries): number {
  let oldest = NO_SLOT;
  for (const segment of SEGMENTS) {
    const slot = cache.eviction.oldestOf(segment);
    if (slot === NO_SLOT) continue;
    if (oldest === NO_SLOT || entries.compareRead(slot, oldest) < 0) oldest = slot;
  }
  return oldest;
}

function overShare(cache: StoreCache): boolean {
  return cache.bytes > (cache.shareBytes ?? 0);
}

function holdsAnything(): boolean {
  return true;
}
