// A key that a client watches for its transaction: whether its entry is still as it was.

import type { Cache } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import type { WatchedKey } from './client.ts';

/** Of the version where there is no entry: they are counted from 1. */
const NOTHING = 0;

export class WatchedEntry implements WatchedKey {
  readonly cache: Cache;
  readonly key: Buffer;
  readonly version: number;
  /** When it goes: another end is a change, too. */
  readonly #endAtMs: number;

  constructor(cache: Cache, key: Buffer, nowMs: number) {
    this.cache = cache;
    this.key = cache.fold(key);
    const slot = this.#find();
    this.version = slot === NO_SLOT ? NOTHING : cache.shelf.version(slot);
    this.#endAtMs = slot === NO_SLOT ? 0 : cache.shelf.diesAtMs(slot, nowMs);
  }

  /** It was not written, loaded or dropped since, nor given another end, nor has it come to its end. */
  isUnchanged(nowMs: number): boolean {
    const { shelf } = this.cache;
    const slot = this.#find();
    if (slot === NO_SLOT) return this.version === NOTHING;
    return shelf.version(slot) === this.version && shelf.diesAtMs(slot, nowMs) === this.#endAtMs;
  }

  #find(): number {
    const { shelf } = this.cache;
    const slot = shelf.peek(this.key);
    return slot !== NO_SLOT && shelf.isNegative(slot) ? NO_SLOT : slot;
  }
}
