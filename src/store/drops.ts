// What is dropped, or made old, in one go: whole caches, tags and prefixes; and taking back the memory behind.
//
// Each is one mark, however many entries it concerns: a cohort's (cohorts.ts), a tag's (tag-index.ts), or a prefix that waits
// (prefix-drops.ts). Who looks finds nothing there any more (the store asks the marks itself), and what few entries hold is
// taken back at once, of more in slices, or as soon as room is needed. What died with its cache is counted as nobody's
// from then on; what died with a tag or a prefix is its cache's until it is taken back.

import type { Budget } from './budget.ts';
import { type Cohorts, NO_COHORT } from './cohorts.ts';
import type { Contents } from './contents.ts';
import { type Entries, NO_SLOT, OLD, TAGGED } from './entries.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import { LOOKS_A_DROP, PrefixDrops, type Swept } from './prefix-drops.ts';
import { emptyList, type Recency, type RecencyList } from './recency.ts';
import type { StoreCache } from './store-cache.ts';
import type { TagIndex } from './tag-index.ts';

/** So many entries that were dropped together are taken back, and so many slots looked at for a prefix, at once. */
export const RECLAIM_AT_ONCE = 1000;
const SWEEP_AT_ONCE = RECLAIM_AT_ONCE * LOOKS_A_DROP;
/** To take back so many bytes of a record, as a power of two, is as much work as what else there is to do for an entry. */
const WORK_SHIFT = 9;

export interface DropParts {
  readonly budget: Budget;
  readonly entries: Entries;
  readonly contents: Contents;
  readonly cohorts: Cohorts;
  readonly tags: TagIndex;
  /** The lists that eviction keeps entries on. */
  readonly lists: Recency;
  readonly seed: HashSeed;
  /** Version of the entry that was written last. */
  version(): number;
  costOf(slot: number): number;
  /** Drops one entry of those that its cache counts. */
  remove(slot: number): void;
  /** Gives back the slot and all that it holds; whatever counts it is the caller's. */
  free(slot: number): void;
  /** Charges for what is of `cache`, evicting where needed; false and unchanged where there is no room. */
  charge(bytes: number, cache: StoreCache): boolean;
}

export class Drops {
  readonly prefixes: PrefixDrops;
  readonly #parts: DropParts;
  /** Entries that died with their caches. */
  readonly #doomed: RecencyList = emptyList();
  #doomedBytes = 0;

