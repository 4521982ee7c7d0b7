// All entries of some caches, in an order that holds while others come and go: who is there from the begin of a walk to
// its end is met at least once, and who is written anew meanwhile keeps its place.
//
// The places are the store's slots, in which an entry stays for as long as it lives. A walk keeps nothing between its
// steps but the place where it goes on.

import type { Store } from '../store/store.ts';
import type { Cache } from './cache.ts';
import type { Shelf } from './shelf.ts';

/** Told of an entry; the slot is good until the next write to the store. False ends the step behind it. */
export type Visit = (cache: Cache, slot: number) => boolean;

/** A random place is tried so often before the walk is taken from there. */
const RANDOM_TRIES = 64;

export class KeyWalk {
  readonly #store: Store;
  /** By the number of its part of the store. */
  readonly #caches: (Cache | undefined)[] = [];

  /** Over the entries of these caches, of one store. */
  constructor(store: Store, caches: readonly Cache[]) {
    this.#store = store;
    for (const cache of caches) this.#caches[cache.shelf.stored.id] = cache;
  }

  /**
   * Looks at up to `most` places from `from` on, and visits the entries there that could be read; returns the place where
   * to go on, 0 at the end.
   */
  step(from: number, most: number, nowMs: number, visit: Visit): number {
    const end = this.#store.entries.highWater;
    const until = Math.min(end, from + most);
    for (let slot = from; slot < until; ) {
      const cache = this.#cacheAt(slot, nowMs);
      slot++;
      if (cache && !visit(cache, slot - 1)) return slot < end ? slot : 0;
    }
    return until < end ? until : 0;
  }

  /** The slot of some entry with its cache, each as likely as another where most places are taken. `random`: in [0, 1). */
  any(random: () => number, nowMs: number): { cache: Cache; slot: number } | undefined {
    const places = this.#store.entries.highWater;
    let slot = 0;
    for (let i = 0; i < RANDOM_TRIES; i++) {
      slot = Math.floor(random() * places);
      const cache = this.#cacheAt(slot, nowMs);
      if (cache) return { cache, slot };
    }
    return this.#firstFrom(slot, nowMs) ?? this.#firstFrom(0, nowMs);
  }

  #firstFrom(from: number, nowMs: number): { cache: Cache; slot: number } | undefined {
    let found: { cache: Cache; slot: number } | undefined;
    this.step(from, this.#store.entries.highWater, nowMs, (cache, slot) => {
      found = { cache, slot };
      return false;
    });
    return found;
  }

  #cacheAt(slot: number, nowMs: number): Cache | undefined {
    const store = this.#store;
    if (!store.entries.isUsed(slot)) return undefined;
    const cache = this.#caches[store.cacheOf(slot).id];
    if (!cache || !store.isLive(cache.shelf.stored, slot)) return undefined;
    return isReadable(cache.shelf, slot, nowMs) ? cache : undefined;
  }
}

function isReadable(shelf: Shelf, slot: number, nowMs: number): boolean {
  const { expiryMs } = shelf.times;
  if (shelf.isNegative(slot) || nowMs >= shelf.diesAtMs(slot, nowMs)) return false;
  return expiryMs === undefined || shelf.idleMs(slot, nowMs) < expiryMs;
}
