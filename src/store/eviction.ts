// Which entries go when memory is short: of a cache the one that its policy names; among caches the one whose oldest entry
// was read longest ago, as long as some cache holds more than its share; else the one that the room is for.

import type { Budget } from './budget.ts';
import type { Drops } from './drops.ts';
import { type Entries, NO_SLOT } from './entries.ts';
import { SEGMENTS } from './eviction/slots.ts';
import type { EvictionReason, StoreCache } from './store-cache.ts';

/** So many of a cache's entries that are dropped but still counted are looked for before any that lives is evicted. */
const RECLAIMED_PER_STEP = 100;

export interface EvictionParts {
  readonly budget: Budget;
  readonly entries: Entries;
  readonly drops: Drops;
  readonly caches: readonly StoreCache[];
  evict(slot: number, reason: EvictionReason): void;
}

/** Evicts until the whole budget's use is down to `targetBytes`; false where too little may go. */
export function evictFor(parts: EvictionParts, targetBytes: number, asking: StoreCache | undefined): boolean {
  while (parts.budget.usedBytes > targetBytes) {
    const victim =
      oldest(parts, overShare) ?? oldest(parts, (cache) => cache === asking) ?? oldest(parts, holdsAnything);
    if (!victim) return false;
    const incomingBytes = victim === asking ? parts.budget.usedBytes - targetBytes : 0;
    parts.evict(victim.eviction.victimFor(incomingBytes), 'memory');
  }
  return true;
}

/** Evicts from `cache` until `bytes` more are within its own bound; false where it may not evict. */
export function evictWithin(parts: EvictionParts, cache: StoreCache, bytes: number): boolean {
  const { shareBytes } = cache;
  if (shareBytes === undefined) return true;
  if (cache.bytes + bytes > shareBytes) parts.drops.reclaimCounted(RECLAIMED_PER_STEP);
  while (cache.bytes + bytes > shareBytes) {
    if (cache.evictable && cache.entries > 0) parts.evict(cache.eviction.victimFor(bytes), 'share');
    else if (!parts.drops.reclaimCounted(RECLAIMED_PER_STEP)) return cache.bytes + bytes <= shareBytes;
  }
  return true;
}

function oldest(parts: EvictionParts, mayLose: (cache: StoreCache) => boolean): StoreCache | undefined {
  let victim: StoreCache | undefined;
  let oldestSlot = NO_SLOT;
  for (const cache of parts.caches) {
    if (!cache.evictable || cache.entries === 0 || !mayLose(cache)) continue;
    const slot = oldestOf(cache, parts.entries);
    if (oldestSlot !== NO_SLOT && parts.entries.compareRead(slot, oldestSlot) >= 0) continue;
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
