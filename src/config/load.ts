// File, environment and flags → one effective configuration, with where each value came from. Pure: all is handed in.

import { ConfigError } from '../errors.ts';
import { buildConfig } from './build.ts';
import type { Config } from './config.ts';
import { draftOf } from './draft.ts';
import { gatherEnvironment } from './environment.ts';
import type { ParsedFile } from './file.ts';
import { flagTree } from './flags.ts';
import { type Gathered, gatherTree, nothingGathered } from './gather.ts';
import { ruleProblems, type Unreadable } from './rules.ts';
import type { Values } from './values.ts';
import { configWarnings } from './warnings.ts';

export interface ConfigInput {
  /** As the command line gives them: `http`, `socket-mode`, `caches: { users: { refresh: '60s' } }`. */
  flags: Readonly<Record<string, unknown>>;
  env: Readonly<Record<string, string | undefined>>;
  /** Read with parseFile (file.ts), which is imported only where there is a file. */
  file?: ParsedFile;
  hostname: string;
  /** Why a file that the configuration names cannot be read; undefined: it can, or nobody looks. */
  unreadable?: Unreadable;
  /** The container's memory limit, where it has one. */
  cgroupLimitBytes?: number;
}

export interface LoadedConfig {
  /** Frozen through and through. */
  config: Config;
  /** Effective values by path (`caches.users.refresh`), in the table's order. Secrets are in clear. */
  values: Values;
  /** Path → `default`, `flag --http`, `env SIDECACHE_HTTP`, `file sidecache.yml:3` or `computed …`. */
  sources: ReadonlyMap<string, string>;
  warnings: readonly string[];
}

/** Throws ConfigError with every problem there is. */
export function loadConfig(input: ConfigInput): LoadedConfig {
  const { layers, warnings } = gather(input);
  const draft = draftOf(layers, input);
  const problems = [...draft.problems, ...ruleProblems(draft, input.unreadable)];
  if (problems.length > 0) throw new ConfigError([...new Set(problems)]);
  return {
    config: buildConfig(draft),
    values: draft.values,
    sources: draft.sources,
    warnings: [...warnings, ...configWarnings(draft, input)],
  };
}

/** What can be used of a bad configuration, so that the daemon can say so on its socket: no caches, no fleet. */
export function loadDegraded(input: ConfigInput): Config {
  const kept = /^(socket|socket_mode|http|connections|drain|index|instance_id|on_bad_config|log\..*)$/;
  const layers = gather(input).layers.map((layer) => ({
    ...nothingGathered(),
    settings: layer.settings.filter((setting) => kept.test(setting.path)),
  }));
  return buildConfig(draftOf(layers, input));
}

/** Least to greatest precedence. */
function gather(input: ConfigInput): { layers: Gathered[]; warnings: string[] } {
  const file = input.file === undefined ? nothingGathered() : gatherTree(input.file.tree, 'file');
  file.problems.push(...(input.file?.problems ?? []));
  const flags = gatherTree(flagTree(input.flags), 'flags');
  const declared = new Set([...file.caches, ...flags.caches, 'default']);
  const { gathered, warnings } = gatherEnvironment(input.env, declared);
  return { layers: [file, gathered, flags], warnings };
}
