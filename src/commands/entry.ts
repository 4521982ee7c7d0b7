// One entry as a command names it: the cache and key on the command line, and where they are in HTTP.

import { cacheNameProblem } from '../config/cache-name.ts';
import { CommandError } from '../errors.ts';
import { type Arguments, flag } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { keyInUrl } from './percent.ts';

/** `/caches/users`. Checked here because a name may also be a parameter elsewhere: a cache `all` would mean every one. */
export function cacheTarget(name: string): string {
  return `/caches/${checkedCacheName(name)}`;
}

/** `/caches/users/42` */
export function entryTarget(args: Arguments, key: string): string {
  return `${cacheTarget(args.words[0] ?? '')}/${keyInUrl(key, flag(args, 'encoded'))}`;
}

export function checkedCacheName(name: string): string {
  const problem = cacheNameProblem(name);
  if (problem === undefined) return name;
  throw new CommandError(EXIT.usage, `${name === '' ? '""' : name} ${problem}`);
}
