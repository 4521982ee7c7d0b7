// Which entries `invalidate` and `refresh` mean, as the daemon's query says it.

import { CommandError } from '../errors.ts';
import { type Arguments, choiceOption, flag, listOption, tagsOption, textOption } from './arguments.ts';
import { checkedCacheName } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { keyInUrl, percentEncode } from './percent.ts';

/** Longer than this it is sent as a form: proxies and daemons bound the first line of a request. */
const MAX_QUERY_BYTES = 8192;
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

export interface SelectionRequest {
  target: string;
  headers?: Record<string, string>;
  body?: Buffer;
}

export function selectionRequest(
  path: string,
  args: Arguments,
  more: readonly string[] = [],
): SelectionRequest {
  const query = [...caches(args), ...selectors(args), ...conditions(args), ...more, 'report=1'].join('&');
  if (query.length <= MAX_QUERY_BYTES) return { target: `${path}?${query}` };
  return { target: path, headers: FORM, body: Buffer.from(query) };
}

/** To the daemon no cache means "nothing"; to whoever types the command it is a slip. */
function caches(args: Arguments): readonly string[] {
  const all = flag(args, 'all');
  if (all && args.words.length > 0)
    throw new CommandError(EXIT.usage, '--all and names of caches exclude each other');
  if (!all && args.words.length === 0) throw new CommandError(EXIT.usage, 'name a cache, or give --all');
  return all ? ['all=1'] : args.words.map((name) => `${checkedCacheName(name)}=1`);
}

function selectors(args: Arguments): readonly string[] {
  const encoded = flag(args, 'encoded');
  return [
    ...listOption(args, 'key').map((key) => `key=${keyInUrl(key, encoded)}`),
    ...tagsOption(args).map((tag) => `tag=${percentEncode(Buffer.from(tag))}`),
    ...listOption(args, 'prefix').map((prefix) => `prefix=${keyInUrl(prefix, encoded)}`),
  ];
}

function conditions(args: Arguments): readonly string[] {
  const values = {
    scope: choiceOption(args, 'scope', ['local', 'fleet']),
    require: choiceOption(args, 'require', ['all']),
    timeout: textOption(args, 'timeout'),
  };
  return Object.entries(values).flatMap(([name, value]) => {
    return value === undefined ? [] : [`${name}=${percentEncode(Buffer.from(value))}`];
  });
}
