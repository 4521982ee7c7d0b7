// All caches of the daemon: by name, as targets of invalidations, and as what time passes for.

import { NO_SLOT } from '../store/entries.ts';
import type { Store } from '../store/store.ts';
import { NOT_YET } from '../store/timer-wheel.ts';
import { Cache, type CacheParts } from './cache.ts';
import type { Clock, Timer } from './clock.ts';
import type { ChangeSource } from './counters.ts';
import { Fence } from './fence.ts';

/** What an invalidation or a refresh is about: these entries of these caches, or the caches whole. */
export interface Selection {
  readonly caches: readonly Cache[];
  /** They unite; all three empty: the caches whole. */
  readonly keys: readonly Buffer[];
  readonly tags: readonly string[];
  readonly prefixes: readonly Buffer[];
}

export type ChangeKind = 'invalidate' | 'refresh';

export interface Applied {
  /** Entries that went, or are old now. */
  readonly entries: number;
  /** For a refresh: resolves when the loads that it started have ended. */
  readonly loaded: Promise<void>;
}

export type NewCache = Omit<
  CacheParts,
  'store' | 'stored' | 'fence' | 'clock' | 'random' | 'deadlineChanged' | 'replaced'
> & {
  readonly shareBytes: number | undefined;
  readonly evictable: boolean;
};

/** What one turn may do before others get theirs: so many entries, where that does not take longer than so long. */
const WORK_PER_TURN = 1000;
const TURN_MS = 1;
/** Entries that lie anywhere in a large memory take several microseconds each. */
const WORK_PER_LOOK = 50;
/** Timers are not set closer than this: what is due is noticed by reads at once all the same. */
const SHORTEST_PAUSE_MS = 10;
/** Until it goes on with what was too much for a turn. */
const TURN_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 3_600_000;

export class Caches {
  readonly store: Store;
  readonly #fence = new Fence();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #byName = new Map<string, Cache>();
  readonly #byId: Cache[] = [];
  #timer: Timer | undefined;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #reclaiming = false;
  #watcher: { readonly active: boolean } | undefined;
  #tell: (cache: string, key: Buffer) => void = () => {};
  #closed = false;

  constructor(store: Store, clock: Clock, random: () => number) {
    this.store = store;
    this.#clock = clock;
    this.#random = random;
    // Nothing is due yet: it only says what the time is.
    store.deadlines.takeDue(clock.now());
  }

  add(cache: NewCache): Cache {
    const stored = this.store.addCache(cache);
    const added = new Cache({
      ...cache,
      store: this.store,
      stored,
      fence: this.#fence,
      clock: this.#clock,
      random: this.#random,
      deadlineChanged: () => this.#arm(),
      replaced: (key) => {
        if (this.#watcher?.active) this.#tell(cache.name, key);
      },
    });
    this.#byName.set(cache.name, added);
    this.#byId[stored.id] = added;
    return added;
  }

  get(name: string): Cache | undefined {
    return this.#byName.get(name);
  }

  get all(): Cache[] {
    return [...this.#byName.values()];
  }

  get names(): string[] {
    return [...this.#byName.keys()];
  }

  /** Applies the whole of it before it returns; nobody who reads afterwards sees what it is about as fresh. */
  apply(kind: ChangeKind, selection: Selection, source: ChangeSource): Applied {
    let entries = 0;
    const loads: Promise<void>[] = [];
    for (const cache of selection.caches) {
      const applied = kind === 'invalidate' ? invalidate(cache, selection) : refresh(cache, selection, loads);
      cache.counters.countInvalidation(source, applied);
      entries += applied;
    }
    this.#reclaim();
    return { entries, loaded: Promise.all(loads).then(() => undefined) };
  }

  /** Has `tell` told, while `watcher` is active, of each entry that is evicted, expires, or is replaced by a load. */
  watchEntries(watcher: { readonly active: boolean }, tell: (cache: string, key: Buffer) => void): void {
    this.#watcher = watcher;
    this.#tell = tell;
    this.store.evictionWatcher = {
      get active() {
        return watcher.active;
      },
      evicted: ({ id }, key) => tell(this.#byId[id]!.name, key),
    };
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const cache of this.all) cache.close();
  }

  // --- time

  /** Sets the timer for whatever is due next, if that is earlier than what it is set for. */
  #arm(): void {
    const nextAtMs = this.store.deadlines.nextAtMs;
    if (nextAtMs >= this.#timerAtMs || this.#closed) return;
    const leftMs = nextAtMs - this.#clock.now();
    this.#set(nextAtMs, Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, leftMs)));
  }

  #set(atMs: number, pauseMs: number): void {
    this.#timer?.cancel();
    this.#timerAtMs = atMs;
    this.#timer = this.#clock.after(pauseMs, () => this.#turn());
  }

  #turn(): void {
    const nowMs = this.#clock.now();
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    if (this.#meetDeadlines(nowMs)) this.#arm();
    else if (!this.#closed) this.#set(nowMs, TURN_PAUSE_MS);
  }

  /** Says whether nothing more is due by now. */
  #meetDeadlines(nowMs: number): boolean {
    const { deadlines } = this.store;
    return this.#inTurn(() => {
      for (let i = 0; i < WORK_PER_LOOK; i++) {
        const slot = deadlines.takeDue(nowMs);
        if (slot === NO_SLOT) return false;
        if (slot === NOT_YET) continue;
        const cache = this.#byId[this.store.cacheOf(slot).id]!;
        if (this.store.isLive(cache.shelf.stored, slot)) cache.due(slot, nowMs);
      }
      return true;
    });
  }

  /** The memory of what was dropped in one go comes back in slices. */
  #reclaim(): void {
    if (this.#reclaiming || this.#closed || !this.store.drops.any) return;
    this.#reclaiming = true;
    this.#clock.after(1, () => {
      this.#reclaiming = false;
      this.#inTurn(() => this.store.drops.reclaim(WORK_PER_LOOK));
      this.#reclaim();
    });
  }

  /** Goes on with a step of work as long as it says that there is more, and a turn lasts; whether it has ended. */
  #inTurn(step: () => boolean): boolean {
    const untilMs = this.#clock.now() + TURN_MS;
    for (let done = 0; done < WORK_PER_TURN; done += WORK_PER_LOOK) {
      if (!step()) return true;
      if (this.#clock.now() >= untilMs) return false;
    }
    return false;
  }
}

function invalidate(cache: Cache, { keys, tags, prefixes }: Selection): number {
  if (keys.length + tags.length + prefixes.length === 0) return cache.invalidateAll();
  let entries = 0;
  for (const key of keys) entries += cache.invalidateKey(key);
  for (const tag of tags) entries += cache.invalidateTag(tag);
  for (const prefix of prefixes) entries += cache.invalidatePrefix(prefix);
  return entries;
}

function refresh(cache: Cache, { keys, tags, prefixes }: Selection, loads: Promise<void>[]): number {
  if (keys.length + tags.length + prefixes.length === 0) {
    const { old, recent } = cache.refreshAll();
    loads.push(cache.reload(recent));
    return old;
  }
  let more = 0;
  const reloaded = new Set<number>();
  for (const key of keys) for (const slot of cache.refreshKey(key)) reloaded.add(slot);
  for (const tag of tags) for (const slot of cache.refreshTag(tag)) reloaded.add(slot);
  for (const prefix of prefixes) {
    const { old, recent } = cache.refreshPrefix(prefix);
    for (const slot of recent) reloaded.add(slot);
    more += Math.max(0, old - recent.length);
  }
  loads.push(cache.reload([...reloaded]));
  return reloaded.size + more;
}
