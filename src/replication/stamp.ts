// When an entry of a replicated cache was written, and by whom. Of two of one key the later counts, on every instance.
//
// It is kept as the entry's ETag, which clients see: so the same value has the same ETag wherever it is read, and a cache
// of another mode pays nothing for it.

import { isCount } from '../fleet/hybrid-clock.ts';

/** `origin`: a number made of the writer's incarnation, which tells two of one time apart. */
export type Stamp = readonly [ms: number, count: number, origin: number];

/** Of what was not written by anybody, but loaded: whatever was written is later. */
export const UNSTAMPED: Stamp = [0, 0, 0];

const ETAG = /^"~([0-9a-z]{1,10})-([0-9a-z]{1,5})-([0-9a-z]{1,7})"$/;

export function isLater(one: Stamp, other: Stamp): boolean {
  if (one[0] !== other[0]) return one[0] > other[0];
  if (one[1] !== other[1]) return one[1] > other[1];
  return one[2] > other[2];
}

/** FNV-1a, 32 bits. */
export function originOf(incarnation: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < incarnation.length; i++)
    hash = Math.imul(hash ^ incarnation.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

export function etagOf([ms, count, origin]: Stamp): string {
  return `"~${ms.toString(36)}-${count.toString(36)}-${origin.toString(36)}"`;
}

export function stampOf(etag: string): Stamp {
  const match = ETAG.exec(etag);
  if (!match) return UNSTAMPED;
  return [Number.parseInt(match[1]!, 36), Number.parseInt(match[2]!, 36), Number.parseInt(match[3]!, 36)];
}

/** What came over the wire; undefined where it is no stamp. */
export function parseStamp(value: unknown): Stamp | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const [ms, count, origin] = value as unknown[];
  if (!isCount(ms) || !isCount(count) || !isCount(origin)) return undefined;
  // As an ETag it would not be read as what it is.
  if (ms >= 36 ** 10 || count >= 36 ** 5 || origin >= 2 ** 32) return undefined;
  return [ms, count, origin];
}
