// One cache: what a read, a write, an invalidation and a refresh mean. No I/O; clock, randomness, loader handed in.
//
//   read ─ hit | stale | negative | not there | refused at once, or wait ─ loads.ts
//
// What is stored and how old it is: shelf.ts. What is being loaded: loads.ts. What is void: fence.ts.

import { FullError, RequestError, RoomError, type SidecacheError } from '../errors.ts';
import type { Draft } from '../store/draft.ts';
import { AHEAD_DUE, NEGATIVE, NO_SLOT, READ_SINCE_LOAD } from '../store/entries.ts';
import type { Store } from '../store/store.ts';
import type { StoreCache } from '../store/store-cache.ts';
import type { Clock } from './clock.ts';
import { Counters } from './counters.ts';
import { type Fence, fencedCache } from './fence.ts';
import type { Waiter } from './flight.ts';
import type { Times } from './freshness.ts';
import type { Loader } from './loader.ts';
import { type LoadSettings, Loads } from './loads.ts';
import { Shelf } from './shelf.ts';

/** What `read` says. With the first three the entry is in `slot`. */
export const HIT = 0;
export const STALE = 1;
export const NEGATIVE_HIT = 2;
/** There is no entry, and no loader to ask. */
export const NOT_THERE = 3;
/** The last load failed too short a time ago: its error is in `refusal`. */
export const REFUSED = 4;
/** `wait` for a load. */
export const WAIT = 5;

/** So many entries, the most recently read, are reloaded at once by a refresh call. */
const RELOAD_AT_ONCE = 1000;

/**
 * `joining`, `leaving`: this instance does not hear of every change yet, or any more. `differs`: another has the cache in
 * another mode.
 */
export type PassReason = 'joining' | 'leaving' | 'differs';

export interface CacheParts {
  readonly name: string;
  readonly times: Times;
  readonly store: Store;
  readonly stored: StoreCache;
  readonly fence: Fence;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly loading: { readonly loader: Loader; readonly settings: LoadSettings } | undefined;
  /** Told when a deadline may have become the next one. */
  readonly deadlineChanged: () => void;
  /** Told why an answer of the origin may not be stored. */
  readonly unstorable: (why: string) => void;
  /** Told of each load that the origin failed, and of the first that it answered after some. */
  readonly loadFailed?: (error: SidecacheError, key: Buffer, inARow: number) => void;
  /** Told when a load has replaced, or dropped, what was stored under the key. */
  readonly replaced?: ((key: Buffer) => void) | undefined;
  readonly loadRecovered?: (afterFailures: number) => void;
  /** Told of what a waiter threw, against its contract. */
  readonly defect?: ((error: unknown) => void) | undefined;
  /** Keys that mean the same: makes the bytes, in place, the one form that is stored. Absent: each key is itself. */
  readonly foldKey?: ((bytes: Uint8Array, start: number, end: number) => void) | undefined;
  /** Told of each change right after it, so that what was derived from the entries goes with them. */
  readonly changed?: ((change: CacheChange) => void) | undefined;
  /** Whether anybody would do anything about a fill. */
  readonly isHeeded?: (() => boolean) | undefined;
}

/** What changed: the entry, those with the tag or the prefix, or, with none of them, all. */
export interface CacheChange {
  /** Marked old, not dropped. */
  readonly soft: boolean;
  readonly key?: Buffer;
  readonly tag?: string;
  readonly prefix?: Buffer;
}

export interface WriteOptions {
  contentType: string;
  tags: readonly string[];
  /** The entry's own `ttl`. */
  ttlMs?: number | undefined;
  /** In place of that, the moment when it ends. */
  endAtMs?: number | undefined;
  /** Number of the lease under which this fill is made. */
  lease?: number | undefined;
  /** As another instance has it; absent: the cache's own. */
  etag?: string | undefined;
  /** Shown the entry as it is when the whole value is there (NO_SLOT: none); throws to refuse the write. */
  condition?: ((slot: number) => void) | undefined;
}

