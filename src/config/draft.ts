// Everything that is set and every default, each with its source, before options are held against each other.

import { cacheDefault, type Default, daemonDefault } from './defaults.ts';
import { type Gathered, problemLine } from './gather.ts';
import type { ConfigInput } from './load.ts';
import type { Option } from './option.ts';
import { OPTIONS } from './options.ts';
import { parseOption } from './parse.ts';
import { Values } from './values.ts';
import { type Application, applicationOf } from './vcap.ts';

export interface Draft {
  values: Values;
  /** Path → where its value is from. */
  sources: Map<string, string>;
  caches: readonly string[];
  /** Caches with a loader section → where it stands. */
  loaders: ReadonlyMap<string, string>;
  /** Who this is on Cloud Foundry, or why that is not known. */
  application: Application | { problem: string };
  problems: string[];
  /** Paths whose own value is wrong. */
  wrong: ReadonlySet<string>;
}

/** `layers`: least to greatest precedence. */
export function draftOf(layers: readonly Gathered[], input: ConfigInput): Draft {
  const { given, problems, wrong } = parseLayers(layers);
  // Keys whose prefix names no cache belong to `default`: it is always there.
  const caches = [...new Set([...layers.flatMap((layer) => [...layer.caches]), 'default'])];
  const loaders = new Map(layers.flatMap((layer) => [...layer.loaders]));
  const application = applicationOf(input.env.VCAP_APPLICATION);
  const read = { caches, loaders, application, problems, wrong };
  const draft: Draft = { ...read, values: new Values(), sources: new Map() };
  for (const [path, option] of effectivePaths(draft)) {
    const { value, source } = given.get(path) ?? defaultOf(path, option, draft, input);
    draft.values.set(path, value);
    draft.sources.set(path, source);
  }
  return draft;
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
  for (const { path, option, raw, source } of layers.flatMap((layer) => layer.settings)) {
    const parsed = parseOption(option, raw);
    if ('value' in parsed) result.given.set(path, { value: parsed.value, source });
    else {
      result.problems.push(problemLine(path, source, parsed.problem));
      result.wrong.add(path);
    }
  }
  return result;
}

/** Every path that has a value in this configuration: the daemon's, then cache by cache. */
function effectivePaths({ caches, loaders }: Draft): [path: string, option: Option][] {
  const now = OPTIONS.filter((option) => !option.later);
  const daemon = now.filter((option) => !option.path.includes('*'));
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
  if (option.default !== undefined) return { value: tableDefault(option, option.default), source: 'default' };
  const cache = /^caches\.([^.]+)\./.exec(path)?.[1];
  const computed =
    cache === undefined ? daemonDefault(path, input, draft.values) : cacheDefault(path, cache, draft);
  return computed ?? { value: undefined, source: 'default' };
}

function tableDefault(option: Option, text: string): Default['value'] {
  const parsed = parseOption(option, text);
  if ('problem' in parsed) throw new TypeError(`the default of ${option.path} ${parsed.problem}`);
  return parsed.value;
}
