// The entries of one cache and their times: what is there, how old it is, and when it goes. Asks nobody.

import { SidecacheError } from '../errors.ts';
import type { Draft } from '../store/draft.ts';
import { AHEAD_DUE, NEGATIVE, NO_SLOT, OLD, READ_SINCE_LOAD, TIMED } from '../store/entries.ts';
import { type EntryTimes, Lifetimes } from '../store/lifetimes.ts';
import type { Attributes, Store } from '../store/store.ts';
import type { StoreCache } from '../store/store-cache.ts';
import type { Clock } from './clock.ts';
import type { Answer } from './flight.ts';
import { AHEAD_FROM, AHEAD_TO, momentsOf, type Times } from './freshness.ts';
import type { Terms } from './loader.ts';

const NEVER = Number.POSITIVE_INFINITY;

export interface ShelfParts {
  readonly times: Times;
  readonly store: Store;
  readonly stored: StoreCache;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly reloads: boolean;
  /** Told when a deadline may have become the next one. */
  readonly deadlineChanged: () => void;
}

export class Shelf {
  readonly store: Store;
  readonly stored: StoreCache;
  readonly times: Times;
  /** Nothing is kept. */
  passesThrough = false;
  /** Told of an entry whose time is over, before it goes. */
  ended: ((slot: number) => void) | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #reloads: boolean;
  readonly #deadlineChanged: () => void;
  readonly #expiryMs: number;
  /** What clients write here never gets old by itself. */
  readonly isTimeless: boolean;
  /** It may have an end, but is as good as new until then, read or not. */
  readonly onlyEnds: boolean;
  /** Versions are counted from 1 in every daemon's life; its own ETags are to be of this one only. */
  readonly #etagSalt: string;

  constructor(parts: ShelfParts) {
    this.times = parts.times;
    this.store = parts.store;
    this.stored = parts.stored;
    this.#clock = parts.clock;
    this.#random = parts.random;
    this.#reloads = parts.reloads;
    this.#deadlineChanged = parts.deadlineChanged;
    this.#expiryMs = parts.times.expiryMs ?? NEVER;
    const { refreshMs, ttlMs, expiryMs } = parts.times;
    this.onlyEnds = refreshMs === undefined && expiryMs === undefined;
    this.isTimeless = this.onlyEnds && ttlMs === undefined;
    this.#etagSalt = Math.floor(parts.random() * 2 ** 48).toString(36);
  }

  // --- looking

  /** The entry that may be served, else NO_SLOT; one whose time is over goes. */
  find(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const slot = this.store.find(this.stored, bytes, start, end);
    if (slot === NO_SLOT || !this.store.entries.has(slot, TIMED)) return slot;
    if (nowMs >= this.diesAtMs(slot, nowMs)) return this.#drop(slot, this.#reasonOfDeath(slot));
    if (nowMs >= this.idleAtMs(slot, nowMs)) return this.#drop(slot, 'expiry');
    return slot;
  }

