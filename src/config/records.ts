// An option that is a list of records: each record's fields are rows like options, and read like them.

import { jsonList } from './json-tree.ts';
import type { Field } from './option.ts';
import { describeAllowed, type Parsed, parseOption } from './parse.ts';
import { quoteKey } from './quote.ts';
import { type Raw, rawOf } from './raw.ts';
import { suggest } from './suggest.ts';
import type { MapNode, Tree } from './tree.ts';
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
  for (const field of fields) {
    const written = item.entries.find((entry) => entry.key === field.path);
    const parsed = written === undefined ? defaultOf(field) : parseNode(field, written.node);
    if (parsed === undefined) continue;
    if ('problem' in parsed) report(written?.node.source ?? item.source, `${field.path} ${parsed.problem}`);
    else values.set(field.path, parsed.value);
  }
  reportUnknown(item, fields, report);
  return values;
}

function parseNode(field: Field, node: Tree): Parsed {
  const given = rawOf(node, field);
  return 'problem' in given ? given : parseOption(field, given.raw);
}

function defaultOf(field: Field): Parsed | undefined {
  if (field.required) return { problem: 'is missing' };
  return field.default === undefined ? undefined : parseOption(field, field.default);
}

function reportUnknown({ entries }: MapNode, fields: readonly Field[], report: Report): void {
  const known = fields.map((field) => field.path);
  const holdsSecrets = fields.some((field) => field.secret);
  for (const { key, node } of entries) {
    if (known.includes(key)) continue;
    const near = suggest(key, known);
    // Of `{ password:hush }` all is a key.
    const shown = holdsSecrets && (near === '' || !/^[a-z_-]{1,24}$/i.test(key)) ? 'a key' : quoteKey(key);
    const meant = shown === 'a key' ? '' : near;
    report(node.source, `${shown} is not known${meant}; allowed: ${known.join(', ')}`);
  }
}
