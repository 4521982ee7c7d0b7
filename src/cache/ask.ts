// A read by the daemon itself, for what it makes of several entries: as a client's read, counted and loaded as one.

import { LoadError, type SidecacheError } from '../errors.ts';
import { NO_SLOT } from '../store/entries.ts';
import { type Cache, HIT, NEGATIVE_HIT, NOT_THERE, REFUSED, STALE } from './cache.ts';
import type { Answer } from './flight.ts';

export type Asked =
  | {
      readonly kind: 'value';
      readonly text: string;
      /** Older than `refresh`, as it is being reloaded or could not be. */
      readonly stale: boolean;
      /** Names what is stored: of two answers with the same one the texts are equal. 0: it is not stored. */
      readonly version: number;
    }
  /** What is stored is what the asker knows already. */
  | { readonly kind: 'known'; readonly stale: boolean }
  | { readonly kind: 'absent' }
  | { readonly kind: 'error'; readonly error: SidecacheError };

/** `fresh`: an old value only where a new one cannot be had. `any`: what is there, reloaded behind the asker. */
export type Wanted = 'fresh' | 'any';

/**
 * At once where it is there. The key's bytes are the asker's own: they are folded in place. `known`: the version that
 * the asker has made something of already. Never throws.
 */
export function ask(
  cache: Cache,
  key: Buffer,
  nowMs: number,
  want: Wanted,
  known?: number,
): Asked | Promise<Asked> {
  const outcome = cache.read(key, 0, key.length, nowMs);
  const { slot } = cache;
  if (outcome === HIT) return stored(cache, slot, false, known);
  if (outcome === STALE) {
    const canWait = want === 'fresh' && cache.loads?.isLoading(slot) === true;
    return canWait ? waited(cache, key, true) : stored(cache, slot, true, known);
  }
  if (outcome === NEGATIVE_HIT || outcome === NOT_THERE) return { kind: 'absent' };
  if (outcome === REFUSED) return { kind: 'error', error: cache.refusal! };
  return waited(cache, key, false);
}

function stored(cache: Cache, slot: number, stale: boolean, known: number | undefined): Asked {
  const { store } = cache.shelf;
  const version = cache.shelf.version(slot);
  if (version === known) return { kind: 'known', stale };
  const bytes = Buffer.allocUnsafe(store.valueLength(slot));
  store.copyValue(slot, 0, bytes, 0, bytes.length);
  return { kind: 'value', text: bytes.toString(), stale, version };
}

function waited(cache: Cache, key: Buffer, uncounted: boolean): Promise<Asked> {
  return new Promise((resolve) => {
    cache.wait(key, { uncounted, answered: (answer) => resolve(askedOf(cache, key, answer)) });
  });
}

function askedOf(cache: Cache, key: Buffer, answer: Answer): Asked {
  if (answer.kind === 'error') return { kind: 'error', error: answer.error };
  if (answer.kind === 'absent') return { kind: 'absent' };
  const { value, stale } = answer;
  try {
    const bytes = Buffer.allocUnsafe(value.length);
    value.copy(0, bytes, 0, bytes.length);
    const slot = answer.stored ? cache.shelf.peek(key) : NO_SLOT;
    const version = slot === NO_SLOT ? 0 : cache.shelf.version(slot);
    return { kind: 'value', text: bytes.toString(), stale, version };
  } finally {
    value.release();
  }
}

/** Of a value that is not what the daemon itself would have stored: a client wrote it. */
export function unusable(cache: Cache, cause: unknown): LoadError {
  return new LoadError('load_failed', `an entry of cache '${cache.name}' is not of its form`, {
    cause,
    ofKeyOnly: true,
  });
}
