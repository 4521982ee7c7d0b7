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
  /** Another client's miss of the same key. */
  next: Miss | undefined;
}

/** What one client missed lately. */
export class ClientMisses {
  /** Empty places are undefined. */
  readonly places: (Miss | undefined)[] = [];
  /** Of what is, or was, at each place: every read looks through them. */
  readonly hashes = new Int32Array(MOST);
  /** How many of them have this lowest byte: of most keys that are read, none. */
  readonly byLowestByte = new Uint8Array(256);
  /** Where the next goes, in place of the oldest. */
  at = 0;
  count = 0;
}

export class Misses {
  /** Those of all clients. */
  readonly #byHash = new Map<number, Miss>();
  /** What changes now, a fill changes. */
  isFilling = false;
  /** Who changes now, and knows that it does. */
  #changer: Client | undefined;

  /** Runs what the client changes much by: of that, nothing that it sets afterwards is of before. */
  by<T>(client: Client, change: () => T): T {
    this.#changer = client;
    try {
      return change();
    } finally {
      this.#changer = undefined;
    }
  }

  /** The client found nothing under the key `bytes[start, end)`. */
  note(client: Client, cache: Cache, bytes: Uint8Array, start: number, end: number, nowMs: number): void {
    const { store, stored } = cache.shelf;
    const hash = store.hash(stored, bytes, start, end);
    const own = this.#ownOf(client);
    this.#forget(own, find(own, hash));
    this.#forget(own, own.places[own.at]);
    const miss = { client, cache, hash, atMs: nowMs, isVoid: false, next: this.#byHash.get(hash) };
    this.#byHash.set(hash, miss);
    own.places[own.at] = miss;
    own.hashes[own.at] = hash;
    own.byLowestByte[hash & 0xff]!++;
    own.at = (own.at + 1) % MOST;
    own.count++;
  }

  /** The client writes or deletes the key, or has seen what is there. True: what it sets now is of before a change. */
  take(client: Client, cache: Cache, bytes: Uint8Array, start: number, end: number, nowMs: number): boolean {
    const own = client.misses;
    if (!own || own.count === 0) return false;
    const { store, stored } = cache.shelf;
    const miss = find(own, store.hash(stored, bytes, start, end));
    if (!miss) return false;
    this.#forget(own, miss);
    return miss.isVoid && nowMs - miss.atMs <= GOOD_FOR_MS;
  }

  /** Whether the client missed the key of this hash, and has not written it since. */
  has({ misses: own }: Client, hash: number): boolean {
    return own !== undefined && own.count > 0 && find(own, hash) !== undefined;
  }

  /** To be told of each change of a cache, right after it. */
  changed(cache: Cache, { key, tag }: CacheChange): void {
    // What is not there has no tags.
    if (this.#byHash.size === 0 || this.isFilling || tag !== undefined) return;
    if (key !== undefined) this.#markVoid(this.#byHash.get(cache.shelf.hash(key)));
    // Of keys only a hash is kept: any of the cache may have the prefix.
    else for (const miss of this.#byHash.values()) if (miss.cache === cache) this.#markVoid(miss);
  }

  // --- the inside

  #ownOf(client: Client): ClientMisses {
    if (client.misses) return client.misses;
    const own = new ClientMisses();
    client.misses = own;
    client.onClose(() => {
      for (const miss of own.places) this.#forget(own, miss);
    });
    return own;
  }

  /** It, and those of the same key. */
  #markVoid(first: Miss | undefined): void {
    for (let miss = first; miss; miss = miss.next) {
      if (miss.client === this.#changer) continue;
      if (!miss.isVoid) miss.client.voidMisses++;
      miss.isVoid = true;
    }
  }

  #forget(own: ClientMisses, miss: Miss | undefined): void {
    if (!miss) return;
    own.places[own.places.indexOf(miss)] = undefined;
    own.byLowestByte[miss.hash & 0xff]!--;
    own.count--;
    if (miss.isVoid) miss.client.voidMisses--;
    let before = this.#byHash.get(miss.hash)!;
    if (before === miss) {
      if (miss.next) this.#byHash.set(miss.hash, miss.next);
      else this.#byHash.delete(miss.hash);
      return;
    }
    while (before.next !== miss) before = before.next!;
    before.next = miss.next;
  }
}

function find({ places, hashes, byLowestByte }: ClientMisses, hash: number): Miss | undefined {
  if (byLowestByte[hash & 0xff] === 0) return undefined;
  const wanted = hash | 0;
  for (let i = 0; i < places.length; i++) {
    if (hashes[i] === wanted && places[i] !== undefined) return places[i];
  }
  return undefined;
}