  peek(key: Uint8Array): number {
    return this.find(key, 0, key.length, this.#clock.now());
  }

  hash(key: Uint8Array): number {
    return this.store.hash(this.stored, key, 0, key.length);
  }

  isFresh(slot: number, nowMs: number): boolean {
    if (this.store.isOld(this.stored, slot)) return false;
    return !this.store.entries.has(slot, TIMED) || nowMs < this.store.lifetimes.refreshAtMs(slot, nowMs);
  }

  isNegative(slot: number): boolean {
    return this.hasFlag(slot, NEGATIVE);
  }

  hasFlag(slot: number, flag: number): boolean {
    return this.store.entries.has(slot, flag);
  }

  setFlag(slot: number, flag: number, on: boolean): void {
    this.store.entries.setFlag(slot, flag, on);
  }

  /** The entries read last, at most so many. */
  mostRecent(most: number): number[] {
    return this.store.mostRecent(this.stored, most, this.#clock.now());
  }

  version(slot: number): number {
    return this.store.entries.version(slot);
  }

  ageMs(slot: number, nowMs: number): number {
    return nowMs - this.store.entries.loadedAtMs(slot, nowMs);
  }

  /** How long ago the entry was read. */
  idleMs(slot: number, nowMs: number): number {
    return Math.max(0, nowMs - this.store.lifetimes.readAtMs(slot, nowMs));
  }

  /** When the entry goes, read or not, Infinity for never. */
  diesAtMs(slot: number, nowMs: number): number {
    return this.store.lifetimes.diesAtMs(slot, nowMs);
  }

  /** From when on a read waits for a load. */
  waitAtMs(slot: number, nowMs: number): number {
    return this.store.lifetimes.waitAtMs(slot, nowMs);
  }

  /** From when on it is not served even when the origin fails. */
  errorUntilMs(slot: number, nowMs: number): number {
    return this.store.lifetimes.errorUntilMs(slot, nowMs);
  }

  // --- answering

  /** The ETag that clients see: the origin's, else one made of the entry's version; '' for what is not stored. */
  etagOf(slot: number): string {
    if (slot === NO_SLOT) return '';
    return this.store.etag(slot) || `"${this.#etagSalt}-${this.store.entries.version(slot).toString(36)}"`;
  }

  /** Below 0: it is old, for so long. Infinity: it never gets old. */
  freshForMs(slot: number, nowMs: number): number {
    const leftMs = this.store.lifetimes.refreshAtMs(slot, nowMs) - nowMs;
    return this.isFresh(slot, nowMs) ? leftMs : Math.min(leftMs, -1);
  }

  /** How long the origin said the entry is fresh for; undefined where it did not say, or a setting says it, too. */
  originFreshMs(slot: number): number | undefined {
    const { refreshAtMs, loadedAtMs } = this.store.lifetimes.of(slot, this.#clock.now());
    if (this.times.refreshMs !== undefined || refreshAtMs === NEVER) return undefined;
    return Math.max(0, refreshAtMs - loadedAtMs);
  }

  /** The old value, where it may still be served although a load failed or is too slow. */
  oldAnswer(key: Uint8Array): (Answer & { kind: 'value' }) | undefined {
    const slot = this.peek(key);
    const nowMs = this.#clock.now();
    if (slot === NO_SLOT || nowMs >= this.errorUntilMs(slot, nowMs) || this.isNegative(slot))
      return undefined;
    return this.answer(slot, nowMs, { stale: true, status: undefined });
  }

  answer(
    slot: number,
    nowMs: number,
    how: { stale: boolean; status: number | undefined },
  ): Answer & { kind: 'value' } {
    return {
      kind: 'value',
      ...how,
      value: this.store.hold(slot),
      contentType: this.store.contentType(slot),
      etag: this.etagOf(slot),
      ageMs: this.ageMs(slot, nowMs),
      freshForMs: this.freshForMs(slot, nowMs),
      stored: true,
      collapsed: false,
    };
  }

  // --- keeping

  /** Stores what was loaded or written, to end at `endAtMs` at the latest. */
  keep(
    key: Uint8Array,
    draft: Draft,
    attributes: Attributes,
    terms: Terms | undefined,
    endAtMs: number = NEVER,
  ): number {
    const nowMs = this.#clock.now();
    if (this.isTimeless && terms === undefined && endAtMs === NEVER) {
      const slot = this.store.put(this.stored, key, draft, attributes, nowMs);
      this.store.entries.setLoadedAt(slot, nowMs, nowMs);
      return slot;
    }
    const times = this.#timesOf(terms, nowMs, endAtMs);
    const timed = this.#expiryMs !== NEVER || Lifetimes.needsWords(times);
    const slot = this.store.put(this.stored, key, draft, attributes, nowMs, timed);
    this.#set(slot, times, nowMs);
    return slot;
  }

  /** Remembers that the origin has nothing under the key; where there is no room it is simply asked again. */
  keepAbsence(key: Uint8Array, forMs: number, tags: readonly string[]): void {
    const nothing = this.store.draft();
    try {
      const nowMs = this.#clock.now();
      const slot = this.store.put(
        this.stored,
        key,
        nothing,
        { contentType: '', etag: '', tags },
        nowMs,
        true,
      );
      this.setFlag(slot, NEGATIVE, true);
      const atMs = Math.min(nowMs + forMs, nowMs + (this.times.ttlMs ?? NEVER));
      const ends = { waitAtMs: NEVER, errorUntilMs: atMs, diesAtMs: atMs };
      this.#set(slot, { loadedAtMs: nowMs, refreshAtMs: NEVER, ...ends }, nowMs);
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
    } finally {
      nothing.release();
    }
  }

  /** The entry is as the origin says now, and its times begin anew; it may have to go to make room for them. */
  renew(slot: number, terms: Terms): void {
    const { store, stored } = this;
    const nowMs = this.#clock.now();
    const times = this.#timesOf(terms, nowMs, NEVER);
    store.renew(stored, slot);
    if (Lifetimes.needsWords(times)) store.addTimes(stored, slot, nowMs);
    if (store.isLive(stored, slot)) this.#set(slot, times, nowMs);
  }

  /** When what is written now goes by the cache's `ttl`, Infinity for never. */
  endMs(nowMs: number): number {
    return nowMs + (this.times.ttlMs ?? NEVER);
  }

  /** Has what was just written, where nothing but an end may come of time, go then. */
  endsAt(slot: number, atMs: number, nowMs: number): void {
    this.store.lifetimes.setEnd(slot, atMs, nowMs);
    this.#arm(slot, nowMs);
  }

  /** When the entry goes by the cache's `ttl`, Infinity for never. */
  latestEndMs(slot: number): number {
    const { ttlMs = NEVER } = this.times;
    return this.store.entries.loadedAtMs(slot, this.#clock.now()) + ttlMs;
  }

  /** Gives the entry another end of its own, Infinity for none; the cache's `ttl` holds all the same. False: it had to go. */
  setEnd(slot: number, atMs: number): boolean {
    const { store, stored } = this;
    const nowMs = this.#clock.now();
    if (atMs !== NEVER) store.addTimes(stored, slot, nowMs);
    if (!store.isLive(stored, slot)) return false;
    const before = store.lifetimes.of(slot, nowMs);
    const { ttlMs } = this.times;
    const diesAtMs = ttlMs === undefined ? atMs : Math.min(atMs, before.loadedAtMs + ttlMs);
    const errorUntilMs = before.errorUntilMs < before.diesAtMs ? before.errorUntilMs : diesAtMs;
    this.#set(slot, { ...before, diesAtMs, errorUntilMs: Math.min(errorUntilMs, diesAtMs) }, nowMs);
    return true;
  }

  /** From now on the entries are old. */
  markOld(slots: readonly number[]): void {
    for (const slot of slots) this.setFlag(slot, OLD, true);
  }

  #timesOf(terms: Terms | undefined, nowMs: number, endAtMs: number): EntryTimes {
    const moments = momentsOf(this.times, terms, nowMs, this.#random());
    const diesAtMs = Math.min(moments.diesAtMs, endAtMs);
    return { ...moments, diesAtMs, errorUntilMs: Math.min(moments.errorUntilMs, endAtMs) };
  }

  #set(slot: number, times: EntryTimes, nowMs: number): void {
    this.store.lifetimes.set(slot, times, nowMs);
    this.#arm(slot, nowMs);
  }

  // --- dropping

  remove(key: Uint8Array): void {
    const slot = this.store.find(this.stored, key, 0, key.length);
    if (slot !== NO_SLOT) this.store.remove(slot);
  }

  /** The entry's deadline has come: true where it is to be reloaded ahead of its readers; else it went, or waits on. */
  due(slot: number, nowMs: number): boolean {
    if (nowMs >= this.diesAtMs(slot, nowMs)) {
      this.#drop(slot, this.#reasonOfDeath(slot));
      return false;
    }
    if (nowMs >= this.idleAtMs(slot, nowMs)) {
      this.#drop(slot, 'expiry');
      return false;
    }
    const isAhead = nowMs >= this.#aheadAtMs(slot, nowMs);
    this.#arm(slot, nowMs);
    return isAhead;
  }

  wasRead(slot: number): boolean {
    return this.hasFlag(slot, READ_SINCE_LOAD);
  }

  #drop(slot: number, reason: 'ttl' | 'negative' | 'expiry'): number {
    if (reason === 'ttl') this.ended?.(slot);
    this.store.evict(slot, reason);
    return NO_SLOT;
  }

  #reasonOfDeath(slot: number): 'ttl' | 'negative' {
    return this.isNegative(slot) ? 'negative' : 'ttl';
  }

  /** When the entry is to go unless it is read, Infinity for never. */
  idleAtMs(slot: number, nowMs: number): number {
    return this.#expiryMs === NEVER ? NEVER : this.store.lifetimes.readAtMs(slot, nowMs) + this.#expiryMs;
  }

  /** When the entry is to be reloaded ahead of its readers, the same however often asked; Infinity for never, or done. */
  #aheadAtMs(slot: number, nowMs: number): number {
    const { entries, lifetimes } = this.store;
    if (
      !this.#reloads ||
      !this.times.refreshAhead ||
      this.isNegative(slot) ||
      this.hasFlag(slot, AHEAD_DUE)
    ) {
      return NEVER;
    }
    const refreshAtMs = lifetimes.refreshAtMs(slot, nowMs);
    if (refreshAtMs === NEVER) return NEVER;
    const loadedAtMs = entries.loadedAtMs(slot, nowMs);
    const chance = (Math.imul(entries.version(slot), 0x9e3779b1) >>> 0) / 2 ** 32;
    return loadedAtMs + (refreshAtMs - loadedAtMs) * (AHEAD_FROM + chance * (AHEAD_TO - AHEAD_FROM));
  }

  /** Sets when the entry is looked at next: a read moves when it would go, and is noticed then. */
  #arm(slot: number, nowMs: number): void {
    const aheadAtMs = this.#aheadAtMs(slot, nowMs);
    const next = Math.min(
      this.diesAtMs(slot, nowMs),
      this.idleAtMs(slot, nowMs),
      aheadAtMs > nowMs ? aheadAtMs : NEVER,
    );
    this.store.deadlines.set(slot, next);
    if (next !== NEVER) this.#deadlineChanged();
  }
}
