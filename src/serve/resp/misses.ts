// Which keys a client missed, so that what it sets them to counts as a fill of what it read elsewhere since: where the key
// was changed in between, that is of before the change, and is not kept.
//
// Another fill is no change: both store what the origin says, and the last one stays, as with Redis.
//
// The fence of the cache would do, were it exact: it may take another key's change for this one's, and a client that
// is told OK expects to find what it set. What is remembered is bounded in number and in time: a pool hands connections
// to one caller after another, and what one missed is not to bother another for long.

import type { Cache, CacheChange } from '../../cache/cache.ts';
import type { Client } from './client.ts';

/** Of one client; of more, the oldest are forgotten. */
const MOST = 64;
const GOOD_FOR_MS = 10_000;

export interface Miss {
  readonly client: Client;
  readonly cache: Cache;
  /** Keyed, and specific to its cache. */
  readonly hash: number;
  readonly atMs: number;
  isVoid: boolean;
}

export class Misses {
  /** Those of all clients. */
  readonly #byHash = new Map<number, Miss[]>();
  /** What changes now, a fill changes. */
  isFilling = false;

  /** The client found nothing under the key `bytes[start, end)`. */
  note(client: Client, cache: Cache, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const { store, stored } = cache.shelf;
    const hash = store.hash(stored, bytes, start, end);
    this.#forget(this.#find(client, hash));
    if (client.misses.length >= MOST) this.#forget(client.misses[0]);
    if (!client.missesBefore) client.onClose(() => this.#forgetAll(client));
    client.missesBefore = true;
    const miss = { client, cache, hash, atMs: nowMs, isVoid: false };
    client.misses.push(miss);
    const others = this.#byHash.get(hash);
    if (others) others.push(miss);
    else this.#byHash.set(hash, [miss]);
  }

  /** The client writes or deletes the key, or has seen what is there. True: what it sets now is of before a change. */
  take(client: Client, cache: Cache, bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    if (client.misses.length === 0) return false;
    const { store, stored } = cache.shelf;
    const miss = this.#find(client, store.hash(stored, bytes, start, end));
    this.#forget(miss);
    if (!miss) return false;
    return miss.isVoid && nowMs - miss.atMs <= GOOD_FOR_MS;
  }

  /** To be told of each change of a cache, right after it. */
  changed(cache: Cache, { key, tag }: CacheChange): void {
    // What is not there has no tags.
    if (this.#byHash.size === 0 || this.isFilling || tag !== undefined) return;
    if (key !== undefined) this.#void(this.#byHash.get(cache.shelf.hash(key)));
    // Of keys only a hash is kept: any of the cache may have the prefix.
    else this.#voidAllOf(cache);
  }

  // --- the inside

  #find(client: Client, hash: number): Miss | undefined {
    for (const miss of client.misses) if (miss.hash === hash) return miss;
    return undefined;
  }

  #void(misses: readonly Miss[] | undefined): void {
    if (!misses) return;
    for (const miss of misses) {
      if (!miss.isVoid) miss.client.voidMisses++;
      miss.isVoid = true;
    }
  }

  #voidAllOf(cache: Cache): void {
    for (const misses of this.#byHash.values()) if (misses[0]!.cache === cache) this.#void(misses);
  }

  #forget(miss: Miss | undefined): void {
    if (!miss) return;
    const { client, hash } = miss;
    client.misses.splice(client.misses.indexOf(miss), 1);
    if (miss.isVoid) client.voidMisses--;
    const left = this.#byHash.get(hash)!.filter((other) => other !== miss);
    if (left.length > 0) this.#byHash.set(hash, left);
    else this.#byHash.delete(hash);
  }

  #forgetAll(client: Client): void {
    while (client.misses.length > 0) this.#forget(client.misses[0]);
  }
}
