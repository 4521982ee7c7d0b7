// Which values may be stored: no longer than the daemon takes, and never longer than any Redis takes.

import type { Cache } from '../../cache/cache.ts';

/** Redis's bound for a string. */
const REDIS_BYTES = 512 * 1024 * 1024;

/** The error text for a value of `length` bytes in `cache`; undefined where it may be tried. */
export function tooLongError(cache: Cache, length: number): string | undefined {
  if (length > REDIS_BYTES) return 'ERR string exceeds maximum allowed size (proto-max-bulk-len)';
  const { maxValueBytes } = cache.shelf.store.room;
  if (length <= maxValueBytes) return undefined;
  return `ERR the value is larger than max_value allows (${maxValueBytes} bytes)`;
}
