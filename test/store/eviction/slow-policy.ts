// The eviction policy again, said with arrays and maps and no thought for speed: what the fast one must agree with.

interface Kept {
  key: number;
  bytes: number;
}

export class SlowPolicy {
  window: Kept[] = [];
  probation: Kept[] = [];
  guarded: Kept[] = [];
  share = 0.05;
  readonly #counts = new Map<number, number>();
  readonly #rejectedAt = new Map<number, number>();
  #rejectedBytes = 0;
  #grainBytes = 0;
  #counted = 0;
  #room = 0;
  #idle = Number.POSITIVE_INFINITY;
  #winner: Kept | undefined;
  #wins = 0;

  /** All entries; in each list the one that goes first is the first. */
  get all(): Kept[] {
    return [...this.window, ...this.probation, ...this.guarded];
  }

  added(key: number, bytes: number): void {
    const entry = { key, bytes };
    this.#request(key, this.all.length + 1);
    const age = this.#takeAge(key) / this.#room;
    if (age <= 0.1) this.#grow(1.25, this.all.length + 1);
    else if (age <= 1) this.#grow(0.1, this.all.length + 1);
    this.window.push(entry);
    this.#room = Math.max(this.#room, sum(this.all));
    this.#fillMain();
  }

  read(key: number): void {
    this.#idle++;
    this.#request(key, this.all.length);
    const entry = this.all.find((each) => each.key === key)!;
    if (this.probation.includes(entry)) {
      this.#grow((-0.1 * this.#room) / sum(this.probation), this.all.length);
      this.probation = this.probation.filter((each) => each !== entry);
      this.guarded.push(entry);
      this.#boundGuarded();
      return;
    }
    for (const list of [this.window, this.guarded]) {
      if (list.includes(entry)) list.push(...list.splice(list.indexOf(entry), 1));
    }
  }

  resized(key: number, bytes: number): void {
    this.all.find((each) => each.key === key)!.bytes = bytes;
  }

  removed(key: number): void {
    for (const list of [this.window, this.probation, this.guarded]) {
      const at = list.findIndex((each) => each.key === key);
      if (at !== -1) list.splice(at, 1);
    }
  }

  cleared(): void {
    for (const { key } of this.all) this.#counts.delete(key);
    this.window = [];
    this.probation = [];
    this.guarded = [];
  }

  victimFor(incomingBytes: number): number | undefined {
    this.#idle = 0;
    this.#room = sum(this.all);
    this.#fillMain();
    this.#boundGuarded();
    const candidate = this.window[0];
    const victims = [...this.probation, ...this.guarded];
    if (!candidate || !victims[0]) return (candidate ?? victims[0])?.key;
    if (sum(this.window) + incomingBytes <= this.share * this.#room) return victims[0].key;
    if (this.#beats(candidate, victims)) {
      this.probation.push(this.window.shift()!);
      return victims[0].key;
    }
    this.#spareAfterWins(victims[0]);
    this.#reject(candidate);
    return candidate.key;
  }

  #beats(candidate: Kept, victims: Kept[]): boolean {
    let missing = candidate.bytes;
    let displaced = 0;
    for (const { key, bytes } of victims.slice(0, 16)) {
      if (missing <= 0) break;
      displaced += this.#count(key) * Math.min(1, missing / bytes);
      missing -= bytes;
    }
    return this.#count(candidate.key) > displaced + (displaced > 1 ? 1 : 0);
  }

  #spareAfterWins(victim: Kept): void {
    this.#wins = victim === this.#winner ? this.#wins + 1 : 1;
    this.#winner = victim;
    if (this.#wins < 4) return;
    const list = this.probation.includes(victim) ? this.probation : this.guarded;
    list.push(...list.splice(list.indexOf(victim), 1));
    this.#wins = 0;
  }

  #fillMain(): void {
    for (let moves = 0; moves < 4 && this.window.length > 1; moves++) {
      const windowBytes = this.share * this.#room;
      const main = sum(this.probation) + sum(this.guarded);
      if (sum(this.window) <= windowBytes || main + this.window[0]!.bytes > this.#room - windowBytes) return;
      this.probation.push(this.window.shift()!);
    }
  }

  #boundGuarded(): void {
    for (let moves = 0; moves < 4 && this.guarded.length > 1; moves++) {
      if (sum(this.guarded) <= (this.#room - this.share * this.#room) * 0.8) return;
      this.probation.push(this.guarded.shift()!);
    }
  }

  #count(key: number): number {
    return this.#counts.get(key) ?? 0;
  }

  #request(key: number, entries: number): void {
    if (++this.#counted >= 16 * Math.max(entries, 16)) {
      this.#counted >>>= 1;
      for (const [each, count] of this.#counts) this.#counts.set(each, count >>> 1);
    }
    this.#counts.set(key, Math.min(15, this.#count(key) + 1));
  }

  #reject({ key, bytes }: Kept): void {
    if (this.#grainBytes === 0) this.#grainBytes = Math.max(1, this.#room / 256);
    this.#rejectedBytes += bytes;
    this.#rejectedAt.set(key, Math.floor(this.#rejectedBytes / this.#grainBytes));
  }

  #takeAge(key: number): number {
    const at = this.#rejectedAt.get(key);
    if (at === undefined) return Number.POSITIVE_INFINITY;
    // Sixteen bits of time.
    const age = (Math.floor(this.#rejectedBytes / this.#grainBytes) - at) & 0xffff;
    if (age >= 0x8000) return Number.POSITIVE_INFINITY;
    this.#rejectedAt.delete(key);
    return age * this.#grainBytes;
  }

  #grow(entries: number, all: number): void {
    if (this.#idle > all * 16) return;
    this.share = Math.min(0.95, Math.max(0.01, this.share + entries / all));
  }
}

function sum(list: readonly Kept[]): number {
  return list.reduce((bytes, each) => bytes + each.bytes, 0);
}
