// A JSON array in a variable or a flag, as the tree that a list in the file would be.

import type { ListNode, Tree } from './tree.ts';

/** Undefined where the text is no JSON array. */
export function jsonList(text: string, source: string): ListNode | undefined {
  try {
    const tree = treeOf(JSON.parse(text), source);
    return tree.kind === 'list' ? tree : undefined;
  } catch {
    return undefined;
  }
}

function treeOf(value: unknown, source: string): Tree {
  if (value === null) return { kind: 'empty', source };
  if (Array.isArray(value)) return { kind: 'list', source, items: value.map((item) => treeOf(item, source)) };
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(([key, inner]) => ({ key, node: treeOf(inner, source) }));
    return { kind: 'map', source, entries };
  }
  // What was written with more digits than a number holds is not known any more.
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    return { kind: 'broken', source, problem: 'needs quotes around its number' };
  }
  return { kind: 'text', source, text: String(value) };
}
