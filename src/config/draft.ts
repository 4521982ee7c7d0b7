// Everything that is set and every default, each with its source, before options are held against each other.

import { cacheDefault, completeRecords, type Default, daemonDefault } from './defaults.ts';
import { type Gathered, problemLine, type Setting } from './gather.ts';
import type { ConfigInput } from './load.ts';
import type { Option, OptionValue } from './option.ts';
import { OPTIONS } from './options.ts';
import { parseOption, tableDefault } from './parse.ts';
import { PRESET_CACHES, PRESET_SOURCE, presetDefault } from './preset.ts';
import { type PlacedProblem, parseRecords } from './records.ts';
import { Values } from './values.ts';
import { type Application, applicationOf } from './vcap.ts';

export interface Draft {
  values: Values;
  /** Path → where its value is from. */
  sources: Map<string, string>;
  caches: readonly string[];
  /** Caches with a loader section → where it stands. */
  loaders: ReadonlyMap<string, string>;
  /** Caches that the preset loads; empty without one. */
  preset: ReadonlySet<string>;
  /** Who this is on Cloud Foundry, or why that is not known. */
  application: Application | { problem: string };
  problems: string[];
  /** Paths whose own value is wrong. */
  wrong: ReadonlySet<string>;
}

/** `layers`: least to greatest precedence. */
export function draftOf(layers: readonly Gathered[], input: ConfigInput): Draft {
  const { given, problems, wrong } = parseLayers(layers);
  const preset = new Set(given.get('preset')?.value === undefined ? [] : PRESET_CACHES);
  // Keys whose prefix names no cache belong to `default`: it is always there.
  const caches = [...new Set([...layers.flatMap((layer) => [...layer.caches]), ...preset, 'default'])];
  const loaders = new Map(layers.flatMap((layer) => [...layer.loaders]));
  const application = applicationOf(input.env.VCAP_APPLICATION);
  const read = { caches, loaders, preset, application, problems, wrong };
  const draft: Draft = { ...read, values: new Values(), sources: new Map() };
  for (const [path, option] of effectivePaths(draft, given)) {
    const { value, source } = given.get(path) ?? defaultOf(path, option, draft, input);
    draft.values.set(path, value);
    draft.sources.set(path, source);
  }
  completeRecords(draft.values, input);
  return draft;
}

/** Whether what is missing or old in a cache is fetched by the daemon itself. */
export function isLoaded({ loaders, preset }: Draft, cache: string): boolean {
  return loaders.has(cache) || preset.has(cache);
}

interface Given {
  given: Map<string, Default>;
  problems: string[];
  wrong: Set<string>;
}

function parseLayers(layers: readonly Gathered[]): Given {
  const result: Given = {
    given: new Map(),
    problems: layers.flatMap((layer) => layer.problems),
    wrong: new Set(layers.flatMap((layer) => [...layer.wrong])),
  };
  for (const setting of layers.flatMap((layer) => layer.settings)) {
    const { path, source } = setting;
    const parsed = parseSetting(setting);
    if ('value' in parsed) result.given.set(path, { value: parsed.value, source });
    else {
      result.problems.push(...parsed.problems.map((each) => problemLine(path, each.source, each.problem)));
      result.wrong.add(path);
    }
  }
  return result;
}

type ParsedSetting = { value: OptionValue } | { problems: readonly PlacedProblem[] };

function parseSetting({ option, raw, source }: Setting): ParsedSetting {
  if (option.type === 'records') return parseRecords(option, raw, source);
  const parsed = parseOption(option, raw);
  return 'value' in parsed ? parsed : { problems: [{ source, problem: parsed.problem }] };
}

/** Every path that has a value in this configuration: the daemon's, then cache by cache. */
function effectivePaths(
  { caches, loaders, preset }: Draft,
  given: Given['given'],
): [path: string, option: Option][] {
  const now = OPTIONS.filter((option) => !option.later);
  const daemon = now.filter(
    ({ path }) =>
      !path.includes('*') && (preset.size > 0 || !path.startsWith('cloudfoundry.') || given.has(path)),
  );
  const ofCaches = caches.flatMap((name) =>
    now
      .filter(
        (option) => option.path.includes('*') && (loaders.has(name) || !option.path.includes('.loader.')),
      )
      .map((option): [string, Option] => [option.path.replace('*', name), option]),
  );
  return [...daemon.map((option): [string, Option] => [option.path, option]), ...ofCaches];
}

function defaultOf(path: string, option: Option, draft: Draft, input: ConfigInput): Default {
  const [, cache, key = ''] = /^caches\.([^.]+)\.(.+)/.exec(path) ?? [];
  const preset = cache !== undefined && draft.preset.has(cache) ? presetDefault(cache, key) : undefined;
  if (preset !== undefined) return { value: preset, source: PRESET_SOURCE };
  if (option.default !== undefined) return { value: tableDefault(option, option.default), source: 'default' };
  const computed =
    cache === undefined ? daemonDefault(path, input, draft.values) : cacheDefault(path, cache, draft);
  return computed ?? { value: undefined, source: 'default' };
}
