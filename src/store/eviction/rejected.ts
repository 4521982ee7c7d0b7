// Keys that lost their place on leaving the window not long ago: when one of them comes back, a larger window would have
// answered it, and how much larger is told by the bytes that have been rejected since.
//
// A table of buckets of four, where a new key takes the place of the bucket's oldest. A key is known by sixteen bits of its
// hash, its time by sixteen bits too, counted in grains of a size that suits the cache.

const WAYS = 4;
const FEWEST_PLACES = 256;
/** What is remembered, in parts of what the cache holds: all that a window of the whole cache would have held. */
export const REMEMBERED_SHARE = 1;
/** Some of the oldest do not find room then, never the newest. */
const PLACES_PER_ENTRY = 1;
/** Times repeat when 256 times the cache has been rejected; what is still remembered then has long been replaced. */
const GRAINS = 256;
const LONG_AGO = 0x8000;

/** What a cache's table costs an entry at most: it doubles. */
export const REJECTED_BYTES_PER_ENTRY = 2 * PLACES_PER_ENTRY * 4;

export class Rejected {
  #tags = new Uint16Array(0);
  /** The grain at the time of rejection. */
  #at = new Uint16Array(0);
  #grainBytes = 1;
  #bytes = 0;

  get bytes(): number {
    return this.#tags.byteLength + this.#at.byteLength;
  }

  /** Remembers a key that took `bytes` in a cache of `entries` and `cacheBytes`. */
  add(hash: number, bytes: number, entries: number, cacheBytes: number): void {
    if (this.#tags.length < Math.max(1, entries * PLACES_PER_ENTRY)) this.#grow(entries, cacheBytes);
    this.#bytes += bytes;
    const place = this.#placeFor(hash);
    this.#tags[place] = hash >>> 16;
    this.#at[place] = this.#grain;
  }

  /** How many bytes were rejected from the key's rejection on, Infinity where it is not remembered; forgets it. */
  takeAgeBytes(hash: number): number {
    if (this.#tags.length === 0) return Number.POSITIVE_INFINITY;
    const first = this.#bucket(hash);
    for (let place = first; place < first + WAYS; place++) {
      const age = this.#age(place);
      if (age >= LONG_AGO || this.#tags[place] !== hash >>> 16) continue;
      this.#at[place] = this.#grain - LONG_AGO;
      return age * this.#grainBytes;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The key's own from long ago, or the oldest of its bucket. */
  #placeFor(hash: number): number {
    const first = this.#bucket(hash);
    let oldest = first;
    for (let place = first; place < first + WAYS; place++) {
      if (this.#tags[place] === hash >>> 16) return place;
      if (this.#age(place) > this.#age(oldest)) oldest = place;
    }
    return oldest;
  }

  get #grain(): number {
    return Math.floor(this.#bytes / this.#grainBytes) & 0xffff;
  }

  #age(place: number): number {
    return (this.#grain - this.#at[place]!) & 0xffff;
  }

  #bucket(hash: number): number {
    return (hash * WAYS) & (this.#tags.length - 1);
  }

  /** Begins anew: as many rejections as it remembers are soon made again, and moving what it has would take a pause. */
  #grow(entries: number, cacheBytes: number): void {
    const places = 2 ** Math.ceil(Math.log2(Math.max(FEWEST_PLACES, entries * PLACES_PER_ENTRY)));
    this.#grainBytes = Math.max(1, cacheBytes / GRAINS);
    this.#tags = new Uint16Array(places);
    this.#at = new Uint16Array(places).fill(this.#grain - LONG_AGO);
  }
}
