// What stood on the command line after it was parsed: words in order, options by name.

import { CommandError } from '../errors.ts';
import { parseDuration } from '../units/duration.ts';
import { EXIT } from './exit-codes.ts';

export interface Arguments {
  /** Words that belong to no option, the command's name not among them; those after `--` as well. */
  words: readonly string[];
  options: Readonly<Record<string, unknown>>;
}

export function flag(args: Arguments, name: string): boolean {
  return args.options[name] === true;
}

export function textOption(args: Arguments, name: string): string | undefined {
  const value = args.options[name];
  if (Array.isArray(value)) throw new CommandError(EXIT.usage, `--${name} can be given once only`);
  return value === undefined ? undefined : String(value);
}

export function listOption(args: Arguments, name: string): readonly string[] {
  const value = args.options[name];
  if (value === undefined) return [];
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

/** In milliseconds. */
export function durationOption(args: Arguments, name: string): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) {
    throw new CommandError(EXIT.usage, `--${name} must be a duration such as 500ms, 30s or 10m, not ${text}`);
  }
  return ms;
}

/** The option as it stands, if it is one of `allowed`. */
export function choiceOption(args: Arguments, name: string, allowed: readonly string[]): string | undefined {
  const text = textOption(args, name);
  if (text === undefined || allowed.includes(text)) return text;
  throw new CommandError(EXIT.usage, `--${name} must be ${allowed.join(' or ')}, not ${text}`);
}

/** Tags as given; a blank would make two of one. */
export function tagsOption(args: Arguments): readonly string[] {
  const tags = listOption(args, 'tag');
  if (tags.every((tag) => /^[!-~]{1,256}$/.test(tag))) return tags;
  throw new CommandError(EXIT.usage, '--tag must be 1 to 256 printable ASCII characters without blanks');
}

export function countOption(args: Arguments, name: string): number | undefined {
  const text = textOption(args, name);
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) {
    throw new CommandError(EXIT.usage, `--${name} must be a whole number above 0, not ${text}`);
  }
  return Number(text);
}
