// An option that is a list of records: each record's fields are rows like options, and read like them.

import { jsonList } from './json-tree.ts';
import type { Field } from './option.ts';
import { describeAllowed, type Parsed, parseOption, tableDefault } from './parse.ts';
import { quoteKey } from './quote.ts';
import { type Raw, rawOf } from './raw.ts';
import { suggest } from './suggest.ts';
import type { Tree } from './tree.ts';
import { type RecordValue, Values } from './values.ts';

/** What is wrong, and where that stands. */
export interface PlacedProblem {
  readonly source: string;
  readonly problem: string;
}

type ParsedRecords = { value: readonly RecordValue[] } | { problems: readonly PlacedProblem[] };

/** A field that is neither written nor has a default in its row is not in the record's values. */
export function parseRecords(option: Field, raw: Raw, source: string): ParsedRecords {
  const list = typeof raw === 'string' ? jsonList(raw, source) : raw;
  if (list === undefined || !('items' in list)) {
    const problem = `is no list of ${option.each}s; allowed: ${describeAllowed(option)}`;
    return { problems: [{ source, problem }] };
  }
  const problems: PlacedProblem[] = [];
  const value = list.items.map((item, place) => {
    const report = (at: string, problem: string): void => {
      problems.push({ source: at, problem: `${option.each} ${place + 1}: ${problem}` });
    };
    return { source: item.source, values: valuesOf(item, option.fields ?? [], report) };
  });
  return problems.length > 0 ? { problems } : { value };
}

type Report = (source: string, problem: string) => void;

function valuesOf(item: Tree, fields: readonly Field[], report: Report): Values {
  const values = new Values();
  if (item.kind !== 'map') {
    report(item.source, item.kind === 'broken' ? item.problem : 'must be names with values');
    return values;
  }
  for (const { key, node } of item.entries) {
    const field = fields.find(({ path }) => path === key);
    const parsed = field === undefined ? { problem: unknownKey(key, fields) } : parseNode(field, node);
    if ('problem' in parsed) report(node.source, parsed.problem);
    else values.set(key, parsed.value);
  }
  const written = new Set(item.entries.map(({ key }) => key));
  for (const field of fields.filter(({ path }) => !written.has(path))) {
    if (field.required) report(item.source, `${field.path} is missing`);
    else if (field.default !== undefined) values.set(field.path, tableDefault(field, field.default));
  }
  return values;
}

function parseNode(field: Field, node: Tree): Parsed {
  const given = rawOf(node, field);
  const parsed = 'problem' in given ? given : parseOption(field, given.raw);
  return 'problem' in parsed ? { problem: `${field.path} ${parsed.problem}` } : parsed;
}

function unknownKey(key: string, fields: readonly Field[]): string {
  const known = fields.map(({ path }) => path);
  const near = suggest(key, known);
  const allowed = `allowed: ${known.join(', ')}`;
  // Of `{ password:hush }` all is a key.
  const mayBeSecret = fields.some(({ secret }) => secret) && (near === '' || !/^[a-z_-]{1,24}$/i.test(key));
  return mayBeSecret ? `a key is not known; ${allowed}` : `${quoteKey(key)} is not known${near}; ${allowed}`;
}
