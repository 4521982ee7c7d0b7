// Keys whose values found no room here, or could not be fetched: they are asked for again. Bounded; more than that is told.

const MOST_KEYS = 1000;
const MOST_BYTES = 256 << 10;

export interface Later {
  readonly cache: string;
  /** One character a byte. */
  readonly key: string;
  /** Who has it. */
  readonly from: string;
  /** What the value takes, 0 where that is not known. */
  readonly bytes: number;
}

export class Laters {
  readonly #all = new Map<string, Later>();
  #keyBytes = 0;

  /** False: they are too many. */
  add(later: Later): boolean {
    // Of two who have it each may have another value, and which is later is not known yet.
    const id = `${later.cache} ${later.from} ${later.key}`;
    if (!this.#all.has(id)) {
      if (this.#all.size >= MOST_KEYS || this.#keyBytes + later.key.length > MOST_BYTES) return false;
      this.#keyBytes += later.key.length;
    }
    this.#all.set(id, later);
    return true;
  }

  has(cache: string): boolean {
    for (const later of this.#all.values()) if (later.cache === cache) return true;
    return false;
  }

  /** Those of the cache that there may be room for, which are remembered no more. */
  takeFitting(cache: string, roomBytes: number): Later[] {
    const taken: Later[] = [];
    let leftBytes = roomBytes;
    for (const [id, later] of this.#all) {
      if (later.cache !== cache || later.bytes > leftBytes) continue;
      leftBytes -= later.bytes;
      this.#all.delete(id);
      this.#keyBytes -= later.key.length;
      taken.push(later);
    }
    return taken;
  }
}
