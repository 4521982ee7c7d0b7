// `sidecache check`: every effective value and where it came from, then what is probably not meant.

import type { CacheConfig } from '../config/config.ts';
import type { LoadedConfig } from '../config/load.ts';
import { rowPath } from '../config/option.ts';
import { OPTION_BY_PATH } from '../config/options.ts';
import { readConfig } from '../config/read.ts';
import { showValue } from '../config/show.ts';
import { ConfigError } from '../errors.ts';

export interface CheckRow {
  /** `caches.users.refresh` */
  key: string;
  /** As the file would have it; secrets redacted. */
  value: string;
  source: string;
}

export interface CheckOptions {
  flags: Record<string, unknown>;
  env: NodeJS.ProcessEnv;
  json: boolean;
  write(text: string): void;
  writeError(text: string): void;
}

const OK = 0;
const BAD_CONFIGURATION = 2;

/** The exit code: 0, or 2 for a configuration the daemon would not start with, its problems one a line. */
export async function runCheck(options: CheckOptions): Promise<number> {
  try {
    const loaded = await readConfig({ argvFlags: options.flags, env: options.env });
    options.write(options.json ? renderJson(loaded) : renderText(loaded));
    return OK;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    options.writeError(`${error.problems.join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
}

export function checkReport(loaded: LoadedConfig): CheckRow[] {
  return [...loaded.values.entries()].flatMap(([key, value]) => {
    const option = OPTION_BY_PATH.get(rowPath(key));
    if (option === undefined) return [];
    return [{ key, value: showValue(option, value), source: loaded.sources.get(key) ?? 'default' }];
  });
}

/** What the daemon says at start, and where a cache might lose the only copy of something. */
export function checkWarnings(loaded: LoadedConfig): string[] {
  return [...loaded.warnings, ...loaded.config.caches.flatMap(soleCopyWarning)];
}

// `default` is there for everyone, configured or not; a warning about it would be noise.
function soleCopyWarning(cache: CacheConfig): string[] {
  if (cache.loader !== undefined || cache.preset || cache.mode === 'replicated' || cache.name === 'default')
    return [];
  const meaning =
    cache.writes === 'change'
      ? 'it has no loader, and a write to it is a change that only this instance keeps'
      : 'it has no loader; that is fine where the app can fetch or compute a value again';
  return [
    `caches.${cache.name}: ${meaning}. Values may be evicted; do not keep the only copy of anything here`,
  ];
}

function renderJson(loaded: LoadedConfig): string {
  return `${JSON.stringify({ options: checkReport(loaded), warnings: checkWarnings(loaded) }, null, 2)}\n`;
}

function renderText(loaded: LoadedConfig): string {
  const rows = checkReport(loaded);
  const keyWidth = widest(rows.map((row) => row.key));
  const valueWidth = Math.min(40, widest(rows.map((row) => row.value)));
  const lines = rows.map(({ key, value, source }) =>
    `${key.padEnd(keyWidth)}  ${value.padEnd(valueWidth)}  ${source}`.replaceAll(/\p{Cc}/gu, '?'),
  );
  const warnings = checkWarnings(loaded).map((warning) => `warning: ${warning}`);
  return `${[...lines, ...(warnings.length > 0 ? ['', ...warnings] : [])].join('\n')}\n`;
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
