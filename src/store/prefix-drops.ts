// Prefixes that were dropped, or marked old, until every entry has been looked at: what is concerned counts so from the
// beginning, whoever asks, while a sweep over the slots goes on behind, a slice at a time.

/** A cache with more waiting has the sweep brought to its end at once: each is a look at every entry that is read. */
export const MOST_WAITING = 64;

interface PrefixDrop {
  readonly cacheId: number;
  readonly prefix: Uint8Array;
  /** Entries up to this version are concerned. */
  readonly version: number;
  /** Marks old instead of dropping. */
  readonly soft: boolean;
  /** Slots there were when it came: what is in others was stored after it. */
  readonly slots: number;
  /** How many of them are still to be looked at: it joined the sweep where that was. */
  left: number;
}

/** What the sweep needs of the store. */
export interface Swept {
  readonly slots: number;
  /** The cache of the slot's entry, where there is one that is not dropped with its cache. */
  cacheIdOf(slot: number): number | undefined;
  versionOf(slot: number): number;
  keyStartsWith(slot: number, prefix: Uint8Array): boolean;
  drop(slot: number): void;
  markOld(slot: number): void;
}

export class PrefixDrops {
  readonly #swept: Swept;
  #waiting: PrefixDrop[] = [];
  #at = 0;

  constructor(swept: Swept) {
    this.#swept = swept;
  }

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  waiting(cacheId: number): number {
    return this.#waiting.filter((one) => one.cacheId === cacheId).length;
  }

  add(cacheId: number, prefix: Uint8Array, version: number, soft: boolean): void {
    const { slots } = this.#swept;
    if (slots === 0) return;
    // A copy: what is handed in may be part of a whole request.
    this.#waiting.push({ cacheId, prefix: Uint8Array.from(prefix), version, soft, slots, left: slots });
  }

  /** The whole cache was dropped. */
  forget(cacheId: number): void {
    this.#waiting = this.#waiting.filter((one) => one.cacheId !== cacheId);
  }

  /** Whether the entry counts as dropped, or with `soft` as old, though it was not come to yet. */
  concern(slot: number, cacheId: number, soft: boolean): boolean {
    for (const one of this.#waiting) if (one.soft === soft && this.#concerns(one, slot, cacheId)) return true;
    return false;
  }

  /** Looks at up to `most` slots; says how many entries it dropped or marked old. */
  sweep(most: number): number {
    let found = 0;
    const { slots } = this.#swept;
    for (let i = 0; i < most && this.any; i++) {
      const slot = this.#at < slots ? this.#at : 0;
      this.#at = slot + 1;
      if (this.#look(slot)) found++;
      let ended = false;
      for (const one of this.#waiting) if (slot < one.slots && --one.left === 0) ended = true;
      if (ended) this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    }
    return found;
  }

  #look(slot: number): boolean {
    const cacheId = this.#swept.cacheIdOf(slot);
    if (cacheId === undefined) return false;
    if (this.concern(slot, cacheId, false)) this.#swept.drop(slot);
    else if (this.concern(slot, cacheId, true)) this.#swept.markOld(slot);
    else return false;
    return true;
  }

  #concerns(one: PrefixDrop, slot: number, cacheId: number): boolean {
    if (one.cacheId !== cacheId || ((one.version - this.#swept.versionOf(slot)) | 0) < 0) return false;
    return this.#swept.keyStartsWith(slot, one.prefix);
  }
}