  constructor(parts: DropParts) {
    this.#parts = parts;
    this.prefixes = new PrefixDrops(this.#swept());
  }

  /** All that those are charged that died with their caches, and are not taken back yet. */
  get doomedBytes(): number {
    return this.#doomedBytes;
  }

  /** Whether there is anything left to take back, or to look for. */
  get any(): boolean {
    return this.#doomed.oldest !== NO_SLOT || this.#anyCounted;
  }

  /** Drops every entry of the cache, however many, at once; returns how many. Memory comes back behind it. */
  dropAll(cache: StoreCache): number {
    const { cohorts, budget } = this.#parts;
    const dropped = cache.entries;
    cohorts.dropAll(cache.id);
    this.prefixes.forget(cache.id);
    cache.eviction.cleared(this.#doomed);
    this.#doomedBytes += cache.bytes;
    cache.entries = 0;
    cache.bytes = 0;
    cache.payloadBytes = 0;
    budget.release(cache.policyBytes);
    cache.policyBytes = 0;
    // What is stored from now on is of another generation than what was dropped.
    this.makeOld(cache);
    if (dropped <= RECLAIM_AT_ONCE) this.reclaim(RECLAIM_AT_ONCE);
    return dropped;
  }

  /** Drops every entry with the tag, at once; returns how many. Of more than a thousand the memory comes back behind it. */
  dropTag(cache: StoreCache, tag: string): number {
    const dropped = this.#parts.tags.drop(cache.id, tag);
    if (dropped > RECLAIM_AT_ONCE) return dropped;
    const before = cache.entries;
    let left = RECLAIM_AT_ONCE;
    // This tag was the last to be dropped, so it is the first to give out its entries, and each has it once.
    for (let i = 0; i < dropped; i++) {
      if (left <= 0) return before - cache.entries + dropped - i;
      left -= this.#reclaimTagged();
    }
    return before - cache.entries;
  }

  /** Drops every entry whose key begins so, or marks it old, at once; returns how many of the first that were looked at. */
  dropPrefix(cache: StoreCache, prefix: Uint8Array, soft: boolean): number {
    const { prefixes } = this;
    const waitingBytes = prefixes.costOf(prefix);
    const mayWait = this.#parts.charge(waitingBytes, cache);
    if (mayWait) this.#parts.budget.release(waitingBytes);
    prefixes.add(cache.id, prefix, this.#parts.version(), soft);
    return prefixes.sweep(mayWait ? prefixes.partFor(SWEEP_AT_ONCE) : Number.POSITIVE_INFINITY);
  }

  /**
   * Begins a generation of the cache, beside which every entry it has is old; false where each that there can be has
   * live entries, this cache's own among them.
   */
  makeOld(cache: StoreCache): boolean {
    const { cohorts } = this.#parts;
    let next = cohorts.begin(cache.id, cache.cohort);
    while (next === NO_COHORT && this.#reclaimDoomed() > 0) next = cohorts.begin(cache.id, cache.cohort);
    if (next === NO_COHORT) return false;
    cache.cohort = next;
    return true;
  }

  // --- taking back

  /** Takes back the memory of up to `most` dropped entries, of long ones fewer; false when nothing is left to take back. */
  reclaim(most: number): boolean {
    let left = most;
    while (left > 0) {
      const took = this.#reclaimOne();
      if (took === 0) break;
      left -= took;
    }
    if (left > 0) this.prefixes.sweep(left * LOOKS_A_DROP);
    return this.any;
  }

  /**
   * Takes back up to `most` entries that died with a tag or a prefix and are still counted as their cache's, as far as
   * looking at so many finds them; false when there are none left.
   */
  reclaimCounted(most: number): boolean {
    let left = most;
    for (let took = 1; left > 0 && took > 0; left -= took) took = this.#reclaimTagged();
    if (left > 0) this.prefixes.sweep(left * LOOKS_A_DROP);
    return this.#anyCounted;
  }

  /** Takes back until the whole budget's use is down to `targetBytes`; false where that is not enough. */
  reclaimTo(targetBytes: number): boolean {
    const { budget } = this.#parts;
    while (budget.usedBytes > targetBytes && this.#reclaimOne() > 0);
    // What a slice of the sweep does not find goes as if it lived, when its turn comes.
    if (budget.usedBytes > targetBytes) this.prefixes.sweep(SWEEP_AT_ONCE);
    return budget.usedBytes <= targetBytes;
  }

  // --- the inside

  get #anyCounted(): boolean {
    return this.#parts.tags.anyDropped || this.prefixes.any;
  }

  /** Takes back an entry, of a cache before any of a tag, and says what that took; 0 where there is none. */
  #reclaimOne(): number {
    return this.#reclaimDoomed() || this.#reclaimTagged();
  }

  #reclaimDoomed(): number {
    const slot = this.#doomed.oldest;
    if (slot === NO_SLOT) return 0;
    const took = this.#workOf(slot);
    this.#parts.lists.remove(this.#doomed, slot);
    this.#doomedBytes -= this.#parts.costOf(slot);
    this.#parts.free(slot);
    return took;
  }

  #reclaimTagged(): number {
    const slot = this.#parts.tags.nextDropped();
    if (slot === NO_SLOT) return 0;
    const took = this.#workOf(slot);
    if (this.#liveCacheId(slot) === undefined) this.#untag(slot);
    else this.#parts.remove(slot);
    return took;
  }

  /** What taking back the entry costs, in such of ordinary ones: its record is hashed, and another one moved. */
  #workOf(slot: number): number {
    return 1 + (this.#parts.contents.header(slot).bytes >>> WORK_SHIFT);
  }

  /** What died with its cache is taken back with that; only its tags go. */
  #untag(slot: number): void {
    const { budget, entries, tags } = this.#parts;
    const bytes = tags.linksCostOf(slot);
    tags.remove(slot);
    entries.setFlag(slot, TAGGED, false);
    this.#doomedBytes -= bytes;
    budget.release(bytes);
  }

  /** The cache of a slot that is in use; undefined where the entry died with it. */
  #liveCacheId(slot: number): number | undefined {
    const { entries, cohorts } = this.#parts;
    const cohort = entries.cohort(slot);
    const cacheId = cohorts.cacheId(cohort);
    return cohorts.isLive(cohort, cacheId) ? cacheId : undefined;
  }

  #swept(): Swept {
    const { budget, contents, entries, remove, seed } = this.#parts;
    return {
      get slots() {
        return entries.highWater;
      },
      cacheIdOf: (slot) => (entries.isUsed(slot) ? this.#liveCacheId(slot) : undefined),
      versionOf: (slot) => entries.version(slot),
      hashOfPrefix: (prefix) => hashBytes(prefix, 0, prefix.length, seed, 0),
      hashOfBeginning: (slot, length) => contents.hashOfBeginning(slot, length),
      keyStartsWith: (slot, prefix) => contents.keyStartsWith(slot, prefix),
      drop: (slot) => {
        const took = this.#workOf(slot);
        remove(slot);
        return took;
      },
      markOld: (slot) => entries.setFlag(slot, OLD, true),
      charge: (bytes) => budget.force(bytes),
    };
  }
}
