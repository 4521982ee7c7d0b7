// The APIs of a configuration in one form: the first, whose options stand alone, and those of `cloudfoundry.apis`.

import { API_FIELDS } from './api-fields.ts';
import { Values } from './values.ts';

export interface WrittenApi {
  readonly name: string;
  readonly values: Values;
  /** The option that says `key` of this API. */
  path(key: string): string;
  /** Before what is wrong with it, or with its `key`: an option of its own needs none. */
  prefix(key?: string): string;
  /** Where a record stands; undefined of the first API. */
  readonly source: string | undefined;
}

export function writtenApis(values: Values): WrittenApi[] {
  const first = new Values();
  for (const { path } of API_FIELDS) first.set(path, values.get(`cloudfoundry.${path}`));
  const others = values.records('cloudfoundry.apis').map(
    (record, place): WrittenApi => ({
      name: record.values.text('name'),
      values: record.values,
      path: () => 'cloudfoundry.apis',
      prefix: (key) => `API ${place + 1}: ${key === undefined ? '' : `${key} `}`,
      source: record.source,
    }),
  );
  const path = (key: string): string => `cloudfoundry.${key}`;
  return [{ name: 'default', values: first, path, prefix: () => '', source: undefined }, ...others];
}
