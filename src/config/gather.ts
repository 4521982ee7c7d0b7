// Walks what a file or the flags say along the option table: which options are set, and what is not an option.

import { cacheNameProblem } from './cache-name.ts';
import { buildKeyTree, isLater, isSection, type KeyTree } from './key-tree.ts';
import type { Option } from './option.ts';
import { quoteKey } from './quote.ts';
import { type Raw, rawOf } from './raw.ts';
import { suggest } from './suggest.ts';
import type { MapNode, Tree } from './tree.ts';

export interface Setting {
  /** With the cache's name in it: `caches.users.refresh`. */
  path: string;
  option: Option;
  raw: Raw;
  source: string;
}

/** What one source (file, environment or flags) sets. */
export interface Gathered {
  settings: Setting[];
  /** Caches named, even with nothing set, in order. */
  caches: Set<string>;
  /** Caches with a `loader` section → where it stands. */
  loaders: Map<string, string>;
  problems: string[];
  /** Paths of options whose value cannot be read. */
  wrong: Set<string>;
}

export function nothingGathered(): Gathered {
  return { settings: [], caches: new Set(), loaders: new Map(), problems: [], wrong: new Set() };
}

/** One line: the key, where it stands, what is wrong. */
export function problemLine(path: string, source: string, problem: string): string {
  return `${path.split('.').map(quoteKey).join('.')} (${source.replace(/^(file|env) /, '')}): ${problem}`;
}

export const NOT_YET = 'is not in this version of sidecache; remove it';

export function gatherTree(root: Tree, origin: 'file' | 'flags'): Gathered {
  const gathered = nothingGathered();
  const walk = new Walk(gathered, origin);
  if (root.kind === 'map') walk.section(root, buildKeyTree(), '');
  else if (root.kind !== 'empty') {
    gathered.problems.push(
      `${root.source.replace('file ', '')}: must hold names with values, such as \`memory: 64M\``,
    );
  }
  return gathered;
}

class Walk {
  private readonly gathered: Gathered;
  private readonly origin: 'file' | 'flags';

  constructor(gathered: Gathered, origin: 'file' | 'flags') {
    this.gathered = gathered;
    this.origin = origin;
  }

  section(node: MapNode, keys: KeyTree, path: string): void {
    for (const entry of node.entries) this.entry(entry.key, entry.node, keys, path);
  }

  private entry(key: string, node: Tree, keys: KeyTree, parent: string): void {
    const path = parent === '' ? key : `${parent}.${key}`;
    const known = keys.get(key === '*' ? '' : key) ?? this.cache(key, node, keys, path);
    if (known === undefined) return;
    if (isLater(known)) this.problem(path, node, NOT_YET);
    else if (isSection(known)) this.nested(node, known, path);
    else this.option(node, known, path);
  }

  /** Where a cache's name is due, any name will do that may be one. */
  private cache(name: string, node: Tree, keys: KeyTree, path: string): KeyTree | Option | undefined {
    const anyName = keys.get('*');
    if (anyName === undefined) {
      this.problem(path, node, unknownKey(name, keys));
      return undefined;
    }
    const problem = cacheNameProblem(name);
    if (problem !== undefined) this.problem(path, node, problem);
    else this.gathered.caches.add(name);
    return problem === undefined ? anyName : undefined;
  }

  private nested(node: Tree, keys: KeyTree, path: string): void {
    const loaderOf = /^caches\.([^.]+)\.loader$/.exec(path)?.[1];
    if (loaderOf !== undefined) this.gathered.loaders.set(loaderOf, node.source);
    if (node.kind === 'map') this.section(node, keys, path);
    else if (node.kind === 'broken') this.problem(path, node, node.problem);
    else if (node.kind !== 'empty') {
      const within = keys.has('*') ? 'caches by name' : namesNow(keys).join(', ');
      this.problem(path, node, `takes no value of its own; below it are allowed: ${within}`);
    }
  }

  private option(node: Tree, option: Option, path: string): void {
    const given = this.mayStand(option) ?? rawOf(node, option);
    if ('problem' in given) {
      this.gathered.wrong.add(path);
      this.problem(path, node, given.problem);
    } else this.gathered.settings.push({ path, option, raw: given.raw, source: node.source });
  }

  private mayStand(option: Option): { problem: string } | undefined {
    if (this.origin === 'file' && option.notInFile) return { problem: 'cannot stand in the file itself' };
    if (this.origin === 'file' || !option.secret) return undefined;
    return { problem: 'is secret and has no flag; use the file or the environment' };
  }

  private problem(path: string, node: Tree, problem: string): void {
    this.gathered.problems.push(problemLine(path, node.source, problem));
  }
}

function unknownKey(name: string, keys: KeyTree): string {
  const near = suggest(name, keys.keys()) || elsewhere(name, keys);
  return `is not an option${near}; allowed: ${namesNow(keys).join(', ')}`;
}

/** `timeout` in a cache is most likely meant for its loader. */
function elsewhere(name: string, keys: KeyTree, below = ''): string {
  for (const [key, inner] of keys) {
    const path = `${below}${key === '*' ? '<name>' : key}`;
    if (key === name) return ` (did you mean ${path}?)`;
    const deeper = isSection(inner) && !isLater(inner) ? elsewhere(name, inner, `${path}.`) : '';
    if (deeper !== '') return deeper;
  }
  return '';
}

function namesNow(keys: KeyTree): string[] {
  return [...keys].flatMap(([key, inner]) =>
    isLater(inner) || (!isSection(inner) && inner.notInFile) ? [] : [key],
  );
}
