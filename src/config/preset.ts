// `preset: cloudfoundry`: the caches that it brings along, and the times they have where none are set.

import type { OptionValue } from './option.ts';

const CLOUDFOUNDRY = 'cloudfoundry';

export const PRESETS: readonly string[] = [CLOUDFOUNDRY];

/** In the order in which they stand behind the caches that are named. */
export const PRESET_CACHES: readonly string[] = [
  ...['org', 'space', 'application', 'domain', 'route', 'process', 'resolver'],
];

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
/** What is made seldom. */
const LASTING: readonly string[] = ['org', 'space', 'domain'];

/** The value of `caches.<cache>.<key>` with the preset; undefined: as without it. */
export function presetDefault(cache: string, key: string): OptionValue {
  if (key === 'refresh') return LASTING.includes(cache) ? HOUR_MS : 300 * SECOND_MS;
  if (key === 'expiry') return (cache === 'domain' ? 300 : 120) * SECOND_MS;
  if (key === 'negative') return 30 * SECOND_MS;
  return key === 'writes' ? 'change' : undefined;
}

export const PRESET_SOURCE = `preset ${CLOUDFOUNDRY}`;
