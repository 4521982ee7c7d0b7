// The keys that clients watch for their transactions, and what became of them.
//
// Of an entry that is there its version and its end say whether it is as it was. A key that had none may have come and
// gone since: who watches such a key is told when something is stored under it.

import type { Cache, CacheChange } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import type { Client, WatchedKey } from './client.ts';

/** What watching a key takes beside the key itself (measured: 733 bytes with a key of some 100 that had no entry). */
const WATCHED_COST_BYTES = 768;
/** Of the version where there is no entry: they are counted from 1. */
const NOTHING = 0;

export class WatchedEntry implements WatchedKey {
  readonly cache: Cache;
  readonly key: Buffer;
  readonly version: number;
  /** When it goes: another end is a change, too. */
  readonly #endAtMs: number;
  /** There was nothing, and something was stored since. */
  wasStored = false;

  constructor(cache: Cache, key: Buffer, nowMs: number) {
    this.cache = cache;
    this.key = cache.fold(key);
    const slot = this.#find();
    this.version = slot === NO_SLOT ? NOTHING : cache.shelf.version(slot);
    this.#endAtMs = slot === NO_SLOT ? 0 : cache.shelf.diesAtMs(slot, nowMs);
  }

  get costBytes(): number {
    return WATCHED_COST_BYTES + this.key.length;
  }

  get isOfNothing(): boolean {
    return this.version === NOTHING;
  }

  get isThere(): boolean {
    return this.#find() !== NO_SLOT;
  }

  /** It was not written, loaded or dropped since, nor given another end, nor has it come to its end. */
  isUnchanged(nowMs: number): boolean {
    const { shelf } = this.cache;
    const slot = this.#find();
    if (slot === NO_SLOT) return this.isOfNothing && !this.wasStored;
    return shelf.version(slot) === this.version && shelf.diesAtMs(slot, nowMs) === this.#endAtMs;
  }

  #find(): number {
    const { shelf } = this.cache;
    const slot = shelf.peek(this.key);
    return slot !== NO_SLOT && shelf.isNegative(slot) ? NO_SLOT : slot;
  }
}

export class Watches {
  /** Those that watch a key without an entry, by the key's hash, which is specific to its cache. */
  readonly #ofNothing = new Map<number, Set<WatchedEntry>>();
  readonly #byClient = new Map<Client, WatchedEntry[]>();

  /** The client watches one key more; false where there is no memory for it. */
  begin(client: Client, cache: Cache, key: Buffer, nowMs: number): boolean {
    const entry = new WatchedEntry(cache, key, nowMs);
    if (!client.port.account.charge(entry.costBytes)) return false;
    client.watched.push(entry);
    if (entry.isOfNothing) this.#watchNothing(client, entry);
    return true;
  }

  /** The client watches nothing any more. */
  end(client: Client): void {
    client.unwatch();
  }

  /** To be told of each change of a cache, right after it. */
  changed(cache: Cache, { key }: CacheChange): void {
    if (this.#ofNothing.size === 0 || key === undefined) return;
    for (const entry of this.#ofNothing.get(cache.shelf.hash(key)) ?? []) {
      // What is deleted was stored before, or is nothing still.
      if (entry.cache === cache && entry.key.equals(key) && entry.isThere) entry.wasStored = true;
    }
  }

  /** Keys without an entry that are watched. */
  get size(): number {
    return this.#ofNothing.size;
  }

  #forget(client: Client): void {
    for (const entry of this.#byClient.get(client)?.splice(0) ?? []) {
      const hash = entry.cache.shelf.hash(entry.key);
      const others = this.#ofNothing.get(hash);
      others?.delete(entry);
      if (others?.size === 0) this.#ofNothing.delete(hash);
    }
  }

  #watchNothing(client: Client, entry: WatchedEntry): void {
    this.#entriesOf(client).push(entry);
    const hash = entry.cache.shelf.hash(entry.key);
    const others = this.#ofNothing.get(hash);
    if (others) others.add(entry);
    else this.#ofNothing.set(hash, new Set([entry]));
  }

  #entriesOf(client: Client): WatchedEntry[] {
    const known = this.#byClient.get(client);
    if (known) return known;
    const entries: WatchedEntry[] = [];
    this.#byClient.set(client, entries);
    client.unwatched = () => this.#forget(client);
    client.onClose(() => this.#byClient.delete(client));
    return entries;
  }
}
