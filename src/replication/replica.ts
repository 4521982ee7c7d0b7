// One replicated cache on this instance: what is written and deleted here gets a stamp, and what others wrote is taken
// where it is the later. Whatever the order in which changes come, and however often, all instances end with the same.
//
// Under each key the latest write or delete counts; a mark on its tags, a prefix or the whole covers what is older.

import type { Cache } from '../cache/cache.ts';
import { KeyWalk } from '../cache/key-walk.ts';
import { RoomError, SidecacheError } from '../errors.ts';
import type { HybridClock } from '../fleet/hybrid-clock.ts';
import type { Draft } from '../store/draft.ts';
import { NO_SLOT } from '../store/entries.ts';
import { type Copy, goneCopy } from './copy.ts';
import { etagOf, isLater, type Stamp, stampOf, UNSTAMPED } from './stamp.ts';
import { KEPT_FOR_MS, type Mark, Tombstones, type TombstonesParts } from './tombstones.ts';

/**
 * `ahead`: its clock cannot be believed. `full`: there is no room; `large`: this instance takes no such values; `late`: it
 * may have been deleted since, of which nothing is known any more.
 */
export type Taken = 'applied' | 'old' | 'ahead' | 'full' | 'large' | 'late';

export interface ReplicaParts {
  readonly cache: Cache;
  readonly hybrid: HybridClock;
  /** Of this instance. */
  readonly origin: number;
  readonly tombstones: TombstonesParts;
}

/** What is to go: as of a call. All three empty: everything. */
export interface Going {
  readonly keys: readonly Buffer[];
  readonly tags: readonly string[];
  readonly prefixes: readonly Buffer[];
}

export class Replica {
  readonly cache: Cache;
  readonly tombstones: Tombstones;
  readonly #parts: ReplicaParts;
  readonly #walk: KeyWalk;
  /** Nothing held is later. */
  #latest: Stamp = UNSTAMPED;

