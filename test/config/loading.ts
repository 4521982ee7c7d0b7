// Loads a configuration written in a test, and collects what is wrong with it.

import { parseFile } from '../../src/config/file.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/errors.ts';

export interface Written {
  /** Text of sidecache.yml. */
  file?: string;
  env?: Record<string, string | undefined>;
  flags?: Record<string, unknown>;
  hostname?: string;
  cgroupLimitBytes?: number;
}

export function load({
  file,
  env = {},
  flags = {},
  hostname = 'host',
  cgroupLimitBytes,
}: Written): LoadedConfig {
  const parsed = file === undefined ? undefined : parseFile('sidecache.yml', file, env);
  return loadConfig({ flags, env, file: parsed, hostname, cgroupLimitBytes });
}

export function loadFile(file: string): LoadedConfig {
  return load({ file });
}

/** One line each; none where it loads. */
export function problemsOf(written: Written): readonly string[] {
  try {
    load(written);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** The only problem of a file. */
export function problemIn(file: string): string {
  const problems = problemsOf({ file });
  if (problems.length !== 1) throw new Error(`expected one problem, found ${JSON.stringify(problems)}`);
  return problems[0]!;
}
