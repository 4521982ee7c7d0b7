// Entries in bounded memory: bytes in, bytes out, synchronously. Knows nothing of loaders or networks.
//
// An entry is a slot in a table of typed arrays (entries.ts), found through a keyed hash (key-index.ts), with a packed
// record of its key and value outside V8's heap (record.ts, records.ts). Every byte is charged to one budget (budget.ts,
// room.ts); when it is full, each cache lets go of what its eviction policy finds least worth keeping (eviction.ts,
// eviction/policy.ts).
// Dropping a whole cache, a tag or a prefix is one mark, however much it concerns, and the memory comes back behind it
// (drops.ts); whether an entry is marked is asked here, of the marks themselves, as every reading asks.

import { Budget } from './budget.ts';
import { Cohorts } from './cohorts.ts';
import { NOT_INTERNED } from './content-types.ts';
import { Contents } from './contents.ts';
import { Draft, SHORT_VALUE_BYTES } from './draft.ts';
import { Drops } from './drops.ts';
import { Entries, NO_SLOT, OLD, TAGGED, TIMED } from './entries.ts';
import { LEAST_ENTRY_BYTES, recordCost } from './entry-cost.ts';
import { EvictionPolicy } from './eviction/policy.ts';
import { EvictionSlots } from './eviction/slots.ts';
import { ExpectedKeys } from './expected-keys.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import { KeyIndex } from './key-index.ts';
import { Lifetimes } from './lifetimes.ts';
import { PAGE_BYTES, PAGE_COST_BYTES } from './pages.ts';
import type { PrefixDrops } from './prefix-drops.ts';
import { RecordHeader } from './record.ts';
import { Room } from './room.ts';
import type { EvictionReason, StoreCache } from './store-cache.ts';
import { LINK_COST_BYTES, TagIndex } from './tag-index.ts';
import { TimerWheel } from './timer-wheel.ts';
import type { Value } from './value.ts';

export interface StoreOptions {
  memoryBytes: number;
  maxValueBytes: number;
  seed: HashSeed;
}

export interface Attributes {
  contentType: string;
  /** The origin's own ETag; '' where it gave none. */
  etag: string;
  tags: readonly string[];
}

/** Who wants to know of entries that are evicted or expire. */
export interface EvictionWatcher {
  readonly active: boolean;
  evicted(cache: StoreCache, key: Buffer): void;
}

export class Store {
  readonly budget: Budget;
  readonly entries: Entries;
  readonly lifetimes: Lifetimes;
  readonly deadlines: TimerWheel;
  readonly expected: ExpectedKeys;
  readonly drops: Drops;
  readonly room: Room;
  readonly caches: StoreCache[] = [];
  /** Longer values are `put`, or refused there. */
  readonly #mostShortBytes: number;
  evictionWatcher: EvictionWatcher | undefined;
  readonly #seed: HashSeed;
  readonly #contents: Contents;
  readonly #index: KeyIndex;
  readonly #tags: TagIndex;
  readonly #slots: EvictionSlots;
  readonly #cohorts = new Cohorts();
  readonly #prefixes: PrefixDrops;
  /** Of the entry that is written. */
  readonly #planned = new RecordHeader();
  readonly #rest = Buffer.allocUnsafeSlow(PAGE_BYTES);
  #version = 0;
  /** Hash of the key that was looked for last. */
  #looked = 0;

