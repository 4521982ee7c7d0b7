// Entries in bounded memory: bytes in, bytes out, synchronously. Knows nothing of loaders, times to live or networks.
//
// An entry is a slot in a table of typed arrays (entries.ts), found through a keyed hash (key-index.ts), with its key
// and value in chained blocks outside V8's heap (arena.ts). Every byte is charged to one budget (budget.ts); when it
// is full, each cache lets go of what its eviction policy finds least worth keeping (eviction.ts, eviction/policy.ts).
// Dropping a whole cache counts its generation up: its entries are dead at once and their memory is taken back in slices.

import { TooLargeError } from '../errors.ts';
import { Arena, BLOCK_COST_BYTES, blocksFor, NO_BLOCK } from './arena.ts';
import { Budget } from './budget.ts';
import { ChainWriter } from './chain.ts';
import { ContentTypes, NOT_INTERNED } from './content-types.ts';
import { Deadlines } from './deadlines.ts';
import { Draft, type DraftRoom, noRoom } from './draft.ts';
import { ENTRY_OVERHEAD_BYTES, Entries, NO_SLOT } from './entries.ts';
import { EvictionPolicy } from './eviction/policy.ts';
import { EvictionSlots } from './eviction/slots.ts';
import { type Evictable, evictFor, evictWithin } from './eviction.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import { KeyIndex } from './key-index.ts';
import { Pins } from './pins.ts';
import { emptyList, Recency, type RecencyList } from './recency.ts';
import { LINK_COST_BYTES, TagIndex } from './tag-index.ts';
import type { Value } from './value.ts';

/** Why an entry went; the `reason` of sidecache_evictions_total. Invalidations are counted apart. */
export const EVICTION_REASONS = ['memory', 'share', 'expiry', 'ttl', 'negative'] as const;
export type EvictionReason = (typeof EVICTION_REASONS)[number];

export interface StoreOptions {
  memoryBytes: number;
  maxValueBytes: number;
  seed: HashSeed;
}

/** One cache's part of the store. */
export interface StoreCache extends Evictable {
  readonly id: number;
  /** Upper bound and guaranteed share, undefined where the cache has none of its own. */
  readonly shareBytes: number | undefined;
  readonly evictable: boolean;
  readonly recency: RecencyList;
  readonly evictions: Record<EvictionReason, number>;
  entries: number;
  bytes: number;
  generation: number;
}

export interface Attributes {
  contentType: string;
  /** The origin's own ETag; '' where it gave none. */
  etag: string;
  tags: readonly string[];
}

/** Dropping a cache of up to so many entries takes their memory back at once. */
const RECLAIM_AT_ONCE = 1000;

export class Store implements DraftRoom {
  readonly budget: Budget;
  readonly arena: Arena;
  readonly entries: Entries;
  readonly deadlines: Deadlines;
  readonly caches: StoreCache[] = [];
  readonly maxValueBytes: number;
  readonly recency: Recency;
  readonly #index: KeyIndex;
  readonly #tags: TagIndex;
  readonly #types = new ContentTypes();
  readonly #pins: Pins;
  readonly #evictionSlots: EvictionSlots;
  readonly #doomed: RecencyList = emptyList();
  #doomedBytes = 0;
  #draftBytes = 0;
  #version = 0;

