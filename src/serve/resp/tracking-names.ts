// What tracking is to know of keys: which cache a name is of, and for how long what was read of it may be kept elsewhere.

import type { Cache } from '../../cache/cache.ts';
import type { Caches } from '../../cache/caches.ts';
import type { Clock } from '../../cache/clock.ts';
import { NO_SLOT } from '../../store/entries.ts';
import type { TrackedNames } from './tracking.ts';

const DEFAULT = 'default';
const ANY_KEY = Buffer.from('key');
/** Longer keys, which are few, get memory of their own to be looked up with. */
const SCRATCH_BYTES = 1024;

export class CacheNames implements TrackedNames {
  readonly #caches: Caches;
  readonly #clock: Clock;
  /** Of these several keys mean the same. */
  readonly #folding: ReadonlySet<Cache>;
  /** Of what `keepMs` was asked for last; 0: it is old, or there is nothing. */
  version = 0;
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  constructor(caches: Caches, clock: Clock) {
    this.#caches = caches;
    this.#clock = clock;
    this.#folding = new Set(caches.all.filter((cache) => cache.fold(ANY_KEY) !== ANY_KEY));
  }

  nameOf(cache: string, key: Buffer): string {
    const text = key.toString('latin1');
    return cache === DEFAULT ? text : `${cache}:${text}`;
  }

  cacheOf(name: string): string {
    return this.#named(name)?.name ?? DEFAULT;
  }

  stored(name: string): string {
    const cache = this.#of(name);
    if (!cache || !this.#folding.has(cache)) return name;
    const key = Buffer.from(name.slice(startIn(cache)), 'latin1');
    return this.nameOf(cache.name, cache.fold(key));
  }

  /** Until it gets old, its load is tried again, or it ends. Of what is not stored, for as long as nothing is loaded. */
  keepMs(name: string): number {
    this.version = 0;
    const cache = this.#of(name);
    if (!cache || cache.shelf.passesThrough) return 0;
    const { shelf, loads } = cache;
    const nowMs = this.#clock.now();
    const slot = this.#find(cache, name, nowMs);
    if (slot === NO_SLOT) return loads ? 0 : Number.POSITIVE_INFINITY;
    const lifeMs = shelf.diesAtMs(slot, nowMs) - nowMs;
    const isLasting = !loads || shelf.isNegative(slot);
    const freshMs = isLasting ? Number.POSITIVE_INFINITY : shelf.freshForMs(slot, nowMs);
    if (freshMs <= 0) return Math.min(lifeMs, shelf.times.retryMs);
    this.version = shelf.version(slot);
    return Math.min(lifeMs, freshMs);
  }

  mayHave(name: string, tag: string): boolean {
    const cache = this.#of(name);
    const slot = cache ? this.#find(cache, name, this.#clock.now()) : NO_SLOT;
    return !cache || slot === NO_SLOT || cache.shelf.store.tags(slot).includes(tag);
  }

  #of(name: string): Cache | undefined {
    return this.#named(name) ?? this.#caches.get(DEFAULT);
  }

  /** Undefined for what is of the default one. */
  #named(name: string): Cache | undefined {
    const colonAt = name.indexOf(':');
    const cache = colonAt === -1 ? undefined : this.#caches.get(name.slice(0, colonAt));
    return cache?.name === DEFAULT ? undefined : cache;
  }

  #find(cache: Cache, name: string, nowMs: number): number {
    const isShort = name.length <= SCRATCH_BYTES;
    const bytes = isShort ? this.#scratch : Buffer.from(name, 'latin1');
    if (isShort) bytes.write(name, 'latin1');
    return cache.shelf.find(bytes, startIn(cache), name.length, nowMs);
  }
}

/** Where its keys begin in names. */
function startIn({ name }: Cache): number {
  return name === DEFAULT ? 0 : name.length + 1;
}
