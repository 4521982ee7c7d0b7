// Prefixes that were dropped, or marked old, until every entry has been looked at: what is concerned counts so from the
// beginning, whoever asks, while a sweep over the slots goes on behind, a slice at a time.
//
// The sweep goes round and round over the slots; a prefix waits from the place where it joined until the sweep is there
// again. Each that joins brings the sweep on by a slice, so no more wait than there are slices in a round. Those that wait
// are found by the hash of a key's beginning: to look at an entry is a look-up for each length that any of them has.

/** To drop an entry is the work of looking at so many. */
export const LOOKS_A_DROP = 3;

/** What one that waits costs beyond its bytes: objects and map entries. */
const WAITING_COST_BYTES = 300;

/** What the sweep needs of the store. */
export interface Swept {
  readonly slots: number;
  /** The cache of the slot's entry, where there is one that is not dropped with its cache. */
  cacheIdOf(slot: number): number | undefined;
  versionOf(slot: number): number;
  hashOfPrefix(prefix: Uint8Array): number;
  /** Hash of the first `length` bytes of the entry's key; undefined where it is shorter. */
  hashOfBeginning(slot: number, length: number): number | undefined;
  keyStartsWith(slot: number, prefix: Uint8Array): boolean;
  /** Says what it took, in drops of an ordinary entry. */
  drop(slot: number): number;
  markOld(slot: number): void;
  /** Negative: gives back. */
  charge(bytes: number): void;
}

/** More lengths than so many are looked for at the same time only as long as nothing can be done about it. */
const FEW_LENGTHS = 16;

interface PrefixDrop {
  readonly group: Group;
  readonly hash: number;
  readonly prefix: Uint8Array;
  /** Entries up to this version are concerned. */
  readonly version: number;
  /** Where the sweep was, and in which of its rounds. */
  readonly at: number;
  readonly round: number;
  /** Slots whose entries were as good as stored anew since they were marked old. */
  renewed: Set<number> | undefined;
}

/** Those of one cache that have one length, and either drop or mark old. */
interface Group {
  readonly cacheId: number;
  readonly soft: boolean;
  readonly length: number;
  readonly byHash: Map<number, PrefixDrop[]>;
}

export class PrefixDrops {
  readonly #swept: Swept;
  #groups: Group[] = [];
  /** In the order in which they came, which is that in which the sweep is done with them. */
  #waiting: PrefixDrop[] = [];
  #bytes = 0;
  #at = 0;
  #round = 0;

  constructor(swept: Swept) {
    this.#swept = swept;
  }

  get any(): boolean {
    return this.#waiting.length > 0;
  }

  /** What all that wait are charged. */
  get bytes(): number {
    return this.#bytes;
  }

  costOf(prefix: Uint8Array): number {
    return prefix.length + WAITING_COST_BYTES;
  }

