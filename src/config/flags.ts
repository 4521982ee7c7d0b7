// The option table as command line flags, and what a parsed command line sets. Knows no argument parser.
//
// Names are dotted as in the file, with dashes: `--socket-mode`, `--log.level`, `--caches.users.refresh-ahead`.
// A parser hands the dotted ones back as nested objects (`caches: { users: { 'refresh-ahead': true } }`) or flat.

import { envName, flagName, type Option, rowPath } from './option.ts';
import { OPTIONS } from './options.ts';
import { describeAllowed } from './parse.ts';
import type { MapNode, Tree } from './tree.ts';

export interface FlagDefinition {
  /** Without the leading dashes. */
  name: string;
  describe: string;
  type?: 'string' | 'boolean';
  group?: string;
  /** Not shown in help: only there so that a strict parser knows the word before the first dot. */
  hidden?: true;
}

export function flagDefinitions(): FlagDefinition[] {
  const shown = OPTIONS.flatMap((option) => definition(option) ?? []);
  const roots = new Set(
    OPTIONS.filter((option) => option.path.includes('.')).map((option) => rootOf(option.path)),
  );
  return [...shown, ...[...roots].map((name): FlagDefinition => ({ name, describe: '', hidden: true }))];
}

function definition(option: Option): FlagDefinition | undefined {
  const name = flagName(option);
  if (name === undefined) return undefined;
  const type = option.type === 'boolean' ? 'boolean' : 'string';
  return { name, describe: describeFlag(option), type, group: `${option.group}:` };
}

function describeFlag(option: Option): string {
  if (option.later) return `Not in this version. ${option.description}`;
  const otherwise = option.default ?? option.computed ?? 'none';
  return `${option.description} Allowed: ${describeAllowed(option)}. Default: ${otherwise}.`;
}

/** Flags that are no option (`json`, `_`, `$0`) belong to the command and are left out; `undefined` sets nothing. */
export function flagTree(flags: Readonly<Record<string, unknown>>): MapNode {
  const roots = new Set(OPTIONS.map((option) => rootOf(option.path)));
  const entries = entriesOf(flags, '').filter((entry) => roots.has(rootOf(entry.key)));
  return merge(entries.map((entry) => split(entry.key, entry.node)));
}

/** The variable to set instead of what looks like the flag of a secret; undefined where it is none. */
export function secretVariable(flag: string): string | undefined {
  const path = dashless(flag);
  const option = OPTIONS.find((row) => row.path === rowPath(path));
  if (!option?.secret || option.later) return undefined;
  const [, cache = ''] = /^caches\.([^.]+)/.exec(path) ?? [];
  return envName(option).replace('<NAME>', cache.replaceAll('-', '_').toUpperCase());
}

interface Entry {
  key: string;
  node: Tree;
}

const rootOf = (key: string): string => key.split('.', 1)[0] ?? '';

function entriesOf(flags: object, parent: string): Entry[] {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const names = new Set(given.flatMap(([name]) => (/[A-Z]/.test(name) ? [] : [camelCase(name)])));
  // A parser that hands `socket-mode` over as `socketMode` too means one flag.
  const once = given.filter(([name]) => !/[A-Z]/.test(name) || !names.has(name));
  return once.map(([name, value]) => {
    const flag = parent === '' ? name : `${parent}.${name}`;
    // Caches' names keep their dashes.
    return { key: parent === 'caches' ? name : dashless(name), node: nodeOf(value, flag) };
  });
}

function nodeOf(value: unknown, flag: string): Tree {
  const source = `flag --${flag}`;
  if (Array.isArray(value)) {
    return { kind: 'list', source, items: value.map((item) => nodeOf(item, flag)) };
  }
  if (typeof value === 'object' && value !== null) {
    return { kind: 'map', source, entries: entriesOf(value, flag) };
  }
  return value === null ? { kind: 'empty', source } : { kind: 'text', source, text: String(value) };
}

/** `log.level` handed over flat → `log` with `level` in it. */
function split(key: string, node: Tree): Entry {
  const dot = key.indexOf('.');
  if (dot < 0) return { key, node };
  const inner = split(key.slice(dot + 1), node);
  return { key: key.slice(0, dot), node: { kind: 'map', source: node.source, entries: [inner] } };
}

/** Sections that came in parts become one; of the same flag twice (nested and flat) the last stays. */
function merge(entries: readonly Entry[]): MapNode {
  const merged = new Map<string, Tree>();
  for (const { key, node } of entries) {
    const before = merged.get(key);
    const both = before?.kind === 'map' && node.kind === 'map';
    merged.set(key, both ? merge([...before.entries, ...node.entries]) : node);
  }
  return { kind: 'map', source: 'the flags', entries: [...merged].map(([key, node]) => ({ key, node })) };
}

function camelCase(name: string): string {
  return name.replaceAll(/-+(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** `caches.my-cache.refresh-ahead` → `caches.my-cache.refresh_ahead`. */
function dashless(name: string): string {
  const [root, cache, ...rest] = name.split('.');
  if (root !== 'caches' || cache === undefined) return name.replaceAll('-', '_');
  return [root, cache, ...rest.map((part) => part.replaceAll('-', '_'))].join('.');
}