export class Cache {
  readonly name: string;
  readonly shelf: Shelf;
  readonly loads: Loads | undefined;
  readonly counters = new Counters();
  /** The entry that `read` found. */
  slot = NO_SLOT;
  /** Why `read` refused. */
  refusal: SidecacheError | undefined;
  /** Why nobody can tell yet that something is not there; undefined as a rule. */
  incomplete: SidecacheError | undefined;
  /** Makes the ETag of what is written here; '': it is made of the entry's version. */
  nextEtag: () => string = () => '';
  readonly #fence: Fence;
  readonly #fenced = fencedCache();
  readonly #passReasons = new Set<PassReason>();
  readonly #clock: Clock;
  readonly #foldKey: CacheParts['foldKey'];
  readonly #changed: CacheParts['changed'];
  readonly #isHeeded: () => boolean;

  constructor(parts: CacheParts) {
    this.name = parts.name;
    this.#foldKey = parts.foldKey;
    this.#changed = parts.changed;
    this.#isHeeded = parts.isHeeded ?? (() => parts.changed !== undefined);
    this.#fence = parts.fence;
    this.#clock = parts.clock;
    this.shelf = new Shelf({ ...parts, reloads: parts.loading !== undefined });
    this.loads =
      parts.loading &&
      new Loads({
        ...parts,
        ...parts.loading,
        shelf: this.shelf,
        fenced: this.#fenced,
        counters: this.counters,
      });
  }

  /** What a lease given now carries. */
  get lease(): number {
    return this.#fence.now;
  }

