// What tracking is to know of keys: which cache a name is of, and for how long what was read of it may be kept elsewhere.

import type { Cache } from '../../cache/cache.ts';
import type { Caches } from '../../cache/caches.ts';
import type { Clock } from '../../cache/clock.ts';
import { NO_SLOT } from '../../store/entries.ts';
import type { TrackedNames } from './tracking.ts';

const DEFAULT = 'default';

export class CacheNames implements TrackedNames {
  readonly #caches: Caches;
  readonly #clock: Clock;

  constructor(caches: Caches, clock: Clock) {
    this.#caches = caches;
    this.#clock = clock;
  }

  nameOf(cache: string, key: Buffer): string {
    const text = key.toString('latin1');
    return cache === DEFAULT ? text : `${cache}:${text}`;
  }

  cacheOf(name: string): string {
    const colonAt = name.indexOf(':');
    const begin = colonAt === -1 ? '' : name.slice(0, colonAt);
    return begin !== DEFAULT && this.#caches.get(begin) ? begin : DEFAULT;
  }

  stored(name: string): string {
    const cache = this.#caches.get(this.cacheOf(name));
    if (!cache) return name;
    const key = keyOf(cache, name);
    const folded = cache.fold(key);
    return folded === key ? name : this.nameOf(cache.name, folded);
  }

  /** Until it gets old, its load is tried again, or it ends. Of what is not stored, for as long as nothing is loaded. */
  keepMs(name: string): number {
    const cache = this.#caches.get(this.cacheOf(name));
    if (!cache || cache.shelf.passesThrough) return 0;
    const { shelf, loads } = cache;
    const slot = shelf.peek(keyOf(cache, name));
    if (slot === NO_SLOT) return loads ? 0 : Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.now();
    const lifeMs = shelf.diesAtMs(slot, nowMs) - nowMs;
    if (!loads || shelf.isNegative(slot)) return lifeMs;
    const freshMs = shelf.freshForMs(slot, nowMs);
    return Math.min(lifeMs, freshMs > 0 ? freshMs : shelf.times.retryMs);
  }

  mayHave(name: string, tag: string): boolean {
    const cache = this.#caches.get(this.cacheOf(name));
    const slot = cache ? cache.shelf.peek(keyOf(cache, name)) : NO_SLOT;
    return !cache || slot === NO_SLOT || cache.shelf.store.tags(slot).includes(tag);
  }
}

function keyOf({ name: cache }: Cache, name: string): Buffer {
  return Buffer.from(cache === DEFAULT ? name : name.slice(cache.length + 1), 'latin1');
}
