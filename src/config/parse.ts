// The text of one option → its value, by the rules of its row. Knows nothing of where the text came from.

import { parseBytes } from '../units/bytes.ts';
import { parseDuration } from '../units/duration.ts';
import { isLoopback, parseAddress } from './address.ts';
import type { EntryRules, Field, OptionType, OptionValue } from './option.ts';
import { quote, quoteKey } from './quote.ts';
import type { Raw } from './raw.ts';
import { redactUrl } from './redact.ts';

/** `problem` says what is wrong and what is allowed, and never shows a secret. */
export type Parsed = { value: OptionValue } | { problem: string };

type Parser = (text: string, option: Field) => Parsed;

export function parseOption(option: Field, raw: Raw): Parsed {
  if (option.type === 'map') return parseMap(option.entries!, raw);
  if (option.type === 'list') return parseList(option, raw);
  if (option.type === 'records') return refuse(option, 'is read record by record');
  if (typeof raw !== 'string') return refuse(option, 'takes one value');
  if (option.off && (raw === 'off' || raw === 'false')) return { value: undefined };
  return PARSERS[option.type](raw, option);
}

/** Of a default as the table has it; one that its own option does not take is a mistake in the table. */
export function tableDefault(option: Field, text: string): OptionValue {
  const parsed = parseOption(option, text);
  if ('problem' in parsed) throw new TypeError(`the default of ${option.path} ${parsed.problem}`);
  return parsed.value;
}

/** What an option allows, in words. */
export function describeAllowed(option: Field): string {
  const words = ALLOWED[option.type](option);
  return option.off ? `${words}, or off` : words;
}

const range = (option: Field): string => (option.min ? ` from ${option.min} to ${option.max}` : '');

const ALLOWED: Record<OptionType, (option: Field) => string> = {
  duration: (option) => `a duration${range(option)}, written like 500ms, 30s, 10m, 2h, 1d`,
  bytes: (option) => `an amount of bytes${range(option)}, written like 512K, 64M, 1G`,
  integer: (option) => `a whole number${range(option)}`,
  boolean: () => 'true or false',
  choice: ({ choices = [] }) => `${choices.length > 1 ? 'one of ' : ''}${choices.join(', ')}`,
  text: (option) => option.allowed ?? 'a text',
  path: (option) => `a path${option.maxBytes ? ` of at most ${option.maxBytes} bytes` : ''}`,
  mode: () => 'octal file mode bits such as 0600 or 0660, with read and write for the owner',
  url: (option) => option.allowed ?? 'an http or https URL',
  address: (option) =>
    option.allowed ??
    'a loopback host:port such as 127.0.0.1:7070 (the fleet listener is what answers outside)',
  list: (option) =>
    `${partsAllowed(option)}, as a list or ${option.single ? 'one alone' : 'with commas between'}`,
  map: (option) => option.entries?.allowed ?? 'names with values',
  records: ({ allowed, fields = [] }) =>
    allowed ??
    `a list (as a variable: a JSON array) of names with values: ${fields.map(({ path }) => path).join(', ')}`,
};

const partsAllowed = ({ choices, allowed }: Field): string =>
  choices === undefined ? (allowed ?? 'texts') : `any of ${choices.join(', ')}`;

const PARSERS: Record<Exclude<OptionType, 'list' | 'map' | 'records'>, Parser> = {
  duration: (text, option) => parseNumber(text, option, parseDuration, 'is not a duration'),
  bytes: (text, option) => parseNumber(text, option, parseBytes, 'is not an amount of bytes'),
  integer: (text, option) => parseNumber(text, option, parseInteger, 'is not a whole number'),
  boolean: parseBoolean,
  choice: (text, option) =>
    option.choices?.includes(text) ? { value: text } : refuse(option, 'is not one of them', text),
  text: parseText,
  path: parsePath,
  mode: parseMode,
  url: parseUrl,
  address: parseHostPort,
};

function refuse(option: Field, what: string, text?: string): Parsed {
  const subject = text === undefined || option.secret ? '' : `${quote(text)} `;
  return { problem: `${subject}${what}; allowed: ${describeAllowed(option)}` };
}

function parseNumber(
  text: string,
  option: Field,
  parse: (text: string) => number | undefined,
  otherwise: string,
): Parsed {
  const value = parse(text);
  if (value === undefined) return refuse(option, lacksUnit(text, option) ? 'has no unit' : otherwise, text);
  const least = option.min === undefined ? value : parse(option.min);
  const greatest = option.max === undefined ? value : parse(option.max);
  if (least !== undefined && value < least) return refuse(option, 'is too small', text);
  if (greatest !== undefined && value > greatest) return refuse(option, 'is too large', text);
  return { value };
}

