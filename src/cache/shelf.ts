// The entries of one cache and their times: what is there, how old it is, and when it goes. Asks nobody.

import { SidecacheError } from '../errors.ts';
import type { Draft } from '../store/draft.ts';
import { NEGATIVE, NO_SLOT, READ_SINCE_LOAD } from '../store/entries.ts';
import type { Attributes, Store, StoreCache } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Answer } from './flight.ts';
import { momentsOf, type Times } from './freshness.ts';
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
  /** Entries as of an earlier change than this are old: the cache was refreshed whole. */
  refreshedAt = 0;
  /** Nothing is kept. */
  passesThrough = false;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #reloads: boolean;
  readonly #deadlineChanged: () => void;
  readonly #expiryMs: number;
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
    this.#etagSalt = Math.floor(parts.random() * 2 ** 48).toString(36);
  }

  // --- looking

  /** The entry that may be served, else NO_SLOT; one whose time is over goes. */
  find(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const slot = this.store.find(this.stored, bytes, start, end);
    if (slot === NO_SLOT) return NO_SLOT;
    if (nowMs >= this.store.entries.diesAtMs[slot]!) return this.#drop(slot, this.#reasonOfDeath(slot));
    if (nowMs >= this.idleAtMs(slot)) return this.#drop(slot, 'expiry');
    return slot;
  }

  peek(key: Uint8Array): number {
    return this.find(key, 0, key.length, this.#clock.now());
  }

  hash(key: Uint8Array): number {
    return this.store.hash(this.stored, key, 0, key.length);
  }

  isFresh(slot: number, nowMs: number): boolean {
    const { refreshAtMs, asOf } = this.store.entries;
    return nowMs < refreshAtMs[slot]! && asOf[slot]! >= this.refreshedAt;
  }

  isNegative(slot: number): boolean {
    return this.hasFlag(slot, NEGATIVE);
  }

  hasFlag(slot: number, flag: number): boolean {
    return (this.store.entries.flags[slot]! & flag) !== 0;
  }

  setFlag(slot: number, flag: number, on: boolean): void {
    const { flags } = this.store.entries;
    if (on) flags[slot]! |= flag;
    else flags[slot]! &= ~flag;
  }

  slotsWithPrefix(prefix: Uint8Array): number[] {
    const slots: number[] = [];
    const { recency } = this.store;
    for (let slot = this.stored.recency.newest; slot !== NO_SLOT; slot = recency.older(slot)) {
      if (this.store.keyStartsWith(slot, prefix)) slots.push(slot);
    }
    return slots;
  }

  /** The entries read last, at most so many. */
  mostRecent(most: number): number[] {
    const slots: number[] = [];
    const { recency } = this.store;
    for (
      let slot = this.stored.recency.newest;
      slot !== NO_SLOT && slots.length < most;
      slot = recency.older(slot)
    ) {
      slots.push(slot);
    }
    return slots;
  }

  version(slot: number): number {
    return this.store.entries.version[slot]!;
  }

  ageMs(slot: number, nowMs: number): number {
    return nowMs - this.store.entries.loadedAtMs[slot]!;
  }

  /** How long ago the entry was read. */
  idleMs(slot: number, nowMs: number): number {
    return nowMs - this.store.entries.readAtMs[slot]!;
  }

  /** When the entry goes, read or not, Infinity for never. */
  diesAtMs(slot: number, _nowMs: number): number {
    return this.store.entries.diesAtMs[slot]!;
  }

  // --- answering

  /** The ETag that clients see: the origin's, else one made of the entry's version; '' for what is not stored. */
  etagOf(slot: number): string {
    if (slot === NO_SLOT) return '';
    return this.store.etag(slot) || `"${this.#etagSalt}-${this.store.entries.version[slot]!.toString(36)}"`;
  }

  /** Below 0: it is old, for so long. Infinity: it never gets old. */
  freshForMs(slot: number, nowMs: number): number {
    const leftMs = this.store.entries.refreshAtMs[slot]! - nowMs;
    return this.isFresh(slot, nowMs) ? leftMs : Math.min(leftMs, -1);
  }

  /** How long the origin said the entry is fresh for; undefined where it did not say, or a setting says it, too. */
  originFreshMs(slot: number): number | undefined {
    const { refreshAtMs, loadedAtMs } = this.store.entries;
    if (this.times.refreshMs !== undefined || refreshAtMs[slot] === NEVER) return undefined;
    return Math.max(0, refreshAtMs[slot]! - loadedAtMs[slot]!);
  }

  /** The old value, where it may still be served although a load failed or is too slow. */
  oldAnswer(key: Uint8Array): (Answer & { kind: 'value' }) | undefined {
    const { entries } = this.store;
    const slot = this.peek(key);
    const nowMs = this.#clock.now();
    if (slot === NO_SLOT || nowMs >= entries.errorUntilMs[slot]! || this.isNegative(slot)) return undefined;
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
      ageMs: nowMs - this.store.entries.loadedAtMs[slot]!,
      freshForMs: this.freshForMs(slot, nowMs),
      stored: true,
      collapsed: false,
    };
  }

  // --- keeping

  /** Stores what was loaded or written; `asOf` is the number of the latest change that it can know of. */
  keep(
    key: Uint8Array,
    draft: Draft,
    attributes: Attributes,
    terms: Terms | undefined,
    asOf: number,
  ): number {
    const nowMs = this.#clock.now();
    const slot = this.store.put(this.stored, key, draft, attributes, nowMs);
    this.setTimes(slot, terms, asOf);
    return slot;
  }

  /** Remembers that the origin has nothing under the key; where there is no room it is simply asked again. */
  keepAbsence(key: Uint8Array, forMs: number, asOf: number, tags: readonly string[]): void {
    const nothing = this.store.draft();
    try {
      const slot = this.keep(key, nothing, { contentType: '', etag: '', tags }, undefined, asOf);
      this.setFlag(slot, NEGATIVE, true);
      this.store.entries.refreshAtMs[slot] = NEVER;
      this.store.deadlines.clear(slot);
      this.endAt(slot, this.#clock.now() + forMs);
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
    } finally {
      nothing.release();
    }
  }

  setTimes(slot: number, terms: Terms | undefined, asOf: number): void {
    const { entries } = this.store;
    const moments = momentsOf(this.times, terms, this.#clock.now(), this.#random());
    entries.loadedAtMs[slot] = moments.loadedAtMs;
    entries.refreshAtMs[slot] = moments.refreshAtMs;
    entries.waitAtMs[slot] = moments.waitAtMs;
    entries.errorUntilMs[slot] = moments.errorUntilMs;
    entries.diesAtMs[slot] = moments.diesAtMs;
    entries.asOf[slot] = asOf;
    this.#setDeadline(slot, this.#reloads ? Math.min(moments.aheadAtMs, moments.diesAtMs) : moments.diesAtMs);
    if (this.#expiryMs !== NEVER) this.#deadlineChanged();
  }

  /** Shortens the entry's life to end at `atMs`. */
  endAt(slot: number, atMs: number): void {
    const { diesAtMs, errorUntilMs } = this.store.entries;
    diesAtMs[slot] = Math.min(diesAtMs[slot]!, atMs);
    errorUntilMs[slot] = Math.min(errorUntilMs[slot]!, atMs);
    this.#setDeadline(slot, Math.min(diesAtMs[slot]!, this.store.deadlines.atMs(slot)));
  }

  /** Gives the entry another end of its own, Infinity for none; the cache's `ttl` holds all the same. */
  setEnd(slot: number, atMs: number): void {
    const { diesAtMs, errorUntilMs, loadedAtMs } = this.store.entries;
    const { ttlMs } = this.times;
    diesAtMs[slot] = NEVER;
    errorUntilMs[slot] = NEVER;
    this.store.deadlines.clear(slot);
    this.endAt(slot, ttlMs === undefined ? atMs : Math.min(atMs, loadedAtMs[slot]! + ttlMs));
  }

  /** From now on the entries are old. */
  markOld(slots: readonly number[]): void {
    const nowMs = this.#clock.now();
    const { refreshAtMs } = this.store.entries;
    for (const slot of slots) refreshAtMs[slot] = Math.min(refreshAtMs[slot]!, nowMs);
  }

  // --- dropping

  remove(key: Uint8Array): void {
    const slot = this.store.find(this.stored, key, 0, key.length);
    if (slot !== NO_SLOT) this.store.remove(slot);
  }

  /** The entry's deadline has come: true where it is to be reloaded ahead of its readers, else it went. */
  due(slot: number, nowMs: number): boolean {
    const { diesAtMs } = this.store.entries;
    if (nowMs >= diesAtMs[slot]!) {
      this.#drop(slot, this.#reasonOfDeath(slot));
      return false;
    }
    this.store.deadlines.set(slot, diesAtMs[slot]!);
    return true;
  }

  /** When the entry read longest ago is to go, Infinity for never. */
  get nextIdleAtMs(): number {
    const { oldest } = this.stored.recency;
    return oldest === NO_SLOT ? NEVER : this.idleAtMs(oldest);
  }

  /** Drops up to `most` entries that nobody read for `expiry`. */
  expireIdle(nowMs: number, most: number): void {
    for (let i = 0; i < most && this.nextIdleAtMs <= nowMs; i++) {
      this.store.evict(this.stored.recency.oldest, 'expiry');
    }
  }

  wasRead(slot: number): boolean {
    return this.hasFlag(slot, READ_SINCE_LOAD);
  }

  #drop(slot: number, reason: 'ttl' | 'negative' | 'expiry'): number {
    this.store.evict(slot, reason);
    return NO_SLOT;
  }

  #reasonOfDeath(slot: number): 'ttl' | 'negative' {
    return this.isNegative(slot) ? 'negative' : 'ttl';
  }

  idleAtMs(slot: number): number {
    return this.store.entries.readAtMs[slot]! + this.#expiryMs;
  }

  #setDeadline(slot: number, atMs: number): void {
    this.store.deadlines.set(slot, atMs);
    if (atMs !== NEVER) this.#deadlineChanged();
  }
}
