// What a change is about: caches whole, or entries of them by key, tag and prefix, which unite.

import type { AppChange } from './change.ts';

type Selected = Pick<AppChange, 'caches' | 'keys' | 'tags' | 'prefixes'>;

/** Of the text that names a scope; two that differ only beyond it are taken for one where that does no harm. */
const NAME_LENGTH = 512;

export interface Scope {
  readonly caches: ReadonlySet<string>;
  /** Bytes as latin1, one character each. */
  readonly keys: ReadonlySet<string>;
  readonly tags: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  /** Of its prefixes, each once: a key is looked up by its first so many bytes. */
  readonly prefixLengths: readonly number[];
  readonly whole: boolean;
  /** The same for the same scope, in whatever order it was written; of bounded length. */
  readonly name: string;
}

export function scopeOf(change: Selected): Scope {
  const caches = new Set(change.caches);
  const keys = new Set(change.keys.map(latin1));
  const tags = new Set(change.tags);
  const prefixes = new Set(change.prefixes.map(latin1));
  return {
    caches,
    keys,
    tags,
    prefixes,
    prefixLengths: [...new Set([...prefixes].map((prefix) => prefix.length))],
    whole: keys.size + tags.size + prefixes.size === 0,
    name: nameOf([caches, keys, tags, prefixes]),
  };
}

/** Whether every entry of `inner` is one of `outer`, as far as their selectors show. */
export function covers(outer: Scope, inner: Scope): boolean {
  if (!every(inner.caches, (cache) => outer.caches.has(cache))) return false;
  if (outer.whole || inner.whole) return outer.whole;
  return (
    every(inner.tags, (tag) => outer.tags.has(tag)) &&
    every(inner.prefixes, (prefix) => beginsWithOneOf(outer, prefix)) &&
    every(inner.keys, (key) => outer.keys.has(key) || beginsWithOneOf(outer, key))
  );
}

/** False only where no entry can be of both; which entries have a tag is not known here. */
export function mayOverlap(one: Scope, other: Scope): boolean {
  if (every(one.caches, (cache) => !other.caches.has(cache))) return false;
  if (one.whole || other.whole || one.tags.size > 0 || other.tags.size > 0) return true;
  return touches(one, other) || touches(other, one);
}

function touches(one: Scope, other: Scope): boolean {
  const within = (text: string): boolean => other.keys.has(text) || beginsWithOneOf(other, text);
  return some(one.keys, within) || some(one.prefixes, within);
}

function beginsWithOneOf({ prefixes, prefixLengths }: Scope, text: string): boolean {
  return prefixLengths.some((length) => text.length >= length && prefixes.has(text.slice(0, length)));
}

function nameOf(parts: readonly ReadonlySet<string>[]): string {
  const text = JSON.stringify(parts.map((part) => [...part].sort()));
  return text.length <= NAME_LENGTH ? text : `${text.slice(0, NAME_LENGTH)}… ${text.length}`;
}

function latin1(bytes: Buffer): string {
  return bytes.toString('latin1');
}

function every(set: ReadonlySet<string>, holds: (text: string) => boolean): boolean {
  for (const text of set) if (!holds(text)) return false;
  return true;
}

function some(set: ReadonlySet<string>, holds: (text: string) => boolean): boolean {
  for (const text of set) if (holds(text)) return true;
  return false;
}