  constructor(parts: ReplicaParts) {
    const { cache, tombstones } = parts;
    this.#parts = parts;
    this.cache = cache;
    this.tombstones = new Tombstones(tombstones);
    this.#walk = new KeyWalk(cache.shelf.store, [cache]);
    cache.nextEtag = () => etagOf(this.#next());
    cache.shelf.ended = (slot) => this.#noteEnd(slot);
  }

  // --- here

  /** The key was deleted here; returns since when. */
  deleted(key: Buffer): Stamp {
    const stamp = this.#next();
    this.#mark('k', key.toString('latin1'), stamp);
    return stamp;
  }

  /** Of what was written or deleted here last, where nothing later was taken since. */
  get latest(): Stamp {
    return this.#latest;
  }

  /** What is older than the stamp goes; returns how many entries. */
  invalidate({ keys, tags, prefixes }: Going, stamp: Stamp): number {
    let entries = 0;
    for (const key of keys) entries += this.#remove(key, stamp);
    for (const tag of tags) entries += this.#invalidateTag(tag, stamp);
    for (const prefix of prefixes) entries += this.#invalidatePrefix(prefix, stamp);
    if (keys.length + tags.length + prefixes.length === 0) entries += this.#invalidateAll(stamp);
    return entries;
  }

  /** A stamp of now, for a call that was made here. */
  stampAt([ms, count]: readonly [number, number]): Stamp {
    return [ms, count, this.#parts.origin];
  }

  // --- from others

  /** `draft`: of a large value. */
  apply(copy: Copy, draft?: Draft): Taken {
    const { key, stamp, tags, endAtMs, value, size } = copy;
    if (!this.#parts.hybrid.hear([stamp[0], stamp[1]])) return 'ahead';
    const held = this.#stampOfKey(key);
    if (held && !isLater(stamp, held)) return 'old';
    const isGone = value === undefined && size === undefined;
    if (!isGone && this.tombstones.cover(key, tags, stamp)) {
      // It took the place of what was older, and is gone itself; by its tags, of which that may have had none.
      if (held || tags.length > 0) this.#remove(key, stamp);
      return 'old';
    }
    if (!isGone && !held && this.tombstones.isTooOld(stamp)) return 'late';
    const isOver = endAtMs <= this.#nowMs;
    if (isGone || isOver) {
      this.#remove(key, stamp, isOver, isOver ? this.#nowMs + KEPT_FOR_MS : undefined);
      return 'applied';
    }
    return this.#write(copy, draft);
  }

  /** Whether it is later than what is here. */
  isNews({ key, stamp, tags }: Copy): boolean {
    const held = this.#stampOfKey(key);
    return (!held || isLater(stamp, held)) && !this.tombstones.cover(key, tags, stamp);
  }

  takeMark({ name, stamp, untilMs }: Mark): void {
    const text = name.slice(1);
    if (!this.#parts.hybrid.hear([stamp[0], stamp[1]])) return;
    const bytes = Buffer.from(text, 'latin1');
    if (name[0] === 'k' || name[0] === 'e') this.#remove(bytes, stamp, name[0] === 'e', untilMs);
    else if (name[0] === 't') this.#invalidateTag(text, stamp, untilMs);
    else if (name[0] === 'p') this.#invalidatePrefix(bytes, stamp, untilMs);
    else if (name === 'w') this.#invalidateAll(stamp, untilMs);
  }

  // --- for others

  /** What is known of the key; undefined: nothing. Values above `mostBytes` are not in it, only how long they are. */
  copyOf(key: Buffer, mostBytes: number): Copy | undefined {
    const slot = this.#peek(key);
    if (slot !== NO_SLOT) return this.#copyAt(slot, key, mostBytes);
    const stamp = this.tombstones.ofKey(key);
    return stamp && goneCopy(this.cache.name, key, stamp);
  }

  /** Bytes `[from, from + most)` of the value, where it is the one of this stamp still. */
  pieceOf(key: Buffer, stamp: Stamp, from: number, most: number): Buffer | undefined {
    const slot = this.#peek(key);
    if (slot === NO_SLOT || isDifferent(this.#stampAt(slot), stamp)) return undefined;
    const { store } = this.cache.shelf;
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(most, store.valueLength(slot) - from)));
    store.copyValue(slot, from, bytes, 0, bytes.length);
    return bytes;
  }

  /** Looks at up to `most` places from `from` on; returns where to go on, 0 at the end. False from `visit` ends it. */
  walk(
    from: number,
    most: number,
    mostBytes: number,
    isMeant: (stamp: Stamp) => boolean,
    visit: (copy: Copy) => boolean,
  ): number {
    const { store } = this.cache.shelf;
    return this.#walk.step(from, most, this.#nowMs, (_, slot) => {
      const stamp = this.#stampAt(slot);
      if (stamp === UNSTAMPED || !isMeant(stamp)) return true;
      return visit(this.#copyAt(slot, store.key(slot), mostBytes));
    });
  }

  // --- the inside

  get #nowMs(): number {
    return this.#parts.tombstones.now();
  }

  #next(): Stamp {
    const stamp = this.stampAt(this.#parts.hybrid.next());
    this.#latest = stamp;
    return stamp;
  }

  #peek(key: Buffer): number {
    const { shelf } = this.cache;
    const slot = shelf.peek(this.cache.fold(key));
    return slot !== NO_SLOT && shelf.isNegative(slot) ? NO_SLOT : slot;
  }

  #stampAt(slot: number): Stamp {
    return stampOf(this.cache.shelf.store.etag(slot));
  }

