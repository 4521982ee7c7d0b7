// The keys of the option table as they nest, to walk a file or flags along.

import type { Option } from './option.ts';
import { OPTIONS } from './options.ts';

/** Name → what may stand below it, or the option it is; `*` stands for any cache's name. */
export type KeyTree = ReadonlyMap<string, KeyTree | Option>;

type Growing = Map<string, Growing | Option>;

export function buildKeyTree(): KeyTree {
  const root: Growing = new Map();
  for (const option of OPTIONS) {
    const keys = option.path.split('.');
    let level = root;
    for (const key of keys.slice(0, -1)) level = below(level, key);
    level.set(keys.at(-1)!, option);
  }
  return root;
}

export function isSection(node: KeyTree | Option): node is KeyTree {
  return node instanceof Map;
}

/** Nothing below this exists in this version. */
export function isLater(node: KeyTree | Option): boolean {
  return isSection(node) ? [...node.values()].every(isLater) : node.later === true;
}

function below(level: Growing, key: string): Growing {
  const found = level.get(key);
  if (found instanceof Map) return found;
  const section: Growing = new Map();
  level.set(key, section);
  return section;
}
