// One row of the option table: what flags, environment names, validation, help and docs are made from.

import type { RecordValue } from './values.ts';

export type OptionType =
  | 'duration'
  | 'bytes'
  | 'integer'
  | 'boolean'
  | 'choice'
  | 'text'
  | 'path'
  | 'mode'
  | 'url'
  | 'address'
  | 'list'
  | 'map'
  | 'records';

/** What an option's text becomes; `undefined` is `off` or "not set". */
export type OptionValue =
  | number
  | boolean
  | string
  | undefined
  | { readonly host: string; readonly port: number }
  | readonly string[]
  | readonly RecordValue[]
  | Readonly<Record<string, string>>;

/** Rules for the names and values of a `map` option. */
export interface EntryRules {
  name: RegExp;
  value: RegExp;
  /** Names that mean something to the daemon itself. */
  reserved: readonly string[];
  lowerCase?: true;
  allowed: string;
}

/** An option without its place in the table: also what a field of `records` is. */
export interface Field {
  /** Dotted key as the file has it; `*` stands for a cache's name. Of a field its name alone. */
  path: string;
  type: OptionType;
  /** As it would be written; with neither this nor `computed` there is none. */
  default?: string;
  /** How the default is found, as a sentence for docs and help. */
  computed?: string;
  /** `off` is allowed and means: none. */
  off?: true;
  /** Least and greatest value, as they would be written. */
  min?: string;
  max?: string;
  /** For `choice`, and for each part of a `list`. */
  choices?: readonly string[];
  /** For `text`: what it must match, and `allowed` says it in words. */
  pattern?: RegExp;
  /**
   * For `text`, `url`, `address` and each part of a `list`: what is wrong with it, or undefined; `allowed` says in words what
   * would be right. Never repeats the text, which may hold a secret.
   */
  problemOf?: (text: string) => string | undefined;
  allowed?: string;
  /** For `address`: not on loopback only. */
  anyHost?: true;
  /** For `list`: a text alone is one part, with the commas in it. */
  single?: true;
  /** For `records`: what one of them is called, and may hold. */
  each?: string;
  fields?: readonly Field[];
  /** Of a field: each record needs it. */
  required?: true;
  /** For `path`: the longest, in bytes. */
  maxBytes?: number;
  entries?: EntryRules;
  /** Never shown, and has no flag: flags stand in every process list. Of `records` each field says whether it is shown. */
  secret?: true;
  /** Of a secret text: what may be shown instead of it, other than that it is there. */
  shown?: (text: string) => string;
  /** Decided, but not in this version: setting it is an error. */
  later?: true;
  /** Only as flag or environment variable. */
  notInFile?: true;
  description: string;
}

export interface Option extends Field {
  group: string;
}

const ENV_PREFIX = 'SIDECACHE_';

/** `caches.*.refresh_ahead` → `SIDECACHE_CACHES_<NAME>_REFRESH_AHEAD`. */
export function envName(option: Option): string {
  return (
    ENV_PREFIX + option.path.replace('*', '<NAME>').replaceAll('.', '_').replaceAll('-', '_').toUpperCase()
  );
}

/** `caches.*.refresh_ahead` → `caches.<name>.refresh-ahead`; undefined for a secret, which has none. */
export function flagName(option: Option): string | undefined {
  if (option.secret) return undefined;
  return option.path.replaceAll('_', '-').replace('*', '<name>');
}

/** The row of a concrete path: `caches.users.refresh` stands in row `caches.*.refresh`. */
export function rowPath(path: string): string {
  return path.replace(/^caches\.[^.]+/, 'caches.*');
}
