// SIDECACHE_… variables → settings. Unknown ones only warn: Kubernetes injects some for a service of this name.

import { cacheNameProblem } from './cache-name.ts';
import { type Gathered, NOT_YET, nothingGathered, problemLine } from './gather.ts';
import { envName, type Option } from './option.ts';
import { OPTIONS } from './options.ts';
import { suggestWithin } from './suggest.ts';

const CACHES = 'SIDECACHE_CACHES_';
const CACHE_OPTION = 'SIDECACHE_CACHES_<NAME>_';
/** What Kubernetes sets in every container for a service called `sidecache` or `sidecache-…`. */
const INJECTED = /_SERVICE_(HOST|PORT)(_\w+)?$|_PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?$/;

export interface Environment {
  gathered: Gathered;
  warnings: string[];
}

/** An empty variable counts as not set. `declared`: caches that the file or a flag names. */
export function gatherEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  declared: ReadonlySet<string>,
): Environment {
  const gathered = nothingGathered();
  const warnings: string[] = [];
  for (const variable of Object.keys(env).sort()) {
    const raw = env[variable];
    if (!variable.startsWith('SIDECACHE_') || raw === undefined || raw === '') continue;
    const found = resolve(variable, declared);
    if (found === undefined) {
      if (!INJECTED.test(variable))
        warnings.push(`${variable}: no such option${suggestVariable(variable)}; the variable is ignored`);
    } else if ('problem' in found) gathered.problems.push(`${variable}: ${found.problem}`);
    else set(gathered, found, raw, variable);
  }
  return { gathered, warnings };
}

/** Only names of the daemon's own options: what stands for a cache's name could be anything. */
function suggestVariable(variable: string): string {
  const known = OPTIONS.filter((option) => !option.later && !option.path.includes('*')).map(envName);
  return suggestWithin(variable, known, 'SIDECACHE_');
}

interface Target {
  option: Option;
  path: string;
  cache: string | undefined;
}

function set(gathered: Gathered, { option, path, cache }: Target, raw: string, variable: string): void {
  const source = `env ${variable}`;
  if (option.later) {
    gathered.problems.push(problemLine(path, source, NOT_YET));
    return;
  }
  if (cache !== undefined) gathered.caches.add(cache);
  if (cache !== undefined && path.includes('.loader.')) gathered.loaders.set(cache, source);
  gathered.settings.push({ path, option, raw, source });
}

function resolve(variable: string, declared: ReadonlySet<string>): Target | { problem: string } | undefined {
  const option = OPTIONS.find((row) => envName(row) === variable);
  if (option !== undefined) return { option, path: option.path, cache: undefined };
  return variable.startsWith(CACHES) ? resolveCache(variable, declared) : undefined;
}

/**
 * SIDECACHE_CACHES_A_B_REFRESH: names may hold `_`, so may options. A split that names a declared cache wins,
 * else the longest option.
 */
function resolveCache(
  variable: string,
  declared: ReadonlySet<string>,
): Target | { problem: string } | undefined {
  const splits = splitsOf(variable.slice(CACHES.length));
  for (const { option, name } of splits) {
    const named = [...declared].filter((cache) => normalised(cache) === name);
    if (named.length > 1) return { problem: `may mean cache ${named.join(' or ')}; set it in the file` };
    if (named[0] !== undefined) return target(option, named[0]);
  }
  const longest = splits[0];
  if (longest === undefined) return undefined;
  const cache = longest.name.toLowerCase();
  const problem = cacheNameProblem(cache);
  return problem === undefined ? target(longest.option, cache) : { problem: `"${cache}" ${problem}` };
}

/** Every way to read it as a cache's name and an option, longest option first. */
function splitsOf(rest: string): { option: Option; name: string }[] {
  const splits: { option: Option; name: string }[] = [];
  for (const option of OPTIONS) {
    const suffix = `_${envName(option).slice(CACHE_OPTION.length)}`;
    if (!option.path.startsWith('caches.*.') || !rest.endsWith(suffix) || rest === suffix) continue;
    splits.push({ option, name: rest.slice(0, -suffix.length) });
  }
  return splits.sort((one, other) => one.name.length - other.name.length);
}

function target(option: Option, cache: string): Target {
  return { option, path: option.path.replace('*', cache), cache };
}

function normalised(cache: string): string {
  return cache.replaceAll('-', '_').toUpperCase();
}
