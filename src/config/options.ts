// The option table: every option there is, in the order docs and help show them.

import type { Option } from './option.ts';
import { CACHE_OPTIONS } from './options-cache.ts';
import { DAEMON_OPTIONS } from './options-daemon.ts';
import { FLEET_OPTIONS } from './options-fleet.ts';
import { LANDSCAPE_OPTIONS } from './options-landscape.ts';
import { LATER_OPTIONS } from './options-later.ts';
import { NOTIFY_OPTIONS } from './options-notify.ts';
import { RESP_OPTIONS } from './options-resp.ts';

export const OPTIONS: readonly Option[] = [
  ...DAEMON_OPTIONS,
  ...CACHE_OPTIONS,
  ...NOTIFY_OPTIONS,
  ...RESP_OPTIONS,
  ...FLEET_OPTIONS,
  ...LANDSCAPE_OPTIONS,
  ...LATER_OPTIONS,
];

export const OPTION_BY_PATH: ReadonlyMap<string, Option> = new Map(OPTIONS.map((row) => [row.path, row]));
