// The room for entries and drafts: what they are charged, and how room is made for it. Not which of them goes (eviction.ts).
//
// Where there is too little, what was dropped is taken back first (drops.ts), and only then does anything that lives go;
// for what could not fit even so, nothing goes. A cache with a bound of its own makes room in itself before it asks for
// any of the others'.

import { RoomError, TooLargeError } from '../errors.ts';
import type { Draft, DraftRoom } from './draft.ts';
import { RECLAIM_AT_ONCE } from './drops.ts';
import { type EvictionParts, evictFor, evictWithin } from './eviction.ts';
import type { Pages } from './pages.ts';
import type { Pins } from './pins.ts';
import type { StoreCache } from './store-cache.ts';
import type { TagIndex } from './tag-index.ts';

/** What eviction knows of a cache of few entries is not charged: some caches have room for less. */
const FREE_POLICY_BYTES = 20 << 10;
/** Its tables grow by doubling. What has to go for them goes bit by bit, for each entry takes its time. */
const POLICY_STEP_BYTES = 4 << 10;
const NO_TAGS: readonly string[] = [];

export interface RoomParts extends EvictionParts {
  readonly maxValueBytes: number;
  readonly pages: Pages;
  readonly pins: Pins;
  readonly tags: TagIndex;
}

export class Room implements DraftRoom {
  readonly maxValueBytes: number;
  readonly pages: Pages;
  readonly #parts: RoomParts;
  #draftBytes = 0;

