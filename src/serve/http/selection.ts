// The parameters of /cache/invalidate and /cache/refresh: which entries of which caches, and how to answer.

import { checkKeyLength, checkTag } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import type { Caches, Selection } from '../../cache/caches.ts';
import { RequestError } from '../../errors.ts';
import { parseDuration } from '../../units/duration.ts';
import { parseSwitch, shown } from './parameters.ts';
import type { Parameter } from './target.ts';

export interface Call {
  readonly selection: Selection;
  /** Answer with JSON. */
  readonly report: boolean;
  readonly waitLoaded: boolean;
  readonly scope: 'fleet' | 'local';
  /** Who is not confirmed by all makes the answer an error. */
  readonly requireAll: boolean;
  readonly notify: 'all' | 'others';
  /** For the others to confirm. */
  readonly timeoutMs: number;
}

/** How a call is carried out and answered, as far as it was said. */
type How = { -readonly [Name in Exclude<keyof Call, 'selection'>]: Call[Name] };

const SELECTORS = ['key', 'tag', 'prefix'];
const MAX_SELECTORS = 10_000;
/** Each is held against every key. */
const MAX_PREFIXES = 100;
/** For the others to confirm, where the caller does not say. */
export const DEFAULT_TIMEOUT_MS = 2000;
const LONGEST_TIMEOUT_MS = 60_000;

/** Throws RequestError naming what is wrong and what is allowed. */
export function parseCall(parameters: readonly Parameter[], caches: Caches, allByDefault: boolean): Call {
  const chosen = new Set<Cache>();
  const selectors = { key: [] as Buffer[], tag: [] as string[], prefix: [] as Buffer[] };
  const how: How = {
    report: false,
    waitLoaded: false,
    scope: 'fleet',
    requireAll: false,
    notify: 'all',
    timeoutMs: DEFAULT_TIMEOUT_MS,
  };
  for (const parameter of parameters) {
    const { name, value } = parameter;
    if (SELECTORS.includes(name)) addSelector(selectors, name, value);
    else if (!parseOption(how, name, text(value))) chooseCaches(chosen, caches, name, text(value));
  }
  const selected = selectors.key.length + selectors.tag.length + selectors.prefix.length;
  if (selected > MAX_SELECTORS) throw bad(`at most ${MAX_SELECTORS} keys, tags and prefixes in one call`);
  if (selectors.prefix.length > MAX_PREFIXES) throw bad(`at most ${MAX_PREFIXES} prefixes in one call`);
  const namesNone = chosen.size === 0;
  if (namesNone && selected > 0 && !namesSome(parameters, caches)) {
    throw bad(`key, tag and prefix need a cache beside them; ${knownCaches(caches)}, or all=1`);
  }
  const chosenCaches = namesNone && allByDefault && !namesSome(parameters, caches) ? caches.all : [...chosen];
  return {
    ...how,
    selection: { caches: chosenCaches, keys: selectors.key, tags: selectors.tag, prefixes: selectors.prefix },
  };
}

function addSelector(
  selectors: { key: Buffer[]; tag: string[]; prefix: Buffer[] },
  name: string,
  value: Buffer,
): void {
  if (value.length === 0) throw bad(`${name} is empty; to drop a whole cache, name only the cache`);
  if (name === 'tag') {
    checkTag(text(value));
    selectors.tag.push(text(value));
  } else {
    checkKeyLength(value.length);
    selectors[name === 'key' ? 'key' : 'prefix'].push(value);
  }
}

/** Whether `name` is an option of the call and no cache. */
function parseOption(how: How, name: string, value: string): boolean {
  switch (name) {
    case 'report':
      how.report = parseSwitch(name, value);
      return true;
    case 'scope':
      how.scope = oneOf(name, value, ['fleet', 'local'] as const);
      return true;
    case 'require':
      how.requireAll = parseRequire(value);
      return true;
    case 'notify':
      how.notify = oneOf(name, value, ['others', 'all'] as const);
      return true;
    case 'wait':
      oneOf(name, value, ['loaded']);
      how.waitLoaded = true;
      return true;
    case 'timeout':
      how.timeoutMs = parseTimeout(value);
      return true;
    default:
      return false;
  }
}

function chooseCaches(chosen: Set<Cache>, caches: Caches, name: string, value: string): void {
  const cache = caches.get(name);
  if (!cache && name !== 'all') throw bad(`unknown cache '${shown(name)}'; ${knownCaches(caches)}`);
  if (!parseSwitch(name, value)) return;
  for (const named of cache ? [cache] : caches.all) chosen.add(named);
}

/** A cache that is switched off is named all the same: the selectors beside it are about nothing, not about all. */
function namesSome(parameters: readonly Parameter[], caches: Caches): boolean {
  return parameters.some(({ name }) => name === 'all' || caches.get(name) !== undefined);
}

/** Throws RequestError. */
export function parseRequire(value: string): boolean {
  return oneOf('require', value, ['all'] as const) === 'all';
}

/** In milliseconds. Throws RequestError. */
export function parseTimeout(value: string): number {
  const ms = parseDuration(value);
  if (ms !== undefined && ms > 0 && ms <= LONGEST_TIMEOUT_MS) return ms;
  throw bad(`timeout is a time such as 500ms or 2s, up to 60s; not '${shown(value)}'`);
}

function oneOf<Choice extends string>(name: string, value: string, allowed: readonly Choice[]): Choice {
  const found = allowed.find((choice) => choice === value);
  if (found === undefined) throw bad(`${name} is ${allowed.join(' or ')}; not '${shown(value)}'`);
  return found;
}

function knownCaches(caches: Caches): string {
  return `caches here: ${caches.names.join(', ')}`;
}

function text(value: Buffer): string {
  return value.toString('latin1');
}

function bad(message: string): RequestError {
  return new RequestError('bad_query', message);
}
