// A configuration file's text → a tree with lines. Imported only when there is a file: the YAML parser is not small.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml';
import { expandVariables } from './expand.ts';
import { oneLine } from './quote.ts';
import type { Tree } from './tree.ts';

/** More than any configuration has; what a file of nested aliases would multiply into is bounded by it. */
const MAX_ALIASES = 100;
const MAX_SYNTAX_PROBLEMS = 10;
/** The parser recurses: a megabyte of `[` is more than its stack takes. */
const TOO_DEEP = 'is nested too deeply';

export interface ParsedFile {
  path: string;
  tree: Tree;
  /** Nonempty: what does not parse; `tree` then holds nothing. */
  problems: string[];
}

/** `${VAR}` in texts is expanded from `env`. Never throws for what a file may hold. */
export function parseFile(
  path: string,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): ParsedFile {
  const nothing: Tree = { kind: 'empty', source: `file ${path}:1` };
  try {
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
    const problems = syntaxProblems(
      document.errors,
      text,
      (offset) => `${path}:${lines.linePos(offset).line}`,
    );
    if (problems.length > 0) return { path, tree: nothing, problems };
    const root = document.contents;
    return {
      path,
      tree: root === null ? nothing : new Reader(path, document, lines, env).read(root),
      problems,
    };
  } catch (error) {
    // Reading recurses as the parser does.
    if (!(error instanceof RangeError)) throw error;
    return { path, tree: nothing, problems: [`${path}:1: ${TOO_DEEP}`] };
  }
}

/** What follows from a first mistake is seldom worth reading: one a line, a few in all. */
function syntaxProblems(
  errors: readonly YAMLParseError[],
  text: string,
  placeOf: (offset: number) => string,
): string[] {
  const byPlace = new Map<string, string>();
  for (const error of errors) {
    const place = placeOf(error.pos[0]);
    if (!byPlace.has(place)) byPlace.set(place, problemOf(error, text));
  }
  return [...byPlace].slice(0, MAX_SYNTAX_PROBLEMS).map(([place, problem]) => `${place}: ${problem}`);
}

function problemOf({ code, message, pos }: YAMLParseError, text: string): string {
  if (code === 'DUPLICATE_KEY')
    return `${/^[\w.-]+/.exec(text.slice(pos[0]))?.[0] ?? 'a key'} is there twice`;
  if (code === 'MULTIPLE_DOCS') return 'holds more than one YAML document';
  return message.startsWith('Maximum call stack') ? TOO_DEEP : oneLine(message);
}

class Reader {
  private readonly path: string;
  private readonly document: Document.Parsed;
  private readonly lines: LineCounter;
  private readonly env: Readonly<Record<string, string | undefined>>;
  private aliases = 0;

  constructor(
    path: string,
    document: Document.Parsed,
    lines: LineCounter,
    env: Readonly<Record<string, string | undefined>>,
  ) {
    this.path = path;
    this.document = document;
    this.lines = lines;
    this.env = env;
  }

  read(node: Node, source: string = this.sourceOf(node)): Tree {
    if (isAlias(node)) return this.alias(node.resolve(this.document), source);
    if (isMap(node)) return { kind: 'map', source, entries: this.entries(node) };
    if (isSeq(node)) {
      return { kind: 'list', source, items: node.items.map((item) => this.read(item as Node)) };
    }
    return isScalar(node) ? this.text(node.value, node.source, source) : broken(source, 'cannot be read');
  }

  private alias(target: Node | undefined, source: string): Tree {
    this.aliases += 1;
    if (this.aliases > MAX_ALIASES) return broken(source, `more than ${MAX_ALIASES} aliases`);
    return target === undefined ? broken(source, 'an alias of nothing') : this.read(target, source);
  }

  private entries(map: YAMLMap): { key: string; node: Tree }[] {
    return map.items.map((pair) => {
      const key = pair.key as Node;
      const source = this.sourceOf(key);
      const name = isScalar(key) ? (key.source ?? String(key.value)) : '(not a name)';
      return {
        key: name,
        node: pair.value ? this.read(pair.value as Node, source) : { kind: 'empty', source },
      };
    });
  }

  private text(value: unknown, written: string | undefined, source: string): Tree {
    if (value === null) return { kind: 'empty', source };
    // As written, so that 0600 stays octal and 1.10 keeps its zero.
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
      return { kind: 'text', source, text: written ?? String(value) };
    }
    if (typeof value !== 'string') return broken(source, 'is no plain value');
    const expanded = expandVariables(value, this.env);
    return 'problem' in expanded
      ? broken(source, expanded.problem)
      : { kind: 'text', source, text: expanded.text };
  }

  private sourceOf(node: Node | null | undefined): string {
    const offset = node?.range?.[0] ?? 0;
    return `file ${this.path}:${this.lines.linePos(offset).line}`;
  }
}

function broken(source: string, problem: string): Tree {
  return { kind: 'broken', source, problem };
}
