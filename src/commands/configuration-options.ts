// The configuration's own flags, as `serve` and `check` take them. Flags of a cache are written out for the caches
// that are named on the command line: `--caches.users.refresh` is known because `users` stands there.

import { flagDefinitions } from '../config/flags.ts';
import type { OptionRow, Options } from './options.ts';

const CACHE_FLAG = /^--(?:no-)?(caches\.)([^.=]+)(\.[^=]+)/;
const ANY_CACHE = '<name>';

export function configurationOptions(argv: readonly string[]): Options {
  const options: Record<string, OptionRow> = {};
  for (const { name, describe, type, group, hidden } of flagDefinitions()) {
    if (!hidden) options[name] = { describe, type: type ?? 'string', group };
  }
  for (const arg of argv) {
    const [, root, cache, setting] = CACHE_FLAG.exec(arg) ?? [];
    const row = options[`${root}${ANY_CACHE}${setting}`];
    if (row !== undefined) options[`${root}${cache}${setting}`] = { ...row, hidden: true };
  }
  return options;
}
