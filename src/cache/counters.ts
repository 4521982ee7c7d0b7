// What a cache counts: plain numbers in one array, read when somebody asks.

/** Result of a read; the `result` of sidecache_requests_total. Their sum is the reads. */
export const READ_RESULTS = ['hit', 'stale', 'miss', 'negative', 'error'] as const;
export type ReadResult = (typeof READ_RESULTS)[number];

/** What made a load start. */
export const LOAD_TRIGGERS = ['miss', 'refresh', 'ahead', 'call'] as const;
export type LoadTrigger = (typeof LOAD_TRIGGERS)[number];

/** How a load ended; `void` = fenced: served to those who asked before, not kept. `unstorable` = the origin said so. */
export const LOAD_RESULTS = [
  'stored',
  'unchanged',
  'absent',
  'unstorable',
  'void',
  'failed',
  'timeout',
] as const;
export type LoadResult = (typeof LOAD_RESULTS)[number];

/** Where a call that changed the cache came from; `repair`: what was announced may have been missed. */
export const CHANGE_SOURCES = ['local', 'peer', 'repair'] as const;
export type ChangeSource = (typeof CHANGE_SOURCES)[number];

/** Upper bounds of the load duration histogram, in seconds. */
export const LOAD_SECONDS_BOUNDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
] as const;

/** Index of READ_RESULTS for HIT, STALE, NEGATIVE_HIT, NOT_THERE and REFUSED. */
const RESULT_OF_OUTCOME = [0, 1, 3, 2, 4] as const;

export class Counters {
  readonly #reads = new Float64Array(READ_RESULTS.length);
  readonly #loads = new Float64Array(LOAD_TRIGGERS.length * LOAD_RESULTS.length);
  /** One bucket a bound and one for all above; not cumulative. */
  readonly loadSecondsBuckets = new Float64Array(LOAD_SECONDS_BOUNDS.length + 1);
  loadSecondsSum = 0;
  readonly #invalidations = new Float64Array(CHANGE_SOURCES.length);
  /** Entries that calls dropped or marked old. */
  invalidatedEntries = 0;
  /** Writes and deletes by clients. */
  writes = 0;
  deletes = 0;
  /** Fills that came too late: their lease was void. */
  voidFills = 0;

  /** The hot path: counts what Cache.read said, by its number. */
  countOutcome(outcome: number): void {
    this.#reads[RESULT_OF_OUTCOME[outcome]!]!++;
  }

  countRead(result: ReadResult): void {
    this.#reads[READ_RESULTS.indexOf(result)]!++;
  }

  countLoad(trigger: LoadTrigger, result: LoadResult, seconds: number): void {
    this.#loads[LOAD_TRIGGERS.indexOf(trigger) * LOAD_RESULTS.length + LOAD_RESULTS.indexOf(result)]!++;
    const bucket = LOAD_SECONDS_BOUNDS.findIndex((bound) => seconds <= bound);
    this.loadSecondsBuckets[bucket === -1 ? LOAD_SECONDS_BOUNDS.length : bucket]!++;
    this.loadSecondsSum += seconds;
  }

  /** A whole call that concerned this cache. */
  countInvalidation(source: ChangeSource, entries: number): void {
    this.#invalidations[CHANGE_SOURCES.indexOf(source)]!++;
    this.invalidatedEntries += entries;
  }

  invalidations(source: ChangeSource): number {
    return this.#invalidations[CHANGE_SOURCES.indexOf(source)]!;
  }

  reads(result: ReadResult): number {
    return this.#reads[READ_RESULTS.indexOf(result)]!;
  }

  loads(trigger: LoadTrigger, result: LoadResult): number {
    return this.#loads[LOAD_TRIGGERS.indexOf(trigger) * LOAD_RESULTS.length + LOAD_RESULTS.indexOf(result)]!;
  }

  /** Loads that ended in one of `results`, whatever made them start. */
  loadsEnded(...results: LoadResult[]): number {
    let sum = 0;
    for (const trigger of LOAD_TRIGGERS) for (const result of results) sum += this.loads(trigger, result);
    return sum;
  }
}
