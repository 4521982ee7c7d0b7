// An effective value as a person reads it: in the units of the file, secrets not at all.

import { approximateBytes, formatBytes } from '../units/bytes.ts';
import { formatDuration } from '../units/duration.ts';
import { formatAddress } from './address.ts';
import type { Field, OptionValue } from './option.ts';
import { REDACTED, redactUrl, redactValues } from './redact.ts';
import { isAddress, isRecord, isRecords, type RecordValue } from './values.ts';

/** `off` where the option can be turned off and is, `none` where nothing is set. */
export function showValue(option: Field, value: OptionValue): string {
  if (value === undefined) return option.off ? 'off' : 'none';
  if (isRecord(value)) return showRecord(option.secret ? redactValues(value) : value);
  if (Array.isArray(value)) return showList(option, value);
  if (option.secret) return option.shown?.(String(value)) ?? REDACTED;
  if (isAddress(value)) return formatAddress(value);
  if (typeof value === 'number') return showNumber(option, value);
  return option.type === 'url' ? redactUrl(String(value)) : String(value);
}

function showNumber(option: Field, value: number): string {
  if (option.type === 'duration') return formatDuration(value);
  if (option.type === 'mode') return value.toString(8).padStart(4, '0');
  return option.type === 'bytes' ? showBytes(value) : String(value);
}

function showBytes(bytes: number): string {
  const exact = formatBytes(bytes);
  return /^\d{5,}/.test(exact) ? `${exact} (${approximateBytes(bytes)})` : exact;
}

/** How many secrets there are is none: it tells whether a second token is in. */
function showList(option: Field, value: readonly string[] | readonly RecordValue[]): string {
  if (value.length === 0) return 'none';
  if (isRecords(value)) return value.map((record) => showFields(option, record)).join(', ');
  return value.map((part) => (option.secret ? REDACTED : redactUrl(part))).join(', ');
}

function showFields({ fields = [] }: Field, { values }: RecordValue): string {
  const shown = fields
    .filter(({ path }) => values.get(path) !== undefined)
    .map((field) => `${field.path}: ${showValue(field, values.get(field.path))}`);
  return `{ ${shown.join(', ')} }`;
}

function showRecord(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return pairs.length === 0 ? 'none' : pairs.join(' ');
}