  /** The one form of keys that mean the same. */
  fold(key: Buffer): Buffer {
    if (!this.#foldKey) return key;
    // A copy: the same bytes may be a key of other caches.
    const folded = Buffer.from(key);
    this.#foldKey(folded, 0, folded.length);
    return folded;
  }

  // --- reading

  /**
   * Reads `bytes[start, end)` and counts it, unless it says WAIT: then `wait` counts. Where keys are folded, it is done
   * in these bytes.
   */
  read(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const { shelf } = this;
    if (this.#foldKey) this.#foldKey(bytes, start, end);
    const slot = shelf.find(bytes, start, end, nowMs);
    this.slot = slot;
    if (slot === NO_SLOT) return this.#readMissing(bytes, start, end, nowMs);
    shelf.store.touch(shelf.stored, slot, nowMs);
    const { entries } = shelf.store;
    if (!entries.has(slot, READ_SINCE_LOAD) && !this.#noteFirstRead(slot)) {
      return this.#readMissing(bytes, start, end, nowMs);
    }
    if (entries.has(slot, NEGATIVE)) return this.#readNegative(bytes, start, end, slot, nowMs);
    if (shelf.isFresh(slot, nowMs)) return this.#counted(HIT);
    return this.#readOld(bytes, start, end, slot, nowMs);
  }

  /**
   * The entry under `bytes[start, end)` where `read` would say HIT and do nothing but count it, else NO_SLOT; nothing is
   * counted before `readPlain`. Not for caches that fold keys.
   */
  findPlain(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    const { shelf } = this;
    const slot = shelf.find(bytes, start, end, nowMs);
    if (slot === NO_SLOT) return NO_SLOT;
    const isPlain = !shelf.hasFlag(slot, NEGATIVE | AHEAD_DUE) && shelf.isFresh(slot, nowMs);
    return isPlain ? slot : NO_SLOT;
  }

  /** Counts the read of what `findPlain` found. */
  readPlain(slot: number, nowMs: number): void {
    this.shelf.store.touch(this.shelf.stored, slot, nowMs);
    this.shelf.setFlag(slot, READ_SINCE_LOAD, true);
    this.counters.countOutcome(HIT);
  }

  /** Joins the key's load, or starts it; after `read` said WAIT. */
  wait(key: Buffer, waiter: Waiter): void {
    this.loads!.join(this.fold(key), waiter);
  }

  // --- writing

  /** Stores the draft. Throws before anything changed: RequestError, TooLargeError, RoomError, the condition's error. */
  write(given: Buffer, draft: Draft, options: WriteOptions): 'created' | 'replaced' {
    const { shelf } = this;
    const key = this.fold(given);
    const { contentType, tags, lease } = options;
    const before = shelf.peek(key);
    const done = before === NO_SLOT || shelf.isNegative(before) ? 'created' : 'replaced';
    if (options.condition) {
      if (before === NO_SLOT) this.refuseIncomplete();
      options.condition(before);
    }
    if (lease !== undefined && this.#isVoid(key, tags, lease)) {
      this.counters.voidFills++;
      throw new RequestError(
        'lease_void',
        'the lease is void: its key, or what it belongs to, changed after it was given',
      );
    }
    if (shelf.passesThrough) {
      this.#changeKey(key);
      this.#changed?.({ soft: false, key });
      this.counters.writes++;
      return done;
    }
    const nowMs = this.#clock.now();
    const { ttlMs, endAtMs = ttlMs === undefined ? undefined : nowMs + ttlMs } = options;
    const etag = options.etag ?? this.nextEtag();
    const slot = shelf.keep(key, draft, { contentType, etag, tags }, undefined, endAtMs);
    this.#changeKey(key);
    shelf.store.touch(shelf.stored, slot, nowMs);
    this.#changed?.({ soft: false, key });
    this.counters.writes++;
    return done;
  }

  /**
   * Writes the entry anew as it is, but for its end or its tags, so that it is a change of it; the cache's `ttl` holds all
   * the same.
   */
  rewrite(slot: number, key: Buffer, change: { endAtMs?: number; tags?: readonly string[] }): void {
    const { shelf } = this;
    const { store, stored } = shelf;
    const contentType = store.contentType(slot);
    const { endAtMs = shelf.diesAtMs(slot, this.#clock.now()), tags = store.tags(slot) } = change;
    const latestMs = shelf.latestEndMs(slot);
    const value = Buffer.allocUnsafeSlow(store.valueLength(slot));
    store.copyValue(slot, 0, value, 0, value.length);
    const draft = store.draft(stored);
    try {
      draft.append(value);
      this.write(key, draft, { contentType, tags, endAtMs: Math.min(endAtMs, latestMs) });
    } catch (error) {
      throw this.asFull(error);
    } finally {
      draft.release();
    }
  }

  /** Where nothing is evicted, having no room is not over in a moment. */
  asFull(error: unknown): unknown {
    if (!(error instanceof RoomError) || this.shelf.stored.evictable) return error;
    return new FullError(`cache '${this.name}' is full, and evicts nothing: ${error.message}`);
  }

  /** Throws where what is not there may only not have come yet. */
  refuseIncomplete(): void {
    if (this.incomplete) throw this.incomplete;
  }

  /**
   * A fill: stores `value[from, to)` under `bytes[start, end)`, to go at `endAtMs` at the latest (Infinity: never), as
   * `write` would do, where that is all there is to do and nobody need hear of it; false where not, and nothing was done.
   * Makes no garbage.
   */
  fillPlain(
    bytes: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    from: number,
    to: number,
    contentType: string,
    endAtMs: number,
    nowMs: number,
  ): boolean {
    const { shelf } = this;
    if (this.loads || this.#foldKey || !shelf.onlyEnds || shelf.passesThrough || this.#isHeeded())
      return false;
    const { store, stored } = shelf;
    const diesAtMs = Math.min(endAtMs, shelf.endMs(nowMs));
    const timed = diesAtMs !== Number.POSITIVE_INFINITY;
    let slot = shelf.find(bytes, start, end, nowMs);
    const hash = store.lastHash(stored);
    if (slot === NO_SLOT) {
      slot = store.insert(stored, bytes, start, end, value, from, to, contentType, nowMs, timed);
      if (slot === NO_SLOT) return false;
    } else if (!store.overwrite(stored, slot, value, from, to, contentType, nowMs, timed)) return false;
    if (timed) shelf.endsAt(slot, diesAtMs, nowMs);
    this.#fence.change(hash);
    store.touch(stored, slot, nowMs);
    this.counters.writes++;
    return true;
  }

  // --- passing through

  /** Why nothing is kept; empty: it serves from what is stored. */
  get passesThrough(): readonly PassReason[] {
    return [...this.#passReasons];
  }

  /** Keeps nothing from now on, or again; either way what is stored goes, and what is being loaded is not kept. */
  passThrough(reason: PassReason, passes: boolean): void {
    if (passes) this.#passReasons.add(reason);
    else this.#passReasons.delete(reason);
    this.shelf.passesThrough = this.#passReasons.size > 0;
    this.invalidateAll();
  }

  // --- invalidating: each says how many entries went

  invalidateKey(given: Buffer): number {
    const key = this.fold(given);
    const slot = this.shelf.peek(key);
    this.#changeKey(key);
    if (slot !== NO_SLOT) this.shelf.store.remove(slot);
    this.#changed?.({ soft: false, key });
    return slot === NO_SLOT ? 0 : 1;
  }

  invalidateTag(tag: string): number {
    this.#changeTag(tag);
    const entries = this.shelf.store.drops.dropTag(this.shelf.stored, tag);
    this.#changed?.({ soft: false, tag });
    return entries;
  }

  invalidatePrefix(given: Buffer): number {
    const prefix = this.fold(given);
    this.#changePrefix(prefix);
    const entries = this.shelf.store.drops.dropPrefix(this.shelf.stored, prefix, false);
    this.#changed?.({ soft: false, prefix });
    return entries;
  }

  invalidateAll(): number {
    this.#changeWhole();
    const entries = this.shelf.store.drops.dropAll(this.shelf.stored);
    this.#changed?.({ soft: false });
    return entries;
  }

  // --- refreshing: what is old now is served until it is loaded anew; each says which entries, or how many, are old

  refreshKey(given: Buffer): number[] {
    const key = this.fold(given);
    this.#changeKey(key);
    const slot = this.shelf.peek(key);
    const old = this.#markOld(slot === NO_SLOT ? [] : [slot]);
    this.#changed?.({ soft: true, key });
    return old;
  }

  refreshTag(tag: string): number[] {
    this.#changeTag(tag);
    const old = this.#markOld(this.shelf.store.taggedSlots(this.shelf.stored, tag));
    this.#changed?.({ soft: true, tag });
    return old;
  }

  /** Says how many entries are old now, and which of those read last are among them. */
  refreshPrefix(given: Buffer): { old: number; recent: number[] } {
    const { store, stored } = this.shelf;
    const prefix = this.fold(given);
    this.#changePrefix(prefix);
    const old = store.drops.dropPrefix(stored, prefix, true);
    this.#changed?.({ soft: true, prefix });
    const recent = this.shelf.mostRecent(RELOAD_AT_ONCE).filter((slot) => store.keyStartsWith(slot, prefix));
    return { old, recent };
  }

  /** Marks every entry old at once, however many there are. */
  refreshAll(): { old: number; recent: number[] } {
    const { store, stored } = this.shelf;
    this.#changeWhole();
    if (!store.drops.makeOld(stored) && stored.evictable) store.drops.dropAll(stored);
    this.#changed?.({ soft: true });
    return { old: this.shelf.stored.entries, recent: this.shelf.mostRecent(RELOAD_AT_ONCE) };
  }

  /**
   * Reloads the most recently read of `slots`; resolves when those loads ended, however they ended. No more of them
   * are begun at a time than may run at a time: the queue is for readers.
   */
  async reload(slots: readonly number[]): Promise<void> {
    const { loads, shelf } = this;
    if (!loads) return;
    const { entries } = shelf.store;
    const recent = [...slots].sort((a, b) => entries.compareRead(b, a)).slice(0, RELOAD_AT_ONCE);
    let next = 0;
    const reloadNext = async (): Promise<void> => {
      for (let slot = recent[next++]; slot !== undefined; slot = recent[next++]) {
        const key = this.#keyIfOld(slot);
        if (key) await loads.reload(key);
      }
    };
    await Promise.all(Array.from({ length: loads.gate.concurrency }, reloadNext));
  }

  // --- time

  /** A deadline of the entry has come: it went, or is reloaded ahead of its readers. */
  due(slot: number, nowMs: number): void {
    if (!this.shelf.due(slot, nowMs)) return;
    if (this.shelf.wasRead(slot)) this.loads?.startBehind(this.shelf.store.key(slot), 'ahead');
    else this.shelf.setFlag(slot, AHEAD_DUE, true);
  }

  close(): void {
    this.loads?.close();
  }

  // --- the inside

  #readMissing(bytes: Uint8Array, start: number, end: number, nowMs: number): number {
    if (this.incomplete) {
      this.refusal = this.incomplete;
      return this.#counted(REFUSED);
    }
    if (!this.loads) return this.#counted(NOT_THERE);
    return this.#mayAsk(bytes, start, end, true, nowMs) ? WAIT : this.#counted(REFUSED);
  }

  /** Remembered for `negative`, whatever `refresh` says; only a refresh call makes it old. */
  #readNegative(bytes: Uint8Array, start: number, end: number, slot: number, nowMs: number): number {
    if (!this.shelf.isFresh(slot, nowMs)) this.#reloadBehind(bytes, start, end, slot);
    return this.#counted(NEGATIVE_HIT);
  }

  #readOld(bytes: Uint8Array, start: number, end: number, slot: number, nowMs: number): number {
    const { loads, shelf } = this;
    if (!loads || nowMs < shelf.waitAtMs(slot, nowMs)) {
      if (!this.#reloadBehind(bytes, start, end, slot)) return this.#readMissing(bytes, start, end, nowMs);
      return this.#counted(STALE);
    }
    if (this.#mayAsk(bytes, start, end, false, nowMs)) return WAIT;
    return this.#counted(nowMs < shelf.errorUntilMs(slot, nowMs) ? STALE : REFUSED);
  }

  /** False where the entry had to go to make room for its own reload. */
  #reloadBehind(bytes: Uint8Array, start: number, end: number, slot: number): boolean {
    const { loads } = this;
    if (!loads || loads.isLoading(slot)) return true;
    loads.startBehind(Buffer.from(bytes.subarray(start, end)), 'refresh');
    return this.shelf.store.isLive(this.shelf.stored, slot);
  }

  #mayAsk(bytes: Uint8Array, start: number, end: number, cold: boolean, nowMs: number): boolean {
    const { failures } = this.loads!;
    if (!failures.any) return true;
    const keyText = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    this.refusal = this.loads!.refusal(keyText, cold, nowMs);
    return this.refusal === undefined;
  }

  /** False where the entry had to go to make room for its own reload. */
  #noteFirstRead(slot: number): boolean {
    const { store, stored } = this.shelf;
    store.entries.setFlag(slot, READ_SINCE_LOAD, true);
    if (!store.entries.has(slot, AHEAD_DUE)) return true;
    store.entries.setFlag(slot, AHEAD_DUE, false);
    this.loads?.startBehind(store.key(slot), 'ahead');
    return store.isLive(stored, slot);
  }

  #counted(outcome: number): number {
    this.counters.countOutcome(outcome);
    return outcome;
  }

  /** What was stored in the slot since its entry was found old is fresh, whichever it is. */
  #keyIfOld(slot: number): Buffer | undefined {
    const { shelf } = this;
    if (!shelf.store.isLive(shelf.stored, slot)) return undefined;
    const key = shelf.store.key(slot);
    return shelf.peek(key) === NO_SLOT || shelf.isFresh(slot, this.#clock.now()) ? undefined : key;
  }

  #isVoid(key: Buffer, tags: readonly string[], since: number): boolean {
    const { store, stored } = this.shelf;
    if (this.#fence.concernsKey(this.#fenced, key, this.shelf.hash(key), since)) return true;
    return this.#fence.concernsTags(this.#fenced, store.tagHashes(stored, tags), since);
  }

  #markOld(slots: number[]): number[] {
    this.shelf.markOld(slots);
    return slots;
  }

  #changeKey(key: Buffer): void {
    this.#fence.change(this.shelf.hash(key));
    this.#startAnew(key);
  }

  #changeTag(tag: string): void {
    const { store, stored } = this.shelf;
    const [hash] = store.tagHashes(stored, [tag]);
    this.#fence.change(hash!);
    // What their loads bring is of before the change, too, even where it comes without the tag.
    this.loads?.groundTagged(tag);
    if (this.loads?.failures.any) this.loads.failures.forgetAll();
  }

  /** Whoever asks for the key from now on has it loaded, and at once. */
  #startAnew(key: Buffer): void {
    if (!this.loads) return;
    const keyText = key.toString('latin1');
    this.loads.ground(keyText);
    this.loads.failures.forget(keyText);
  }

  #changePrefix(prefix: Buffer): void {
    this.#fence.changePrefix(this.#fenced, prefix);
    this.loads?.groundPrefix(prefix);
    this.loads?.failures.forgetAll();
  }

  #changeWhole(): void {
    this.#fence.changeWhole(this.#fenced);
    this.loads?.groundAll();
    this.loads?.failures.forgetAll();
  }
}
