// The fence: tells what began before an invalidation, refresh, write or delete, and so must not be kept after it.
//
// Every change takes the next number of one clock. A load notes the number when it begins, a lease carries the one
// it was given at; both are void when something that concerns them took a later one. Memory is fixed: keys and tags
// share a table of numbers by keyed hash, so that two that collide void each other's loads (harmless: what was loaded
// is served and not kept), and of prefixes the latest few are remembered, older ones standing for the whole cache.

const TABLE_SIZE = 1 << 16;
const MAX_PREFIXES = 64;
/** Longer prefixes are remembered by their beginning, which concerns more keys, not fewer. */
const MAX_PREFIX_BYTES = 256;

interface PrefixChange {
  readonly prefix: Buffer;
  readonly at: number;
}

/** What the fence remembers of one cache beside the shared table. */
export interface FencedCache {
  /** Everything that began before this is void. */
  wholeAt: number;
  readonly prefixes: PrefixChange[];
}

export function fencedCache(): FencedCache {
  return { wholeAt: 0, prefixes: [] };
}

export class Fence {
  readonly #latest = new Float64Array(TABLE_SIZE);
  #now = 0;
  /** Before anything has begun, no change can come after it. */
  #hasBegun = false;

  /** The number of the latest change, for what begins now: it is void if anything later concerns it. */
  get now(): number {
    this.#hasBegun = true;
    return this.#now;
  }

  /** `hash` is the key's or the tag's, keyed and specific to its cache. */
  change(hash: number): void {
    this.#now++;
    if (this.#hasBegun) this.#latest[place(hash)] = this.#now;
  }

  changePrefix(cache: FencedCache, prefix: Buffer): void {
    // A copy: what is handed in may be part of a whole request.
    cache.prefixes.push({ prefix: Buffer.from(prefix.subarray(0, MAX_PREFIX_BYTES)), at: ++this.#now });
    if (cache.prefixes.length > MAX_PREFIXES) cache.wholeAt = cache.prefixes.shift()!.at;
  }

  changeWhole(cache: FencedCache): void {
    cache.wholeAt = ++this.#now;
    cache.prefixes.length = 0;
  }

  /** Whether a change of this key, of a prefix of it or of its cache came after `since`. */
  concernsKey(cache: FencedCache, key: Uint8Array, hash: number, since: number): boolean {
    if (cache.wholeAt > since || this.#latest[place(hash)]! > since) return true;
    return cache.prefixes.some(({ prefix, at }) => at > since && startsWith(key, prefix));
  }

  /** Whether a change of the cache or of one of these tags came after `since`. */
  concernsTags(cache: FencedCache, tagHashes: readonly number[], since: number): boolean {
    return cache.wholeAt > since || tagHashes.some((hash) => this.#latest[place(hash)]! > since);
  }
}

export function startsWith(key: Uint8Array, prefix: Uint8Array): boolean {
  return key.length >= prefix.length && Buffer.compare(key.subarray(0, prefix.length), prefix) === 0;
}

function place(hash: number): number {
  return hash & (TABLE_SIZE - 1);
}
