// A store as tests use it: values in and out as bytes, and the sum that must always add up.

import type { Draft } from '../../src/store/draft.ts';
import { NO_SLOT } from '../../src/store/entries.ts';
import { type Attributes, Store, type StoreOptions } from '../../src/store/store.ts';
import type { StoreCache } from '../../src/store/store-cache.ts';
import type { Value } from '../../src/store/value.ts';

export function newStore(options: Partial<StoreOptions> = {}): Store {
  return new Store({ memoryBytes: 1 << 20, maxValueBytes: 1 << 18, seed: [1, 2], ...options });
}

export function newCache(store: Store, shareBytes?: number, evictable = true): StoreCache {
  return store.addCache({ shareBytes, evictable });
}

export function attributes(some: Partial<Attributes> = {}): Attributes {
  return { contentType: 'text/plain', etag: '', tags: [], ...some };
}

/** The draft of `bytes`, received in one piece of unknown length; the caller's to release. */
export function draftOf(store: Store, bytes: Uint8Array): Draft {
  const draft = store.draft();
  try {
    draft.append(bytes);
    return draft;
  } catch (error) {
    draft.release();
    throw error;
  }
}

export function putBytes(
  store: Store,
  cache: StoreCache,
  key: string | Buffer,
  bytes: Uint8Array,
  { timed, ...some }: Partial<Attributes> & { timed?: boolean } = {},
  nowMs = 0,
): number {
  const draft = draftOf(store, bytes);
  try {
    return store.put(cache, Buffer.from(key), draft, attributes(some), nowMs, timed);
  } finally {
    draft.release();
  }
}

export function findKey(store: Store, cache: StoreCache, key: string | Buffer): number {
  const bytes = Buffer.from(key);
  return store.find(cache, bytes, 0, bytes.length);
}

export function has(store: Store, cache: StoreCache, key: string): boolean {
  return findKey(store, cache, key) !== NO_SLOT;
}

export function storedBytes(store: Store, slot: number): Buffer {
  const value = Buffer.alloc(store.valueLength(slot));
  store.copyValue(slot, 0, value, 0, value.length);
  return value;
}

export function bytesOf(value: Value): Buffer {
  const bytes = Buffer.alloc(value.length);
  value.copy(0, bytes, 0, bytes.length);
  return bytes;
}

/** What is charged for: live entries, dropped ones whose memory is not back yet, and drafts. Not what only readers hold. */
export function accountedBytes(store: Store): number {
  const { entries } = store;
  let bytes = store.room.draftBytes + store.room.tagBytes + store.drops.prefixes.bytes;
  for (const cache of store.caches) bytes += cache.policyBytes;
  for (let slot = 0; slot < entries.highWater; slot++) if (entries.isUsed(slot)) bytes += store.costOf(slot);
  return bytes;
}

/** Drops everything and takes all memory back. */
export function emptyStore(store: Store): void {
  for (const cache of store.caches) store.drops.dropAll(cache);
  while (store.drops.reclaim(1000));
}