function lacksUnit(text: string, option: Field): boolean {
  return option.type === 'duration' && /^\d+$/.test(text);
}

function parseInteger(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function parseBoolean(text: string, option: Field): Parsed {
  if (['true', 'on', 'yes', '1'].includes(text)) return { value: true };
  if (['false', 'off', 'no', '0'].includes(text)) return { value: false };
  return refuse(option, 'is neither', text);
}

function parseText(text: string, option: Field): Parsed {
  const fits = option.pattern?.test(text) ?? true;
  const problem = fits ? option.problemOf?.(text) : 'will not do';
  return problem === undefined ? { value: text } : refuse(option, problem, text);
}

function parsePath(text: string, option: Field): Parsed {
  if (text === '' || text.includes('\0')) return refuse(option, 'is no path', text);
  const tooLong = option.maxBytes !== undefined && Buffer.byteLength(text) > option.maxBytes;
  return tooLong ? refuse(option, `has ${Buffer.byteLength(text)} bytes`, text) : { value: text };
}

function parseMode(text: string, option: Field): Parsed {
  if (!/^(?:0o?)?[0-7]{3}$/.test(text)) return refuse(option, 'is no file mode', text);
  const value = Number.parseInt(text.slice(-3), 8);
  return (value & 0o600) === 0o600 ? { value } : refuse(option, 'shuts the owner out', text);
}

function parseUrl(text: string, option: Field): Parsed {
  const problem = option.problemOf?.(text);
  return problem === undefined ? { value: text } : refuse(option, problem, redactUrl(text));
}

function parseHostPort(text: string, option: Field): Parsed {
  const value = parseAddress(text);
  if (value === undefined) return refuse(option, 'is no host:port', text);
  const away = option.anyHost || isLoopback(value.host) ? undefined : 'is not loopback';
  const problem = away ?? option.problemOf?.(text);
  return problem === undefined ? { value } : refuse(option, problem, text);
}

function parseList(option: Field, raw: Raw): Parsed {
  const parts = typeof raw === 'string' ? (option.single ? [raw] : commaSeparated(raw)) : textsOf(raw);
  if (parts === undefined) return refuse(option, 'is no list of texts');
  for (const [place, part] of parts.entries()) {
    const problem = partProblem(option, part);
    if (problem === undefined) continue;
    const [what, shown] = option.secret ? [`part ${place + 1} ${problem}`] : [problem, redactUrl(part)];
    return refuse(option, what!, shown);
  }
  return { value: parts };
}

function partProblem({ choices, problemOf }: Field, part: string): string | undefined {
  if (choices !== undefined) return choices.includes(part) ? undefined : 'is not one of them';
  return problemOf?.(part);
}

function textsOf(raw: Exclude<Raw, string>): readonly string[] | undefined {
  return Array.isArray(raw) ? raw : undefined;
}

function commaSeparated(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function parseMap(rules: EntryRules, raw: Raw): Parsed {
  const entries = raw instanceof Map ? [...raw] : typeof raw === 'string' ? entriesOf(raw) : undefined;
  if (entries === undefined) return { problem: `is no set of names and values; allowed: ${rules.allowed}` };
  const named = entries.map(([name, value]) => [rules.lowerCase ? name.toLowerCase() : name, value] as const);
  for (const [place, [name, value]] of named.entries()) {
    const twice = named.findIndex(([other]) => other === name) !== place;
    const problem = twice ? 'is there twice' : entryProblem(rules, name, value);
    if (problem) return { problem: `${quoteKey(name)} ${problem}; allowed: ${rules.allowed}` };
  }
  return { value: Object.fromEntries(named) };
}

function entryProblem(rules: EntryRules, name: string, value: string): string | undefined {
  if (!rules.name.test(name)) return 'is no name';
  if (rules.reserved.includes(name)) return 'is reserved';
  return rules.value.test(value) ? undefined : 'has a value that cannot be sent';
}

/** From a variable or flag: a JSON object of texts, or `name=value,name=value`. */
function entriesOf(text: string): [string, string][] | undefined {
  if (text.trimStart().startsWith('{')) return jsonEntries(text);
  const pairs = commaSeparated(text).map((pair) => /^([^=]+)=(.*)$/s.exec(pair));
  return pairs.every((pair) => pair !== null) ? pairs.map((pair) => [pair[1]!.trim(), pair[2]!]) : undefined;
}

function jsonEntries(text: string): [string, string][] | undefined {
  try {
    const entries: [string, unknown][] = Object.entries(JSON.parse(text));
    return entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')
      ? entries
      : undefined;
  } catch {
    return undefined;
  }
}
