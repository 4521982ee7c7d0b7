// Replies as trees: RESP2 and RESP3 as they stand on the wire, every type told apart, and nothing made nicer.

export type Tree = Leaf | Branch;

/** `type` is the wire's first byte; `$-` and `*-` are RESP2's two nulls, `closed` is the end of the connection, with what was wrong. */
export interface Leaf {
  readonly type: '+' | '-' | ':' | '$' | ',' | '#' | '=' | '(' | '_' | '$-' | '*-' | 'closed';
  /** Bytes as latin1. */
  readonly text: string;
}

export interface Branch {
  readonly type: '*' | '%' | '~' | '>' | '|';
  /** A map's keys and values in turn. */
  readonly items: readonly Tree[];
}

export interface ReadTree {
  readonly tree: Tree;
  /** Where the next reply begins. */
  readonly end: number;
}

export const CLOSED: Leaf = { type: 'closed', text: '' };

/** The reply that begins at `at`; undefined while it is not complete. Throws on bytes that are no RESP. */
export function readTree(bytes: Buffer, at: number): ReadTree | undefined {
  const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
  if (lineEnd === -1) return undefined;
  const type = String.fromCharCode(bytes[at]!);
  const line = bytes.toString('latin1', at + 1, lineEnd);
  const next = lineEnd + 2;
  if ('+-:,#(_'.includes(type)) return { tree: { type: type as Leaf['type'], text: line }, end: next };
  const count = Number(line);
  if (!/^-?\d+$/.test(line) || count < -1) throw notResp(bytes, at);
  if (type === '$' || type === '=') return readBulk(bytes, type, next, count);
  if ('*%~>|'.includes(type)) return readBranch(bytes, type as Branch['type'], next, count);
  throw notResp(bytes, at);
}

export function isBranch(tree: Tree): tree is Branch {
  return 'items' in tree;
}

/** On one line, for people. */
export function show(tree: Tree): string {
  if (isBranch(tree)) {
    const inside = tree.items.map(show).join(', ');
    return tree.type === '*' ? `[${inside}]` : `${tree.type}[${inside}]`;
  }
  if (tree.type === '$') return JSON.stringify(shortened(tree.text));
  if (tree.type === '$-' || tree.type === '*-' || tree.type === '_') return `nil(${tree.type})`;
  return tree.type === 'closed'
    ? `closed${tree.text && ` (${tree.text})`}`
    : `${tree.type}${shortened(tree.text)}`;
}

function readBulk(bytes: Buffer, type: '$' | '=', at: number, length: number): ReadTree | undefined {
  if (length === -1) return { tree: { type: '$-', text: '' }, end: at };
  const end = at + length;
  if (bytes.length < end + 2) return undefined;
  if (bytes.toString('latin1', end, end + 2) !== '\r\n') throw notResp(bytes, end);
  return { tree: { type, text: bytes.toString('latin1', at, end) }, end: end + 2 };
}

function readBranch(bytes: Buffer, type: Branch['type'], from: number, count: number): ReadTree | undefined {
  if (count === -1) return { tree: { type: '*-', text: '' }, end: from };
  const items: Tree[] = [];
  let at = from;
  for (let left = type === '%' || type === '|' ? 2 * count : count; left > 0; left--) {
    const item = readTree(bytes, at);
    if (!item) return undefined;
    items.push(item.tree);
    at = item.end;
  }
  return { tree: { type, items }, end: at };
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 150)}… (${text.length} bytes)` : text;
}

function notResp(bytes: Buffer, at: number): Error {
  return new Error(`not RESP: ${JSON.stringify(bytes.toString('latin1', at, at + 80))}`);
}
