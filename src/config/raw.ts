// What a file or the flags say of one option → what its parser is handed: a text, texts, names with texts, or a list.

import type { Field } from './option.ts';
import { quoteKey } from './quote.ts';
import type { ListNode, MapNode, Tree } from './tree.ts';

/** As written; of records the list itself, as each of them says where it stands. */
export type Raw = string | Names | readonly string[] | ListNode;

export type Names = ReadonlyMap<string, string>;

export function rawOf(node: Tree, option: Field): { raw: Raw } | { problem: string } {
  if (node.kind === 'text') return { raw: node.text };
  if (node.kind === 'broken') return node;
  if (node.kind === 'empty') return { problem: 'has no value; leave the key out for the default' };
  if (node.kind === 'map') {
    if (['list', 'records'].includes(option.type)) return { problem: 'takes a list' };
    return option.type === 'map' ? textsByName(node) : { problem: 'takes one value, not names with values' };
  }
  if (option.type === 'records') return { raw: node };
  if (option.type !== 'list') return { problem: 'takes one value, not a list' };
  const broken = node.items.find((item) => item.kind === 'broken');
  if (broken !== undefined) return broken;
  const raw = node.items.map((item) => (item.kind === 'text' ? item.text : undefined));
  return raw.every((text) => text !== undefined) ? { raw } : { problem: 'takes a list of plain values' };
}

function textsByName(node: MapNode): { raw: Names } | { problem: string } {
  const raw = new Map<string, string>();
  for (const { key, node: value } of node.entries) {
    if (value.kind === 'broken') return { problem: `${quoteKey(key)}: ${value.problem}` };
    if (value.kind !== 'text') return { problem: `${quoteKey(key)} must have one plain value` };
    raw.set(key, value.text);
  }
  return { raw };
}
