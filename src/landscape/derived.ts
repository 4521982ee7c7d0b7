// What goes with what: whoever makes one of the landscape's caches forget means what was made of it, too.
//
//   org ─▶ space ─▶ application ─▶ resolver      route, process: what was found by the app's name
//     └──▶ domain
//
// Forgetting an entry forgets the lists that it stands in, and forgetting a list forgets what stands in it. It happens
// within the change itself, on each instance for itself: nobody who reads afterwards sees what was made of the old.

import type { Cache, CacheChange } from '../cache/cache.ts';
import type { Caches } from '../cache/caches.ts';
import {
  formatKey,
  isCanonical,
  type LandscapeCache,
  type NamesKey,
  parseKey,
  unnamingFirst,
} from './keys.ts';

/** Tag of the routes and processes that were found by the app's name, and not by its guid. */
export const BY_NAME = 'by-name';
/** Tag of what is kept under a key that is not of the one form that `formatKey` gives: no key or prefix of that reaches it. */
export const SPELLED_OTHERWISE = 'spelled-otherwise';

/** Tag of lists: what is forgotten by a tag or a prefix may stand in any of them. */
export const LIST = 'list';

/** Made of the entries of the same names and below. */
const BELOW: Readonly<Partial<Record<LandscapeCache, readonly LandscapeCache[]>>> = {
  org: ['space', 'application'],
  space: ['application'],
};

export class Derived {
  /** Changes there have been. */
  changes = 0;
  #caches: Caches | undefined;
  /** What changes because of a change is derived from already. */
  #following = false;
  readonly #firstApi: string;

  constructor(firstApi: string) {
    this.#firstApi = firstApi;
  }

  attach(caches: Caches): void {
    this.#caches = caches;
  }

  /** To be told of each change of the cache. */
  changed(name: LandscapeCache, change: CacheChange): void {
    this.changes++;
    if (this.#following || !this.#caches) return;
    this.#following = true;
    try {
      if (change.key || change.prefix) this.#tag(name, SPELLED_OTHERWISE, change.soft);
      const key = change.key && namesOf(name, change.key, this.#firstApi);
      if (key && !isCanonical(change.key, key)) this.#key(name, formatKey(key), change.soft);
      if (key) this.#followKey(name, key, change.soft);
      else this.#followAll(name, change);
    } finally {
      this.#following = false;
    }
  }

  /** A tag, a prefix or the whole cache: all that is made of it. */
  #followAll(name: LandscapeCache, { soft, tag, prefix }: CacheChange): void {
    if (tag !== undefined || prefix) this.#tag(name, LIST, soft);
    for (const below of BELOW[name] ?? []) this.#all(below, soft);
    if (name === 'org') this.#all('domain', soft);
    if (isNamed(name)) this.#resolved(soft);
  }

  #followKey(name: LandscapeCache, key: NamesKey, soft: boolean): void {
    const parents = key.list ? key.names : key.names.slice(0, -1);
    const list = formatKey({ ...key, names: parents, list: true });
    const all = list.slice(0, -1);
    if (key.list || name === 'domain') this.#prefix(name, all, soft);
    else this.#key(name, list, soft);
    const own = key.list ? all : `${formatKey(key)}/`;
    for (const below of BELOW[name] ?? []) this.#prefix(below, own, soft);
    if (name === 'org') {
      this.#key('domain', formatKey(key), soft);
      if (key.list) this.#prefix('domain', all, soft);
    }
    if (isNamed(name)) this.#resolved(soft);
  }

  #resolved(soft: boolean): void {
    this.#all('resolver', soft);
    this.#tag('route', BY_NAME, soft);
    this.#tag('process', BY_NAME, soft);
  }

  #all(name: LandscapeCache, soft: boolean): void {
    if (soft) this.#cache(name).refreshAll();
    else this.#cache(name).invalidateAll();
  }

  #tag(name: LandscapeCache, tag: string, soft: boolean): void {
    if (soft) this.#cache(name).refreshTag(tag);
    else this.#cache(name).invalidateTag(tag);
  }

  #prefix(name: LandscapeCache, prefix: string, soft: boolean): void {
    this.#tag(name, SPELLED_OTHERWISE, soft);
    if (soft) this.#cache(name).refreshPrefix(Buffer.from(prefix));
    else this.#cache(name).invalidatePrefix(Buffer.from(prefix));
  }

  #key(name: LandscapeCache, key: string, soft: boolean): void {
    this.#tag(name, SPELLED_OTHERWISE, soft);
    if (soft) this.#cache(name).refreshKey(Buffer.from(key));
    else this.#cache(name).invalidateKey(Buffer.from(key));
  }

  #cache(name: LandscapeCache): Cache {
    return this.#caches!.get(name)!;
  }
}

function isNamed(name: LandscapeCache): boolean {
  return name === 'org' || name === 'space' || name === 'application';
}

/** Undefined where the key is none of names, or none at all: then everything is meant. */
function namesOf(name: LandscapeCache, key: Buffer, firstApi: string): NamesKey | undefined {
  if (name === 'resolver' || name === 'route' || name === 'process') return undefined;
  try {
    return unnamingFirst(parseKey(name, key), firstApi);
  } catch {
    return undefined;
  }
}