  constructor(options: StoreOptions) {
    const { memoryBytes } = options;
    const maxEntries = Math.floor(memoryBytes / LEAST_ENTRY_BYTES) + 1;
    this.#mostShortBytes = Math.min(SHORT_VALUE_BYTES, options.maxValueBytes);
    this.#seed = options.seed;
    this.budget = new Budget(memoryBytes);
    this.entries = new Entries(maxEntries);
    const { budget, entries } = this;
    const moved = (from: number, to: number): void => this.#moved(from, to);
    this.#contents = new Contents({ ...options, budget, entries, moved });
    this.lifetimes = new Lifetimes(this.entries, this.#contents.records);
    this.deadlines = new TimerWheel(maxEntries);
    this.#slots = new EvictionSlots(this.entries.words);
    this.#index = new KeyIndex(this.entries.words, (slot) => this.#contents.hashOf(slot));
    this.expected = new ExpectedKeys({
      seed: options.seed,
      index: this.#index,
      words: this.entries.words,
      records: this.#contents.records,
    });
    this.#tags = new TagIndex(this.budget, maxEntries, Math.floor(memoryBytes / LINK_COST_BYTES) + 1);
    this.drops = this.#newDrops();
    this.#prefixes = this.drops.prefixes;
    this.room = this.#newRoom(options.maxValueBytes);
  }

  addCache(options: { shareBytes: number | undefined; evictable: boolean }): StoreCache {
    const evictions = { memory: 0, share: 0, expiry: 0, ttl: 0, negative: 0 };
    const id = this.caches.length;
    const eviction = new EvictionPolicy(this, this.#slots);
    const cohort = this.#cohorts.begin(id, undefined);
    const counts = { entries: 0, bytes: 0, payloadBytes: 0, policyBytes: 0 };
    const cache = { id, ...options, eviction, evictions, ...counts, cohort };
    this.caches.push(cache);
    return cache;
  }

  // --- reading

  /** Hash of a key of this cache, for those who tell keys of all caches apart by it. */
  hash(cache: StoreCache, bytes: Uint8Array, start: number, end: number): number {
    return hashBytes(bytes, start, end, this.#seed, 0) ^ saltOf(cache);
  }

  /** Hashes of tags, of another name space than keys. */
  tagHashes(cache: StoreCache, tags: readonly string[]): number[] {
    return tags.map((tag) => {
      const bytes = Buffer.from(tag, 'latin1');
      return hashBytes(bytes, 0, bytes.length, this.#seed, ~cache.id);
    });
  }

  /** The live entry under `bytes[start, end)`, else NO_SLOT. */
  find(cache: StoreCache, bytes: Uint8Array, start: number, end: number): number {
    const { entries, expected } = this;
    this.#looked = expected.hashOf(bytes, start, end);
    const { slot } = expected;
    // A guess of a moment ago; what has been written since may be somebody else's.
    const isLikely = slot !== NO_SLOT && entries.isUsed(slot) && entries.cohort(slot) === cache.cohort;
    if (isLikely && this.#contents.isKey(slot, bytes, start, end) && !this.#isDropped(slot, cache.id))
      return slot;
    return this.#findHashed(cache, this.#looked, bytes, start, end);
  }

  /** What `hash` would say of the expected key of this number. */
  expectedHash(cache: StoreCache, i: number): number {
    return this.expected.hashAt(i) ^ saltOf(cache);
  }

  /** What `hash` would say of the key that was looked for last. */
  lastHash(cache: StoreCache): number {
    return this.#looked ^ saltOf(cache);
  }

  #findHashed(cache: StoreCache, hash: number, bytes: Uint8Array, start: number, end: number): number {
    const { entries } = this;
    for (let slot = this.#index.first(hash); slot !== NO_SLOT; slot = this.#index.next(slot, hash)) {
      const own = entries.cohort(slot);
      if (own !== cache.cohort && !this.#cohorts.isLive(own, cache.id)) continue;
      if (!this.#contents.isKey(slot, bytes, start, end)) continue;
      if (!this.#isDropped(slot, cache.id)) return slot;
      this.remove(slot);
      return NO_SLOT;
    }
    return NO_SLOT;
  }

  /** Notes that the entry was read. */
  touch(cache: StoreCache, slot: number, nowMs: number): void {
    const isNews = this.entries.isReadBefore(slot, nowMs);
    this.lifetimes.setReadAt(slot, nowMs);
    cache.eviction.read(slot, isNews);
  }

  key(slot: number): Buffer {
    return this.#contents.key(slot);
  }

  keyStartsWith(slot: number, prefix: Uint8Array): boolean {
    return this.#contents.keyStartsWith(slot, prefix);
  }

  hashOf(slot: number): number {
    return this.#contents.hashOf(slot);
  }

  /** The ETag that the origin gave, '' where it gave none. */
  etag(slot: number): string {
    return this.#contents.etag(slot);
  }

  contentType(slot: number): string {
    return this.#contents.contentType(slot);
  }

  valueLength(slot: number): number {
    return this.#contents.valueLength(slot);
  }

  /** Copies `length` bytes of the value from `position` into `target[at…]`. */
  copyValue(slot: number, position: number, target: Uint8Array, at: number, length: number): void {
    this.#contents.copyValue(slot, position, target, at, length);
  }

  /** Copies the value of the entry whose length was asked for last, whole; `view` is a view of `target`. */
  copyFound(slot: number, target: Uint8Array, view: DataView, at: number): void {
    this.#contents.copyFound(slot, target, view, at);
  }

  /** The value, kept until it is released. */
  hold(slot: number): Value {
    return this.#contents.hold(slot);
  }

  /** Bytes of key and value alone. */
  payloadOf(slot: number): number {
    return this.#contents.payloadOf(slot);
  }

  tags(slot: number): string[] {
    return this.entries.has(slot, TAGGED) ? this.#tags.namesOf(slot) : [];
  }

  /** Whether the cache was refreshed whole since the entry was stored, or the entry itself was marked old. */
  isOld(cache: StoreCache, slot: number): boolean {
    if (this.entries.cohort(slot) !== cache.cohort || this.entries.has(slot, OLD)) return true;
    return this.#prefixes.any && this.#prefixes.concern(slot, cache.id, true);
  }

  /** The entries of the cache that were read last, at most so many. */
  mostRecent(cache: StoreCache, most: number, nowMs: number): number[] {
    const slots = cache.eviction.newest(most).filter((slot) => this.isLive(cache, slot));
    return slots
      .sort((a, b) => this.lifetimes.readAtMs(b, nowMs) - this.lifetimes.readAtMs(a, nowMs))
      .slice(0, most);
  }

  /** The live entries with the tag, each once. */
  taggedSlots(cache: StoreCache, tag: string): number[] {
    return this.#tags.slotsWith(cache.id, tag).filter((slot) => this.isLive(cache, slot));
  }

  isLive(cache: StoreCache, slot: number): boolean {
    const { entries } = this;
    if (!entries.isUsed(slot) || !this.#cohorts.isLive(entries.cohort(slot), cache.id)) return false;
    return !this.#isDropped(slot, cache.id);
  }

  /** The cache of a slot that is in use. */
  cacheOf(slot: number): StoreCache {
    return this.caches[this.#cohorts.cacheId(this.entries.cohort(slot))]!;
  }

  /** Bytes charged for the entry. */
  costOf(slot: number): number {
    const { entries } = this;
    const tagBytes = entries.has(slot, TAGGED) ? this.#tags.linksCostOf(slot) : 0;
    return recordCost(this.#contents.header(slot)) + tagBytes;
  }

  // --- writing

  /** A value to be received; what it displaces goes from `cache` before it takes another's share. */
  draft(cache?: StoreCache): Draft {
    return new Draft(this.room, cache);
  }

  /**
   * Stores the draft under the key, in the slot of the entry it replaces where there is one: that keeps its place
   * among what was read. The caller sets the times, `timed` where there will be any but that of loading, and still
   * releases the draft. Throws TooLargeError or RoomError; what was stored before then stays.
   */
  put(
    cache: StoreCache,
    key: Uint8Array,
    draft: Draft,
    attributes: Attributes,
    nowMs: number,
    timed = false,
  ): number {
    const { entries } = this;
    const { contentType, etag, tags } = attributes;
    const typeId = this.#contents.types.idOf(contentType);
    const type = typeId === NOT_INTERNED ? contentType : '';
    this.#planned.plan(key.length, draft.length, timed, etag.length, type.length);
    const costBytes = recordCost(this.#planned) + this.#tags.linksCost(tags);
    this.room.chargeEntry(cache, costBytes, tags, draft);
    const hash = hashBytes(key, 0, key.length, this.#seed, 0);
    const found = this.#findHashed(cache, hash, key, 0, key.length);
    const readAtMs = found === NO_SLOT ? nowMs : this.lifetimes.readAtMs(found, nowMs);
    const slot = found === NO_SLOT ? entries.take() : found;
    const moreBytes = found === NO_SLOT ? costBytes : costBytes - this.costOf(found);
    if (found !== NO_SLOT) this.#release(slot);
    this.#write(slot, key, attributes, type, draft);
    this.#begin(cache, slot, hash, typeId, costBytes, key.length + draft.length);
    entries.setFlag(slot, TIMED, timed);
    entries.setFlag(slot, TAGGED, tags.length > 0);
    this.lifetimes.begin(slot, readAtMs);
    this.#tags.add(cache.id, slot, tags);
    if (found === NO_SLOT) this.#added(cache, slot, hash);
    else cache.eviction.resized(slot, moreBytes);
    return slot;
  }

  /**
   * Stores `value[from, to)` under `key[start, end)`, which was looked for last and is not there, as `put` would, where
   * there is nothing beside the value and it is short. Makes no garbage. NO_SLOT where it cannot be, or finds no room. The
   * caller sets the end where it is `timed`.
   */
  insert(
    cache: StoreCache,
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    from: number,
    to: number,
    contentType: string,
    nowMs: number,
    timed = false,
  ): number {
    const { entries } = this;
    const hash = this.#looked;
    const header = this.#planned;
    const typeId = this.#contents.types.idOf(contentType);
    if (typeId === NOT_INTERNED || to - from > this.#mostShortBytes) return NO_SLOT;
    header.plan(end - start, to - from, timed);
    const costBytes = recordCost(header);
    if (!this.room.chargeUntagged(cache, costBytes)) return NO_SLOT;
    const slot = entries.take();
    const { records } = this.#contents;
    const place = this.#contents.begin(slot, header);
    records.write(place, header.keyStart, key, start, end);
    records.write(place, header.restStart, value, from, to);
    this.#begin(cache, slot, hash, typeId, costBytes, end - start + to - from);
    entries.setFlag(slot, TIMED, timed);
    this.lifetimes.begin(slot, nowMs);
    entries.setLoadedAt(slot, nowMs, nowMs);
    this.#added(cache, slot, hash);
    return slot;
  }

  /**
   * Writes `value[from, to)` over a live entry's, as `put` would, where the entry has nothing beside its value and the new
   * one fits into the same memory; false where not, and nothing was done. What is `timed` must be so already.
   */
  overwrite(
    cache: StoreCache,
    slot: number,
    value: Uint8Array,
    from: number,
    to: number,
    contentType: string,
    nowMs: number,
    timed = false,
  ): boolean {
    const { entries } = this;
    const length = to - from;
    if (entries.has(slot, TAGGED) || entries.has(slot, TIMED) !== timed) return false;
    if (length > this.#mostShortBytes) return false;
    if (this.#contents.types.name(entries.typeId(slot)) !== contentType) return false;
    const header = this.#contents.header(slot);
    const place = entries.place(slot);
    const moreBytes = length - header.valueLength;
    if (!header.resizeInPlace(length)) return false;
    header.store(this.#contents.records, place);
    this.#contents.records.write(place, header.restStart, value, from, to);
    cache.payloadBytes += moreBytes;
    this.#renewVersion(slot);
    if (entries.cohort(slot) !== cache.cohort) {
      this.#cohorts.leave(entries.cohort(slot), cache.cohort);
      this.#enter(cache, slot);
    }
    if (timed) this.lifetimes.begin(slot, this.lifetimes.readAtMs(slot, nowMs));
    entries.setLoadedAt(slot, nowMs, nowMs);
    return true;
  }

  /** Gives a live entry other tags. Where they find no room it may go itself; what is never evicted throws RoomError. */
  retag(cache: StoreCache, slot: number, tags: readonly string[]): void {
    const before = this.tags(slot);
    if (before.length === tags.length && before.every((tag, i) => tag === tags[i])) return;
    const moreBytes = this.#tags.linksCost(tags) - this.#tags.linksCost(before);
    this.room.refuseBeyond(cache, moreBytes, this.#tags.newTagsCost(cache.id, tags));
    this.#tags.remove(slot);
    this.entries.setFlag(slot, TAGGED, tags.length > 0);
    this.#tags.add(cache.id, slot, tags);
    this.room.grew(cache, slot, moreBytes);
  }

  /** Gives a live entry words for times. Where they find no room it may go itself; what is never evicted throws RoomError. */
  addTimes(cache: StoreCache, slot: number, nowMs: number): void {
    const { entries } = this;
    if (entries.has(slot, TIMED)) return;
    const readAtMs = this.lifetimes.readAtMs(slot, nowMs);
    const header = this.#planned;
    header.load(this.#contents.records, entries.place(slot));
    const costBytes = recordCost(header);
    header.retime(true);
    const moreBytes = recordCost(header) - costBytes;
    this.room.refuseBeyond(cache, moreBytes, 0);
    this.#contents.rewrite(slot, header);
    entries.setFlag(slot, TIMED, true);
    this.lifetimes.begin(slot, readAtMs);
    this.room.grew(cache, slot, moreBytes);
  }

  /** As if the entry had been stored now: it is no longer old. */
  renew(cache: StoreCache, slot: number): void {
    const { entries } = this;
    entries.clearFlags(slot);
    if (this.#prefixes.any) this.#prefixes.renewed(slot, cache.id);
    this.#cohorts.leave(entries.cohort(slot), cache.cohort);
    this.#enter(cache, slot);
  }

  // --- dropping

  /** Drops one entry. */
  remove(slot: number): void {
    const cache = this.cacheOf(slot);
    cache.eviction.removed(slot);
    cache.entries--;
    this.#free(slot);
  }

  evict(slot: number, reason: EvictionReason): void {
    const cache = this.cacheOf(slot);
    if (this.#isDropped(slot, cache.id)) {
      this.remove(slot);
      return;
    }
    const { evictionWatcher } = this;
    const key = evictionWatcher?.active ? this.key(slot) : undefined;
    cache.evictions[reason]++;
    this.remove(slot);
    // Only now: what it does with it may need room itself.
    if (key) evictionWatcher!.evicted(cache, key);
  }

  // --- the inside

  #write(slot: number, key: Uint8Array, attributes: Attributes, type: string, draft: Draft): void {
    const header = this.#planned;
    const rest = draft.isShort ? draft.bytes() : this.#rest;
    if (!draft.isShort) header.pagesHead = draft.handOver(this.#rest);
    this.#contents.write(slot, header, key, attributes.etag, type, rest);
  }

  /** What is true of every entry whose record has just been written; times, tags and other flags come behind it. */
  #begin(
    cache: StoreCache,
    slot: number,
    hash: number,
    typeId: number,
    costBytes: number,
    payloadBytes: number,
  ): void {
    this.#contents.setHash(slot, hash);
    this.entries.setTypeId(slot, typeId);
    this.#renewVersion(slot);
    this.#count(cache, costBytes, payloadBytes);
    this.#enter(cache, slot);
  }

  /** It is an entry of its own: counted and found from now on, and may go. */
  #added(cache: StoreCache, slot: number, hash: number): void {
    cache.entries++;
    this.#index.insert(slot, hash);
    cache.eviction.added(slot);
  }

  /** As if the entry had just been stored. */
  #renewVersion(slot: number): void {
    this.#version = (this.#version + 1) >>> 0;
    this.entries.setVersion(slot, this.#version);
    this.entries.clearFlags(slot);
  }

  #enter(cache: StoreCache, slot: number): void {
    this.entries.setCohort(slot, cache.cohort);
    this.#cohorts.join(cache.cohort);
  }

  /** Gives back the slot and all that it holds. */
  #free(slot: number): void {
    this.#index.remove(slot, this.#contents.hashOf(slot));
    this.#release(slot);
    this.entries.free(slot);
    this.#contents.forgetHash(slot);
  }

  /** Gives back all that the slot holds, the slot and its place in the index apart. */
  #release(slot: number): void {
    const { entries } = this;
    const cohort = entries.cohort(slot);
    const cache = this.caches[this.#cohorts.cacheId(cohort)]!;
    const live = this.#cohorts.isLive(cohort, cache.id);
    const costBytes = this.costOf(slot);
    const header = this.#contents.header(slot);
    if (live) this.#count(cache, -costBytes, -header.keyLength - header.valueLength);
    if (entries.has(slot, TAGGED)) this.#tags.remove(slot);
    this.deadlines.clear(slot);
    const pagesCost = header.pageCount * PAGE_COST_BYTES;
    if (header.paged) this.#contents.pins.free(header.pagesHead, pagesCost);
    this.budget.release(costBytes - pagesCost);
    this.#cohorts.leave(cohort, cache.cohort);
    this.#contents.records.free(entries.place(slot), header.bytes);
  }

  /** A record is at another place now: its owner is found by its key. */
  #moved(from: number, to: number): void {
    const hash = this.#contents.hashAt(to);
    const { entries } = this;
    let slot = this.#index.first(hash);
    while (slot !== NO_SLOT && entries.place(slot) !== from) slot = this.#index.next(slot, hash);
    if (slot === NO_SLOT) throw new Error('store: a record that nobody owns was moved');
    entries.setPlace(slot, to);
  }

  #isDropped(slot: number, cacheId: number): boolean {
    if (this.#tags.anyDropped && this.entries.has(slot, TAGGED) && this.#tags.isDropped(slot)) return true;
    return this.#prefixes.any && this.#prefixes.concern(slot, cacheId, false);
  }

  #count(cache: StoreCache, bytes: number, payloadBytes: number): void {
    cache.bytes += bytes;
    cache.payloadBytes += payloadBytes;
  }

  #newDrops(): Drops {
    return new Drops({
      budget: this.budget,
      entries: this.entries,
      contents: this.#contents,
      cohorts: this.#cohorts,
      tags: this.#tags,
      lists: this.#slots,
      seed: this.#seed,
      version: () => this.#version,
      costOf: (slot) => this.costOf(slot),
      remove: (slot) => this.remove(slot),
      free: (slot) => this.#free(slot),
      charge: (bytes, cache) => this.room.charge(bytes, cache),
    });
  }

  #newRoom(maxValueBytes: number): Room {
    return new Room({
      maxValueBytes,
      budget: this.budget,
      entries: this.entries,
      pages: this.#contents.pages,
      pins: this.#contents.pins,
      tags: this.#tags,
      drops: this.drops,
      caches: this.caches,
      evict: (slot, reason) => this.evict(slot, reason),
    });
  }
}

/** Tells keys of one cache from those of another. */
function saltOf(cache: StoreCache): number {
  return Math.imul(cache.id, 0x9e3779b1);
}