  constructor(parts: RoomParts) {
    this.maxValueBytes = parts.maxValueBytes;
    this.pages = parts.pages;
    this.#parts = parts;
    parts.budget.onFull((bytes) => this.#makeRoom(bytes, undefined));
  }

  /** Bytes held by values that are being received. */
  get draftBytes(): number {
    return this.#draftBytes;
  }

  /** All that is charged beyond keys, values and what is being received: a part of it is what readers hold. */
  get overheadBytes(): number {
    let bytes = this.#parts.budget.usedBytes - this.#draftBytes;
    for (const { payloadBytes } of this.#parts.caches) bytes -= payloadBytes;
    return bytes;
  }

  /** Bytes of the tags themselves, of whatever cache. */
  get tagBytes(): number {
    return this.#parts.tags.bytes;
  }

  // --- for drafts

  chargeDraft(bytes: number, cache: StoreCache | undefined): void {
    const mostBytes = this.#parts.budget.limitBytes / 2;
    if (this.#draftBytes + bytes > mostBytes || !this.charge(bytes, cache)) throw noRoom();
    this.#draftBytes += bytes;
  }

  rechargeDraft(bytes: number): void {
    this.#draftBytes += bytes;
    this.#parts.budget.force(bytes);
  }

  releaseDraft(bytes: number): void {
    this.#draftBytes -= bytes;
    this.#parts.budget.release(bytes);
  }

  // --- for entries

  /**
   * Charges what an entry will cost in place of what its draft has charged; evicts nothing for what can never fit. Throws
   * TooLargeError or RoomError, and the draft is charged as before.
   */
  chargeEntry(cache: StoreCache, costBytes: number, tags: readonly string[], draft: Draft): void {
    const mostBytes = this.#mostOf(cache);
    if (costBytes > mostBytes) {
      throw new TooLargeError(
        `the value would take ${costBytes} bytes, more than its cache may hold (${mostBytes} bytes)`,
      );
    }
    // The draft's charge becomes the entry's: counting both would evict twice.
    const draftBytes = draft.uncharge();
    if (this.#chargeCost(cache, costBytes, tags)) return;
    draft.charge(draftBytes);
    throw noRoom();
  }

  /** Charges what an entry will cost that had no draft and has no tags; false and unchanged where there is no room. */
  chargeUntagged(cache: StoreCache, costBytes: number): boolean {
    return costBytes <= this.#mostOf(cache) && this.#chargeCost(cache, costBytes, NO_TAGS);
  }

  /** Throws RoomError where an entry that is never evicted would take more than there is, or than its cache may hold. */
  refuseBeyond(cache: StoreCache, moreBytes: number, newTagBytes: number): void {
    if (cache.evictable || moreBytes + newTagBytes <= 0) return;
    if (!evictWithin(this.#parts, cache, moreBytes) || !this.charge(moreBytes + newTagBytes, cache))
      throw noRoom();
    this.#parts.budget.release(moreBytes + newTagBytes);
  }

  /** A live entry takes more bytes, or fewer, in its place. */
  grew(cache: StoreCache, slot: number, moreBytes: number): void {
    const { budget } = this.#parts;
    budget.force(moreBytes);
    cache.bytes += moreBytes;
    cache.eviction.resized(slot, moreBytes);
    evictWithin(this.#parts, cache, 0);
    const overBytes = -budget.freeBytes;
    if (overBytes > 0) this.#makeRoom(overBytes, cache);
  }

  /** Charges for what is of `cache`, evicting where needed; false and unchanged where there is no room. */
  charge(bytes: number, cache: StoreCache | undefined): boolean {
    const { budget } = this.#parts;
    const missing = bytes - budget.freeBytes;
    if (missing > 0 && !this.#makeRoom(missing, cache)) return false;
    return budget.charge(bytes);
  }

  // --- the inside

  /** What the cache may hold at most, of one entry as of all. */
  #mostOf(cache: StoreCache): number {
    return cache.shareBytes ?? this.#parts.budget.limitBytes;
  }

  /** Charges `costBytes`, with room behind it for the tags that are new; they charge themselves. */
  #chargeCost(cache: StoreCache, costBytes: number, tags: readonly string[]): boolean {
    const { budget, tags: index } = this.#parts;
    if (!this.#mayFit(costBytes + index.newTagsCost(cache.id, tags))) return false;
    if (!evictWithin(this.#parts, cache, costBytes)) return false;
    this.#chargePolicy(cache);
    let charged = 0;
    let wanted = costBytes + index.newTagsCost(cache.id, tags);
    // What is evicted may be the last of a tag, which then is new.
    while (charged < wanted) {
      if (!this.charge(wanted - charged, cache)) {
        budget.release(charged);
        return false;
      }
      charged = wanted;
      wanted = costBytes + index.newTagsCost(cache.id, tags);
    }
    budget.release(charged - costBytes);
    return true;
  }

  /** Charges what eviction has come to know of the cache, or a part of it: the rest as more is stored. */
  #chargePolicy(cache: StoreCache): void {
    const missing = cache.eviction.overheadBytes - FREE_POLICY_BYTES - cache.policyBytes;
    if (missing <= 0) return;
    const bytes = Math.min(missing, POLICY_STEP_BYTES);
    if (this.charge(bytes, cache)) cache.policyBytes += bytes;
  }

  /** Evicts nothing where that would not be enough; `cache` is the one that the room is for. */
  #makeRoom(bytes: number, cache: StoreCache | undefined): boolean {
    const { budget, drops } = this.#parts;
    const target = budget.usedBytes - bytes;
    if (drops.reclaimTo(target)) return true;
    return this.#mayFit(bytes + budget.freeBytes) && evictFor(this.#parts, target, cache);
  }

  /** Whether there is room for `bytes`, or would be if every entry went that may; what is being sent would give none. */
  #mayFit(bytes: number): boolean {
    const { budget, drops } = this.#parts;
    if (bytes <= budget.freeBytes || bytes <= this.#roomBytes) return true;
    // Rather a pause than to refuse what has room: what died of a cache that is never evicted may be enough.
    while (drops.reclaimCounted(RECLAIM_AT_ONCE) && bytes > this.#roomBytes);
    return bytes <= this.#roomBytes;
  }

  get #roomBytes(): number {
    const { budget, caches, drops, pins } = this.#parts;
    let bytes = budget.freeBytes + drops.doomedBytes - pins.ownedBytes;
    for (const cache of caches) if (cache.evictable) bytes += cache.bytes;
    return bytes;
  }
}

/** The error of everything that found no room. */
function noRoom(): RoomError {
  return new RoomError('there is no memory left for this value; nothing that was stored is lost');
}