  constructor(options: StoreOptions) {
    const { memoryBytes } = options;
    const maxEntries = Math.floor(memoryBytes / (ENTRY_OVERHEAD_BYTES + BLOCK_COST_BYTES)) + 1;
    this.maxValueBytes = options.maxValueBytes;
    this.budget = new Budget(memoryBytes);
    this.arena = new Arena(memoryBytes);
    this.entries = new Entries(maxEntries, options.seed);
    this.deadlines = new Deadlines(maxEntries);
    this.recency = new Recency(maxEntries);
    this.#evictionSlots = new EvictionSlots(maxEntries);
    this.#index = new KeyIndex(this.entries);
    this.#tags = new TagIndex(maxEntries, Math.floor(memoryBytes / LINK_COST_BYTES) + 1);
    this.#pins = new Pins(this.arena, this.budget);
    this.budget.onFull((bytes) => this.#makeRoom(bytes));
  }

  addCache(options: { shareBytes: number | undefined; evictable: boolean }): StoreCache {
    const evictions = { memory: 0, share: 0, expiry: 0, ttl: 0, negative: 0 };
    const id = this.caches.length;
    const eviction = new EvictionPolicy(this.entries, this.#evictionSlots);
    const recency = emptyList();
    const cache = { id, ...options, recency, eviction, evictions, entries: 0, bytes: 0, generation: 0 };
    this.caches.push(cache);
    return cache;
  }

  // --- reading

  hash(cache: StoreCache, bytes: Uint8Array, start: number, end: number): number {
    return hashBytes(bytes, start, end, this.entries.seed, cache.id);
  }

  /** Hashes of tags, of another name space than keys. */
  tagHashes(cache: StoreCache, tags: readonly string[]): number[] {
    return tags.map((tag) => {
      const bytes = Buffer.from(tag, 'latin1');
      return hashBytes(bytes, 0, bytes.length, this.entries.seed, ~cache.id);
    });
  }

  /** The live entry under `bytes[start, end)`, else NO_SLOT. */
  find(cache: StoreCache, bytes: Uint8Array, start: number, end: number): number {
    const { hash, cacheId, keyLength, generation, head } = this.entries;
    const wanted = this.hash(cache, bytes, start, end);
    let place = this.#index.firstPlace(wanted);
    for (;;) {
      const slot = this.#index.candidate(place);
      if (slot === NO_SLOT) return NO_SLOT;
      if (
        hash[slot] === wanted &&
        keyLength[slot] === end - start &&
        cacheId[slot] === cache.id &&
        generation[slot] === cache.generation &&
        this.arena.startsWith(head[slot]!, bytes, start, end)
      ) {
        return slot;
      }
      place = this.#index.nextPlace(place);
    }
  }

  /** Notes that the entry was read. */
  touch(cache: StoreCache, slot: number, nowMs: number): void {
    this.entries.readAtMs[slot] = nowMs;
    cache.eviction.read(slot);
    if (cache.recency.newest === slot) return;
    this.recency.remove(cache.recency, slot);
    this.recency.pushNewest(cache.recency, slot);
  }

  key(slot: number): Buffer {
    const length = this.entries.keyLength[slot]!;
    const key = Buffer.allocUnsafe(length);
    this.arena.read(this.entries.head[slot]!, 0, key, 0, length);
    return key;
  }

  /** The ETag that the origin gave, '' where it gave none. */
  etag(slot: number): string {
    const length = this.entries.etagLength[slot]!;
    return length === 0 ? '' : this.#text(slot, this.entries.keyLength[slot]!, length);
  }

  contentType(slot: number): string {
    const { keyLength, etagLength, typeLength, typeId } = this.entries;
    const length = typeLength[slot]!;
    if (length === 0) return this.#types.name(typeId[slot]!);
    return this.#text(slot, keyLength[slot]! + etagLength[slot]!, length);
  }

  tags(slot: number): string[] {
    return this.#tags.namesOf(slot);
  }

  valueLength(slot: number): number {
    return this.entries.valueLength[slot]!;
  }

  /** Copies `length` bytes of the value from `position` into `target[at…]`. */
  copyValue(slot: number, position: number, target: Uint8Array, at: number, length: number): void {
    const { head, valueHead } = this.entries;
    if (valueHead[slot] !== NO_BLOCK) this.arena.read(valueHead[slot]!, position, target, at, length);
    else this.arena.read(head[slot]!, this.#prefixLength(slot) + position, target, at, length);
  }

  /** The value, kept until it is released. */
  hold(slot: number): Value {
    const { head, valueHead, valueLength } = this.entries;
    const split = valueHead[slot] !== NO_BLOCK;
    const chain = split ? valueHead[slot]! : head[slot]!;
    const begin = split ? 0 : this.#prefixLength(slot);
    this.#pins.pin(chain, split ? chainCost(valueLength[slot]!) : this.entries.costBytes[slot]!);
    const value: Value = {
      length: valueLength[slot]!,
      copy: (position, target, at, length) => this.arena.read(chain, begin + position, target, at, length),
      retain: () => {
        this.#pins.pinAgain(chain);
        return value;
      },
      release: () => this.#pins.unpin(chain),
    };
    return value;
  }

  // --- writing

  /** A value to be received; what it displaces goes from `cache` before it takes another's share. */
  draft(cache?: StoreCache): Draft {
    return new Draft(this, cache);
  }

  /**
   * Stores the draft under the key, in the slot of the entry it replaces where there is one: that keeps its place
   * among what was read. The caller sets the times, and still releases the draft. Throws TooLargeError or RoomError;
   * what was stored before then stays.
   */
  put(cache: StoreCache, key: Uint8Array, draft: Draft, attributes: Attributes, nowMs: number): number {
    const { entries } = this;
    const costBytes = this.#chargeEntry(cache, key, draft, attributes);
    const found = this.find(cache, key, 0, key.length);
    const slot = found === NO_SLOT ? this.#admit(cache, nowMs) : found;
    const moreBytes = found === NO_SLOT ? costBytes : costBytes - entries.costBytes[found]!;
    if (found !== NO_SLOT) this.#empty(cache, found);
    this.#fill(slot, key, draft, attributes);
    entries.hash[slot] = this.hash(cache, key, 0, key.length);
    entries.cacheId[slot] = cache.id;
    entries.generation[slot] = cache.generation;
    entries.costBytes[slot] = costBytes;
    entries.version[slot] = ++this.#version;
    entries.flags[slot] = 0;
    this.#index.insert(slot);
    this.#tags.add(cache.id, slot, attributes.tags);
    cache.bytes += costBytes;
    if (found === NO_SLOT) cache.eviction.added(slot);
    else cache.eviction.resized(slot, moreBytes);
    return slot;
  }

  /** Gives a live entry other tags. Where they find no room it may go itself. */
  retag(cache: StoreCache, slot: number, tags: readonly string[]): void {
    const before = this.#tags.namesOf(slot);
    if (before.length === tags.length && before.every((tag, i) => tag === tags[i])) return;
    const more = this.#tags.costBytes(tags) - this.#tags.costBytes(before);
    this.budget.force(more);
    this.entries.costBytes[slot]! += more;
    cache.bytes += more;
    cache.eviction.resized(slot, more);
    this.#tags.remove(slot);
    this.#tags.add(cache.id, slot, tags);
    evictWithin(this, cache, 0);
    const overBytes = -this.budget.freeBytes;
    if (overBytes > 0) this.#makeRoom(overBytes, cache);
  }

  /** Drops one live entry. */
  remove(slot: number): void {
    const cache = this.caches[this.entries.cacheId[slot]!]!;
    this.recency.remove(cache.recency, slot);
    cache.eviction.removed(slot);
    cache.entries--;
    this.#empty(cache, slot);
    this.entries.free(slot);
  }

  evict(slot: number, reason: EvictionReason): void {
    this.caches[this.entries.cacheId[slot]!]!.evictions[reason]++;
    this.remove(slot);
  }

  /** Drops every entry of the cache, however many, at once; returns how many. Memory comes back behind it. */
  clear(cache: StoreCache): number {
    const dropped = cache.entries;
    cache.generation = (cache.generation + 1) >>> 0;
    this.recency.append(this.#doomed, cache.recency);
    cache.eviction.cleared();
    this.#doomedBytes += cache.bytes;
    cache.entries = 0;
    cache.bytes = 0;
    if (dropped <= RECLAIM_AT_ONCE) this.reclaim(RECLAIM_AT_ONCE);
    return dropped;
  }

  /** Takes back the memory of up to `most` entries of dropped caches; false when nothing is left to take back. */
  reclaim(most: number): boolean {
    for (let i = 0; i < most; i++) {
      const slot = this.#doomed.oldest;
      if (slot === NO_SLOT) return false;
      this.recency.remove(this.#doomed, slot);
      this.#doomedBytes -= this.entries.costBytes[slot]!;
      this.#release(slot);
      this.entries.free(slot);
    }
    return this.hasDoomed;
  }

  get hasDoomed(): boolean {
    return this.#doomed.oldest !== NO_SLOT;
  }

  /** The live entries with the tag, each once. */
  taggedSlots(cache: StoreCache, tag: string): number[] {
    return this.#tags.slotsWith(cache.id, tag).filter((slot) => this.isLive(cache, slot));
  }

  isLive(cache: StoreCache, slot: number): boolean {
    const { entries } = this;
    return (
      entries.isUsed(slot) &&
      entries.cacheId[slot] === cache.id &&
      entries.generation[slot] === cache.generation
    );
  }

  keyStartsWith(slot: number, prefix: Uint8Array): boolean {
    const { keyLength, head } = this.entries;
    return keyLength[slot]! >= prefix.length && this.arena.startsWith(head[slot]!, prefix, 0, prefix.length);
  }

  // --- the drafts' room

  chargeDraft(bytes: number, cache: StoreCache | undefined): void {
    if (this.#draftBytes + bytes > this.budget.limitBytes / 2 || !this.#charge(bytes, cache)) throw noRoom();
    this.#draftBytes += bytes;
  }

  rechargeDraft(bytes: number): void {
    this.#draftBytes += bytes;
    this.budget.force(bytes);
  }

  releaseDraft(bytes: number): void {
    this.#draftBytes -= bytes;
    this.budget.release(bytes);
  }

  /** Bytes held by values that are being received. */
  get draftBytes(): number {
    return this.#draftBytes;
  }

  // --- the inside

  /** Charges what the entry will cost beyond what its draft has charged; evicts nothing for what can never fit. */
  #chargeEntry(cache: StoreCache, key: Uint8Array, draft: Draft, attributes: Attributes): number {
    const prefix = key.length + attributes.etag.length + attributes.contentType.length;
    // Even where there is nothing to write, an entry has its block.
    const chains = draft.isShort
      ? chainCost(Math.max(1, prefix + draft.length))
      : chainCost(Math.max(1, prefix)) + chainCost(draft.length);
    const cost = ENTRY_OVERHEAD_BYTES + chains + this.#tags.costBytes(attributes.tags);
    const most = cache.shareBytes ?? this.budget.limitBytes;
    if (cost > most) {
      throw new TooLargeError(
        `the value would take ${cost} bytes, more than its cache may hold (${most} bytes)`,
      );
    }
    // The draft's charge becomes the entry's: counting both would evict twice.
    const draftBytes = draft.uncharge();
    if (this.#mayFit(cost) && evictWithin(this, cache, cost) && this.#charge(cost, cache)) return cost;
    draft.charge(draftBytes);
    throw noRoom();
  }

  #fill(slot: number, key: Uint8Array, draft: Draft, attributes: Attributes): void {
    const { entries } = this;
    const typeId = this.#types.idOf(attributes.contentType);
    const inlineType = typeId === NOT_INTERNED ? attributes.contentType : '';
    const chain = new ChainWriter(this.arena);
    chain.append(key, 0, key.length);
    if (attributes.etag !== '')
      chain.append(Buffer.from(attributes.etag, 'latin1'), 0, attributes.etag.length);
    if (inlineType !== '') chain.append(Buffer.from(inlineType, 'latin1'), 0, inlineType.length);
    const valueHead = draft.handOver();
    if (valueHead === NO_BLOCK) {
      const bytes = draft.bytes();
      chain.append(bytes, 0, bytes.length);
    }
    if (chain.head === NO_BLOCK) chain.reserve();
    entries.head[slot] = chain.head;
    entries.valueHead[slot] = valueHead;
    entries.keyLength[slot] = key.length;
    entries.valueLength[slot] = draft.length;
    entries.etagLength[slot] = attributes.etag.length;
    entries.typeLength[slot] = inlineType.length;
    entries.typeId[slot] = typeId;
  }

  #admit(cache: StoreCache, nowMs: number): number {
    const slot = this.entries.take();
    this.entries.readAtMs[slot] = nowMs;
    this.recency.pushNewest(cache.recency, slot);
    cache.entries++;
    return slot;
  }

  #empty(cache: StoreCache, slot: number): void {
    cache.bytes -= this.entries.costBytes[slot]!;
    this.#release(slot);
  }

  /** Gives back all that the slot holds, the slot itself apart. */
  #release(slot: number): void {
    const { head, valueHead, valueLength, costBytes } = this.entries;
    this.#index.remove(slot);
    this.#tags.remove(slot);
    this.deadlines.clear(slot);
    const split = valueHead[slot] !== NO_BLOCK;
    const valueBytes = split ? chainCost(valueLength[slot]!) : 0;
    if (split) this.#pins.free(valueHead[slot]!, valueBytes);
    this.#pins.free(head[slot]!, costBytes[slot]! - valueBytes);
  }

  #prefixLength(slot: number): number {
    const { keyLength, etagLength, typeLength } = this.entries;
    return keyLength[slot]! + etagLength[slot]! + typeLength[slot]!;
  }

  #text(slot: number, from: number, length: number): string {
    const bytes = Buffer.allocUnsafe(length);
    this.arena.read(this.entries.head[slot]!, from, bytes, 0, length);
    return bytes.toString('latin1');
  }

  #charge(bytes: number, cache: StoreCache | undefined): boolean {
    const missing = bytes - this.budget.freeBytes;
    if (missing > 0 && !this.#makeRoom(missing, cache)) return false;
    return this.budget.charge(bytes);
  }

  /** Evicts nothing where that would not be enough; `cache` is the one that the room is for. */
  #makeRoom(bytes: number, cache?: StoreCache): boolean {
    if (!this.#mayFit(bytes + this.budget.freeBytes)) return false;
    const target = this.budget.usedBytes - bytes;
    while (this.budget.usedBytes > target && this.reclaim(100));
    return this.budget.usedBytes <= target || evictFor(this, target, cache);
  }

  /** Whether there is room for `bytes`, or would be if every entry went that may; what is being sent would give none. */
  #mayFit(bytes: number): boolean {
    let roomBytes = this.budget.freeBytes;
    if (bytes <= roomBytes) return true;
    roomBytes += this.#doomedBytes - this.#pins.ownedBytes;
    for (const cache of this.caches) if (cache.evictable) roomBytes += cache.bytes;
    return bytes <= roomBytes;
  }
}

function chainCost(bytes: number): number {
  return blocksFor(bytes) * BLOCK_COST_BYTES;
}
