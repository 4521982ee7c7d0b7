// The effective values by path, read by the type they have. A wrong type is a mistake in the table, not in a file.

import type { ListenAddress } from './config.ts';
import type { OptionValue } from './option.ts';

/** One of an option's records: its fields by name, and where it stands. */
export interface RecordValue {
  readonly source: string;
  readonly values: Values;
}

export class Values {
  private readonly byPath = new Map<string, OptionValue>();

  set(path: string, value: OptionValue): void {
    this.byPath.set(path, value);
  }

  get(path: string): OptionValue {
    return this.byPath.get(path);
  }

  /** Also where the value is `off`. */
  has(path: string): boolean {
    return this.byPath.has(path);
  }

  entries(): IterableIterator<[string, OptionValue]> {
    return this.byPath.entries();
  }

  number(path: string): number {
    return this.optionalNumber(path) ?? missing(path);
  }

  optionalNumber(path: string): number | undefined {
    const value = this.byPath.get(path);
    return value === undefined || typeof value === 'number' ? value : missing(path);
  }

  flag(path: string): boolean {
    const value = this.byPath.get(path);
    return typeof value === 'boolean' ? value : missing(path);
  }

  text(path: string): string {
    return this.optionalText(path) ?? missing(path);
  }

  optionalText(path: string): string | undefined {
    const value = this.byPath.get(path);
    return value === undefined || typeof value === 'string' ? value : missing(path);
  }

  choice<Choice extends string>(path: string, choices: readonly Choice[]): Choice {
    return choices.find((choice) => choice === this.byPath.get(path)) ?? missing(path);
  }

  address(path: string): ListenAddress | undefined {
    const value = this.byPath.get(path);
    if (value === undefined) return undefined;
    return isAddress(value) ? value : missing(path);
  }

  /** Nothing set is an empty list. */
  list(path: string): readonly string[] {
    const value = this.byPath.get(path) ?? [];
    return Array.isArray(value) && value.every((part) => typeof part === 'string') ? value : missing(path);
  }

  records(path: string): readonly RecordValue[] {
    const value = this.byPath.get(path) ?? [];
    return isRecords(value) ? value : missing(path);
  }

  texts(path: string): Readonly<Record<string, string>> {
    const value = this.byPath.get(path);
    if (value === undefined) return {};
    return isRecord(value) ? value : missing(path);
  }
}

export function isAddress(value: OptionValue): value is ListenAddress {
  return typeof value === 'object' && 'port' in value && typeof value.port === 'number';
}

/** Empty too; a list of texts is none. */
export function isRecords(value: OptionValue): value is readonly RecordValue[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'object');
}

export function isRecord(value: OptionValue): value is Readonly<Record<string, string>> {
  return typeof value === 'object' && !Array.isArray(value) && !isAddress(value);
}

function missing(path: string): never {
  throw new TypeError(`the option table gives no value of the right type for ${path}`);
}
