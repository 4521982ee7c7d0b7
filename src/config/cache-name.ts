// What a cache may be called: a name that no parameter of an invalidation has.

export const RESERVED_NAMES: readonly string[] = [
  ...['key', 'tag', 'prefix', 'all', 'scope', 'report', 'require', 'timeout', 'wait', 'notify'],
  ...['body', 'cache', 'ttl', 'fill', 'change', 'fleet'],
];

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** What is wrong with `name`, or undefined. */
export function cacheNameProblem(name: string): string | undefined {
  if (!NAME.test(name)) {
    return 'is no name for a cache; allowed: a lower-case letter, then at most 62 of a-z 0-9 _ -';
  }
  if (!RESERVED_NAMES.includes(name)) return undefined;
  return `is reserved; no cache may be called ${RESERVED_NAMES.join(', ')}`;
}