  #stampOfKey(key: Buffer): Stamp | undefined {
    const slot = this.#peek(key);
    return slot === NO_SLOT ? undefined : this.#stampAt(slot);
  }

  #write(copy: Copy, draft: Draft | undefined): Taken {
    const { key, stamp, tags, contentType, endAtMs, value } = copy;
    const { store, stored } = this.cache.shelf;
    const own = draft ?? store.draft(stored);
    try {
      if (value && !draft) own.append(value);
      this.cache.write(key, own, { contentType, tags, endAtMs, etag: etagOf(stamp) });
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
      return error instanceof RoomError ? 'full' : 'large';
    } finally {
      if (!draft) own.release();
    }
    if (isLater(stamp, this.#latest)) this.#latest = stamp;
    return 'applied';
  }

  /** Removes an entry that is not later, and remembers it; returns how many went. */
  #remove(key: Buffer, stamp: Stamp, isEnd = false, untilMs?: number): number {
    const held = this.#stampOfKey(key);
    if (held && isLater(held, stamp)) return 0;
    this.#mark('k', key.toString('latin1'), stamp, isEnd, untilMs);
    return held ? this.cache.invalidateKey(key) : 0;
  }

  #mark(kind: string, text: string, stamp: Stamp, isEnd = false, untilMs = stamp[0] + KEPT_FOR_MS): void {
    this.tombstones.add(`${kind}${text}`, stamp, untilMs, isEnd);
  }

  /** What had the tag may have taken the place of what had not: of each is remembered that it is gone. */
  #invalidateTag(tag: string, stamp: Stamp, untilMs?: number): number {
    this.#mark('t', tag, stamp, false, untilMs);
    const { store, stored } = this.cache.shelf;
    const going = store
      .taggedSlots(stored, tag)
      .map((slot) => ({ key: store.key(slot), stamp: this.#stampAt(slot) }))
      .filter((one) => !isLater(one.stamp, stamp));
    for (const one of going) {
      this.#mark('k', one.key.toString('latin1'), one.stamp, false, stamp[0] + KEPT_FOR_MS);
      this.cache.invalidateKey(one.key);
    }
    return going.length;
  }

  #invalidatePrefix(prefix: Buffer, stamp: Stamp, untilMs?: number): number {
    const { store } = this.cache.shelf;
    this.#mark('p', prefix.toString('latin1'), stamp, false, untilMs);
    if (!isLater(this.#latest, stamp)) return this.cache.invalidatePrefix(prefix);
    return this.#removeWhere(stamp, (slot) => store.keyStartsWith(slot, prefix));
  }

  #invalidateAll(stamp: Stamp, untilMs?: number): number {
    this.#mark('w', '', stamp, false, untilMs);
    if (!isLater(this.#latest, stamp)) return this.cache.invalidateAll();
    return this.#removeWhere(stamp, () => true);
  }

  /** Something held is later than the stamp: all are looked at. */
  #removeWhere(stamp: Stamp, isMeant: (slot: number) => boolean): number {
    const { store } = this.cache.shelf;
    const keys: Buffer[] = [];
    this.#walk.step(0, Number.POSITIVE_INFINITY, this.#nowMs, (_, slot) => {
      if (isMeant(slot) && !isLater(this.#stampAt(slot), stamp)) keys.push(store.key(slot));
      return true;
    });
    for (const key of keys) this.cache.invalidateKey(key);
    return keys.length;
  }

  #noteEnd(slot: number): void {
    const stamp = this.#stampAt(slot);
    if (stamp === UNSTAMPED) return;
    const key = this.cache.shelf.store.key(slot).toString('latin1');
    this.#mark('k', key, stamp, true, this.#nowMs + KEPT_FOR_MS);
  }

  #copyAt(slot: number, key: Buffer, mostBytes: number): Copy {
    const { shelf, name } = this.cache;
    const { store } = shelf;
    const size = store.valueLength(slot);
    const isSent = size <= mostBytes;
    const value = isSent ? Buffer.allocUnsafe(size) : undefined;
    if (value) store.copyValue(slot, 0, value, 0, size);
    return {
      cache: name,
      ...{ key, value, size: isSent ? undefined : size },
      stamp: this.#stampAt(slot),
      contentType: store.contentType(slot),
      tags: store.tags(slot),
      endAtMs: shelf.diesAtMs(slot, this.#nowMs),
    };
  }
}

function isDifferent(one: Stamp, other: Stamp): boolean {
  return isLater(one, other) || isLater(other, one);
}
