// What options demand of each other. Each rule names the options it looks at; where one of them is wrong in
// itself the rule is silent, so that one mistake gives one message.

import { formatBytes } from '../units/bytes.ts';
import { formatDuration } from '../units/duration.ts';
import { type Draft, isLoaded } from './draft.ts';
import { problemLine } from './gather.ts';
import { quote } from './quote.ts';
import { fleetRules } from './rules-fleet.ts';
import { landscapeRules } from './rules-landscape.ts';
import type { Values } from './values.ts';

/** sockaddr_un has room for 108 with the zero that ends it. */
const MAX_SOCKET_PATH_BYTES = 107;

export type Unreadable = (path: string) => string | undefined;

/**
 * The path that is to be changed, what it looks at besides, and what is wrong; `undefined` = fine. `source`: where
 * that stands, unless the path says it.
 */
export type Rule = [
  path: string,
  besides: readonly string[],
  problem: string | undefined,
  source?: string | undefined,
];

/** `unreadable`: why a file cannot be read; this module itself touches none. */
export function ruleProblems(input: Draft, unreadable: Unreadable = () => undefined): string[] {
  const rules = [
    ...daemonRules(input),
    ...fleetRules(input, unreadable),
    ...landscapeRules(input, unreadable),
    ...input.caches.flatMap((name) => [...cacheRules(name, input), ...caRules(name, input, unreadable)]),
  ];
  return rules.flatMap(([path, others, problem, source]) => {
    if (problem === undefined || [path, ...others].some((each) => input.wrong.has(each))) return [];
    return [problemLine(path, source ?? sourceOf(path, input), problem)];
  });
}

/** Of a URL that is missing: where its loader is. */
function sourceOf(path: string, { sources, loaders }: Draft): string {
  const loader = /^caches\.(.+)\.loader\.url$/.exec(path)?.[1] ?? '';
  return loaders.get(loader) ?? sources.get(path) ?? 'default';
}

function daemonRules({ values, caches }: Draft): Rule[] {
  const memoryBytes = values.number('memory');
  const shares = caches.map((name) => `caches.${name}.memory`);
  const sharedBytes = shares.reduce((sum, path) => sum + (values.optionalNumber(path) ?? 0), 0);
  return [
    ['socket', [], socketProblem(values.text('socket'))],
    [
      'max_value',
      ['memory'],
      values.number('max_value') > memoryBytes / 2
        ? `${formatBytes(values.number('max_value'))} is more than half of memory; allowed: at most ${formatBytes(Math.floor(memoryBytes / 2))}`
        : undefined,
    ],
    [
      'memory',
      shares,
      sharedBytes > memoryBytes
        ? `${formatBytes(memoryBytes)} is less than the caches' own memory together, ${formatBytes(sharedBytes)}`
        : undefined,
    ],
  ];
}

/** What is given is checked when parsed; a deep TMPDIR makes a default that is too long as well. */
function socketProblem(socket: string): string | undefined {
  const bytes = Buffer.byteLength(socket);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return undefined;
  return `${quote(socket)} has ${bytes} bytes; allowed: at most ${MAX_SOCKET_PATH_BYTES}, so set a shorter one`;
}

function cacheRules(name: string, input: Draft): Rule[] {
  const at = (key: string): string => `caches.${name}.${key}`;
  const { values } = input;
  const isFetched = isLoaded(input, name);
  const ahead = values.flag(at('refresh_ahead'));
  return [
    [
      at('refresh_ahead'),
      [at('refresh')],
      ahead && isOff(values, at('refresh')) ? 'needs refresh, which is off' : undefined,
    ],
    [at('refresh_ahead'), ['preset'], ahead && !isFetched ? 'needs a loader' : undefined],
    [at('negative'), ['preset'], !isOff(values, at('negative')) && !isFetched ? 'needs a loader' : undefined],
    [at('ttl'), [at('refresh')], ttlProblem(values, at('ttl'), at('refresh'))],
    [at('expiry'), [at('mode')], expiryProblem(values, at('expiry'), at('mode'))],
    [at('writes'), [at('mode')], writesProblem(values, at('writes'), at('mode'))],
    ...(input.loaders.has(name) && !input.preset.has(name) ? loaderRules(at, input) : []),
  ];
}

function loaderRules(at: (key: string) => string, { values }: Draft): Rule[] {
  const softMs = values.optionalNumber(at('loader.soft_timeout'));
  const hardMs = values.number(at('loader.timeout'));
  const softProblem =
    softMs !== undefined && softMs >= hardMs
      ? `${formatDuration(softMs)} must be less than loader.timeout, ${formatDuration(hardMs)}`
      : undefined;
  return [
    [at('loader.soft_timeout'), [at('loader.timeout')], softProblem],
    [at('loader.url'), [], isOff(values, at('loader.url')) ? 'is missing; a loader needs one' : undefined],
  ];
}

function caRules(name: string, { values }: Draft, unreadable: Unreadable): Rule[] {
  const [ca, url] = [`caches.${name}.loader.ca`, `caches.${name}.loader.url`];
  const path = values.get(ca);
  if (typeof path !== 'string') return [];
  const why = unreadable(path);
  return [
    [
      ca,
      [url],
      /^http:/i.test(String(values.get(url) ?? ''))
        ? 'is of no use, as loader.url is http: and not https:; remove it or change the url'
        : undefined,
    ],
    [ca, [], why === undefined ? undefined : `${quote(path)} cannot be read: ${why}`],
  ];
}

function ttlProblem(values: Values, ttl: string, refresh: string): string | undefined {
  const ttlMs = values.optionalNumber(ttl);
  const refreshMs = values.optionalNumber(refresh);
  if (ttlMs === undefined || refreshMs === undefined || ttlMs >= refreshMs) return undefined;
  return `${formatDuration(ttlMs)} must not be less than refresh, ${formatDuration(refreshMs)}`;
}

function expiryProblem(values: Values, expiry: string, mode: string): string | undefined {
  if (values.get(mode) !== 'replicated' || isOff(values, expiry)) return undefined;
  return 'cannot be in mode replicated: reads differ between instances, so they would drop different entries';
}

function writesProblem(values: Values, writes: string, mode: string): string | undefined {
  if (values.get(mode) !== 'replicated' || values.get(writes) !== 'fill') return undefined;
  return 'cannot be fill in mode replicated, where what is written to one instance is on all; allowed: change';
}

function isOff(values: Values, path: string): boolean {
  return values.get(path) === undefined;
}
