// Generations of a cache's entries: those that were stored between one dropping, or refreshing, of the whole cache and the
// next. A cohort is dropped or made old by a word of its own, however many entries it has.

/** No cohort was left to begin: too many old ones still have entries. */
export const NO_COHORT = -1;
const MOST_COHORTS = 0xffff;
const NO_CACHE = -1;

export class Cohorts {
  /** The cache of each; NO_CACHE: it is free. */
  readonly #cacheId: number[] = [];
  readonly #entries: number[] = [];
  readonly #dropped: boolean[] = [];
  readonly #free: number[] = [];

  /** A new one for the cache; `before`, its current one, goes on living until it has no entries. Without any it will do again. */
  begin(cacheId: number, before: number | undefined): number {
    if (before !== undefined && this.#entries[before] === 0) {
      this.#dropped[before] = false;
      return before;
    }
    const cohort = this.#free.pop() ?? this.#cacheId.length;
    if (cohort > MOST_COHORTS) return NO_COHORT;
    this.#cacheId[cohort] = cacheId;
    this.#entries[cohort] = 0;
    this.#dropped[cohort] = false;
    return cohort;
  }

  cacheId(cohort: number): number {
    return this.#cacheId[cohort]!;
  }

  join(cohort: number): void {
    this.#entries[cohort]!++;
  }

  /** `current` is the current one of the same cache. */
  leave(cohort: number, current: number): void {
    this.#entries[cohort]!--;
    if (cohort !== current) this.#retire(cohort);
  }

  /** Drops all of the cache's; the current one is to be replaced. */
  dropAll(cacheId: number): void {
    for (let cohort = 0; cohort < this.#cacheId.length; cohort++) {
      if (this.#cacheId[cohort] === cacheId) this.#dropped[cohort] = true;
    }
  }

  isLive(cohort: number, cacheId: number): boolean {
    return this.#cacheId[cohort] === cacheId && !this.#dropped[cohort];
  }

  #retire(cohort: number): void {
    if (this.#entries[cohort]! > 0 || this.#cacheId[cohort] === NO_CACHE) return;
    this.#cacheId[cohort] = NO_CACHE;
    this.#free.push(cohort);
  }
}