  add(cacheId: number, prefix: Uint8Array, version: number, soft: boolean): void {
    if (this.#swept.slots === 0) return;
    const group = this.#groupOf(cacheId, prefix.length, soft);
    const hash = this.#swept.hashOfPrefix(prefix);
    // A copy: what is handed in may be part of a whole request.
    const kept = Uint8Array.from(prefix);
    const where = { at: this.#at, round: this.#round };
    const drop = { group, hash, prefix: kept, version, ...where, renewed: undefined };
    this.#waiting.push(drop);
    this.#charge(this.costOf(kept));
    const same = group.byHash.get(hash);
    if (same) same.push(drop);
    else group.byHash.set(hash, [drop]);
  }

  /** The whole cache was dropped. */
  forget(cacheId: number): void {
    if (!this.any) return;
    for (const { group, prefix } of this.#waiting) {
      if (group.cacheId === cacheId) this.#charge(-this.costOf(prefix));
    }
    this.#waiting = this.#waiting.filter(({ group }) => group.cacheId !== cacheId);
    this.#groups = this.#groups.filter((group) => group.cacheId !== cacheId);
  }

  /** Whether the entry counts as dropped, or with `soft` as old, though it was not come to yet. */
  concern(slot: number, cacheId: number, soft: boolean): boolean {
    return this.#concerning(slot, cacheId, soft) !== undefined;
  }

  /** The entry is as good as stored now: what marked it old before concerns it no more. */
  renewed(slot: number, cacheId: number): void {
    for (let one = this.#concerning(slot, cacheId, true); one; one = this.#concerning(slot, cacheId, true)) {
      one.renewed ??= new Set();
      one.renewed.add(slot);
    }
  }

  /** A part of `most` for the sweep to do at once, now that one more waits: a call may bring many, and each its length. */
  partFor(most: number): number {
    const lengths = this.#groups.length;
    return lengths <= FEW_LENGTHS ? Math.ceil(most / Math.max(1, lengths)) : most / FEW_LENGTHS;
  }

  /**
   * Does the work of looking at `most` slots for prefixes of one length: of two lengths it is half as many. Says how many
   * entries it dropped or marked old.
   */
  sweep(most: number): number {
    let found = 0;
    for (let left = most; left > 0 && this.any; left -= this.#groups.length) {
      const slot = this.#at;
      const took = this.#look(slot);
      if (took > 0) found++;
      left -= took * LOOKS_A_DROP;
      this.#at = slot + 1;
      if (this.#at >= this.#swept.slots) {
        this.#at = 0;
        this.#round++;
      }
      this.#end();
    }
    return found;
  }

  /** 0 where nothing concerned the entry, else what it took, in drops of an ordinary one. */
  #look(slot: number): number {
    const cacheId = this.#swept.cacheIdOf(slot);
    if (cacheId === undefined) return 0;
    if (this.concern(slot, cacheId, false)) return this.#swept.drop(slot);
    if (!this.concern(slot, cacheId, true)) return 0;
    this.#swept.markOld(slot);
    return 1;
  }

  /** Those that joined at this place a round ago have been compared with every entry. */
  #end(): void {
    let ended = 0;
    for (const { at, round } of this.#waiting) {
      if (this.#round === round || (this.#round === round + 1 && this.#at < at)) break;
      ended++;
    }
    if (ended > 0) for (const drop of this.#waiting.splice(0, ended)) this.#takeOff(drop);
  }

  #takeOff({ group, hash, prefix }: PrefixDrop): void {
    this.#charge(-this.costOf(prefix));
    const same = group.byHash.get(hash)!;
    // They came in this order, too.
    same.shift();
    if (same.length > 0) return;
    group.byHash.delete(hash);
    if (group.byHash.size === 0) this.#groups.splice(this.#groups.indexOf(group), 1);
  }

  #charge(bytes: number): void {
    this.#bytes += bytes;
    this.#swept.charge(bytes);
  }

  #concerning(slot: number, cacheId: number, soft: boolean): PrefixDrop | undefined {
    for (const group of this.#groups) {
      if (group.cacheId !== cacheId || group.soft !== soft) continue;
      const hash = this.#swept.hashOfBeginning(slot, group.length);
      const same = hash === undefined ? undefined : group.byHash.get(hash);
      const one = same?.find((drop) => this.#concerns(drop, slot));
      if (one) return one;
    }
    return undefined;
  }

  #concerns(one: PrefixDrop, slot: number): boolean {
    if (((one.version - this.#swept.versionOf(slot)) | 0) < 0 || one.renewed?.has(slot)) return false;
    return this.#swept.keyStartsWith(slot, one.prefix);
  }

  #groupOf(cacheId: number, length: number, soft: boolean): Group {
    const known = this.#groups.find(
      (group) => group.cacheId === cacheId && group.length === length && group.soft === soft,
    );
    if (known) return known;
    const group = { cacheId, soft, length, byHash: new Map<number, PrefixDrop[]>() };
    this.#groups.push(group);
    return group;
  }
}
