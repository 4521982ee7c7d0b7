// What SIDECACHE.INVALIDATE and SIDECACHE.REFRESH are about: the caches, which of their entries, and who must confirm.
//
//   cache|all [KEY key …] [TAG tag …] [PREFIX prefix …] [REQUIRE ALL] [TIMEOUT 2s] [SCOPE LOCAL] [NOTIFY OTHERS] [WAIT LOADED]
//
// The word right after KEY, TAG or PREFIX is always one of them, so that those which read like an option can be said.

import { checkKeyLength, checkTag } from '../../cache/attributes.ts';
import type { Caches, Selection } from '../../cache/caches.ts';
import { RequestError } from '../../errors.ts';
import { DEFAULT_TIMEOUT_MS, parseTimeout } from '../http/selection.ts';
import type { Call } from './call.ts';

export interface ChangeOptions {
  readonly selection: Selection;
  /** Who is not confirmed by all is answered an error. */
  readonly requireAll: boolean;
  readonly timeoutMs: number;
  readonly scope: 'fleet' | 'local';
  readonly notify: 'all' | 'others';
  readonly waitLoaded: boolean;
}

type How = { -readonly [Name in Exclude<keyof ChangeOptions, 'selection'>]: ChangeOptions[Name] };

const MAX_SELECTORS = 10_000;
/** Each is held against every key. */
const MAX_PREFIXES = 100;

const LISTS = ['KEY', 'TAG', 'PREFIX'] as const;
const SWITCHES = ['REQUIRE', 'TIMEOUT', 'SCOPE', 'NOTIFY', 'WAIT'] as const;

/** Throws RequestError naming what is wrong and what is allowed. */
export function parseChange(call: Call, caches: Caches): ChangeOptions {
  const selectors = { KEY: [] as Buffer[], TAG: [] as string[], PREFIX: [] as Buffer[] };
  const how: How = {
    requireAll: false,
    timeoutMs: DEFAULT_TIMEOUT_MS,
    scope: 'fleet',
    notify: 'all',
    waitLoaded: false,
  };
  for (let i = 2; i < call.count; ) {
    const list = LISTS.find((word) => call.is(i, word));
    if (list !== undefined) {
      i = takeList(call, i + 1, list, selectors);
    } else {
      takeSwitch(call, i, how);
      i += 2;
    }
  }
  const { KEY: keys, TAG: tags, PREFIX: prefixes } = selectors;
  if (keys.length + tags.length + prefixes.length > MAX_SELECTORS) {
    throw bad(`at most ${MAX_SELECTORS} keys, tags and prefixes in one call`);
  }
  if (prefixes.length > MAX_PREFIXES) throw bad(`at most ${MAX_PREFIXES} prefixes in one call`);
  return { ...how, selection: { caches: cachesOf(call, caches), keys, tags, prefixes } };
}

function cachesOf(call: Call, caches: Caches): Selection['caches'] {
  const name = call.text(1);
  const cache = caches.get(name);
  if (cache) return [cache];
  if (name === 'all') return caches.all;
  throw new RequestError(
    'unknown_cache',
    `unknown cache '${name.slice(0, 63)}'; caches here: ${caches.names.join(', ')}, or all`,
  );
}

/** Returns where the options go on. */
function takeList(
  call: Call,
  from: number,
  list: (typeof LISTS)[number],
  selectors: { KEY: Buffer[]; TAG: string[]; PREFIX: Buffer[] },
): number {
  if (from >= call.count) throw bad(`${list} is followed by what it names`);
  let i = from;
  do takeSelector(call, i++, list, selectors);
  while (i < call.count && !isOption(call, i));
  return i;
}

function takeSelector(
  call: Call,
  i: number,
  list: (typeof LISTS)[number],
  selectors: { KEY: Buffer[]; TAG: string[]; PREFIX: Buffer[] },
): void {
  if (call.length(i) === 0) throw bad(`${list} is empty; to drop a whole cache, name only the cache`);
  if (list === 'TAG') {
    checkTag(call.text(i));
    selectors.TAG.push(call.text(i));
  } else {
    checkKeyLength(call.length(i));
    selectors[list].push(call.copy(i));
  }
}

function isOption(call: Call, i: number): boolean {
  return LISTS.some((word) => call.is(i, word)) || SWITCHES.some((word) => call.is(i, word));
}

function takeSwitch(call: Call, i: number, how: How): void {
  const word = SWITCHES.find((name) => call.is(i, name));
  if (word === undefined) {
    throw bad(`'${call.text(i).slice(0, 64)}' is none of ${[...LISTS, ...SWITCHES].join(', ')}`);
  }
  const says = (allowed: string): boolean => i + 1 < call.count && call.is(i + 1, allowed);
  if (word === 'TIMEOUT') how.timeoutMs = parseTimeout(i + 1 < call.count ? call.text(i + 1) : '');
  else if (word === 'REQUIRE' && says('ALL')) how.requireAll = true;
  else if (word === 'WAIT' && says('LOADED')) how.waitLoaded = true;
  else if (word === 'SCOPE' && (says('LOCAL') || says('FLEET')))
    how.scope = says('LOCAL') ? 'local' : 'fleet';
  else if (word === 'NOTIFY' && (says('OTHERS') || says('ALL'))) how.notify = says('ALL') ? 'all' : 'others';
  else throw bad(`${word} is followed by ${FOLLOWED_BY[word]}`);
}

const FOLLOWED_BY = { REQUIRE: 'ALL', WAIT: 'LOADED', SCOPE: 'LOCAL or FLEET', NOTIFY: 'OTHERS or ALL' };

function bad(message: string): RequestError {
  return new RequestError('bad_query', message);
}
