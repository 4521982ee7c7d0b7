// What the options of the landscape demand of each other. As in rules.ts, each rule names the options it looks at.

import type { Draft } from './draft.ts';
import { type WrittenApi, writtenApis } from './landscape-apis.ts';
import { quote } from './quote.ts';
import type { Rule, Unreadable } from './rules.ts';
import { suggest } from './suggest.ts';
import type { RecordValue } from './values.ts';

/** Each way to be known to UAA, and what it takes. */
const CREDENTIALS: readonly (readonly string[])[] = [
  ['username', 'password'],
  ['client_id', 'client_secret'],
  ['refresh_token'],
];

const NEEDED = 'username and password, or client_id and client_secret, or refresh_token';

const PAIRS = [
  ['orgName', 'orgRegex'],
  ['spaceName', 'spaceRegex'],
  ['applicationName', 'applicationRegex'],
] as const;

export function landscapeRules(draft: Draft, unreadable: Unreadable): Rule[] {
  if (draft.preset.size === 0) return presetRules(draft);
  const apis = writtenApis(draft.values);
  return [
    ...loaderRules(draft),
    ...apis.flatMap((api) => [
      ...addressRules(api, draft),
      ...credentialRules(api, draft),
      ...caRules(api, unreadable),
    ]),
    ...nameRules('cloudfoundry.apis', 'API', draft.values.records('cloudfoundry.apis')),
    ...targetRules(
      draft,
      apis.map(({ name }) => name),
    ),
  ];
}

/** Without the preset: one line, however much is set. */
function presetRules({ sources }: Draft): Rule[] {
  const set = [...sources.keys()].find((path) => path.startsWith('cloudfoundry.'));
  return set === undefined ? [] : [[set, ['preset'], 'needs preset: cloudfoundry']];
}

function loaderRules({ loaders, preset }: Draft): Rule[] {
  return [...loaders].flatMap(([cache, source]): Rule[] => {
    const problem = 'cannot be with preset: cloudfoundry, which loads this cache itself; remove it';
    return preset.has(cache) ? [[`caches.${cache}.loader`, [], problem, source]] : [];
  });
}

function addressRules({ values, path }: WrittenApi, { sources }: Draft): Rule[] {
  const isMissing = values.optionalText('api') === undefined;
  const problem = 'is missing; preset: cloudfoundry needs the URL of an API, and VCAP_APPLICATION names none';
  return [[path('api'), [], isMissing ? problem : undefined, sources.get('preset')]];
}

function credentialRules({ values, path, prefix, source }: WrittenApi, { sources }: Draft): Rule[] {
  const has = (key: string): boolean => values.optionalText(key) !== undefined;
  const rule = (key: string, problem: string | undefined): Rule => [
    path(key),
    CREDENTIALS.flat().map(path),
    problem && `${prefix(key)}${problem}`,
    source,
  ];
  const [first, second] = CREDENTIALS.filter((keys) => keys.some(has));
  if (first === undefined) {
    const section = path('').replace(/\.$/, '');
    const problem = `${prefix()}has no credentials; set ${NEEDED}`;
    return [[section, CREDENTIALS.flat().map(path), problem, source ?? sources.get('preset')]];
  }
  const set = first.find(has)!;
  const besides = second?.find(has);
  if (besides !== undefined) return [rule(besides, `cannot be besides ${set}; set one of ${NEEDED}`)];
  const missing = first.find((key) => !has(key));
  return [rule(set, missing && `needs ${missing}`)];
}

function caRules({ values, path, prefix, source }: WrittenApi, unreadable: Unreadable): Rule[] {
  const ca = values.optionalText('ca');
  if (ca === undefined) return [];
  const why = unreadable(ca);
  const isPlain = /^http:/i.test(values.optionalText('api') ?? '');
  return [
    [
      path('ca'),
      [path('api')],
      isPlain ? `${prefix('ca')}is of no use, as api is http: and not https:` : undefined,
      source,
    ],
    [
      path('ca'),
      [],
      why === undefined ? undefined : `${prefix('ca')}${quote(ca)} cannot be read: ${why}`,
      source,
    ],
  ];
}

function nameRules(path: string, each: string, records: readonly RecordValue[]): Rule[] {
  const names = records.map(({ values }) => values.text('name'));
  return records.map(({ source }, place): Rule => {
    const name = names[place]!;
    const isFirst = each === 'API' && name === 'default';
    const taken = isFirst ? 'is the first API, the one of cloudfoundry.api' : 'is the name of one before it';
    const isTaken = isFirst || names.indexOf(name) !== place;
    return [path, [], isTaken ? `${each} ${place + 1}: name ${quote(name)} ${taken}` : undefined, source];
  });
}

function targetRules({ values }: Draft, apis: readonly string[]): Rule[] {
  const path = 'cloudfoundry.targets';
  const targets = values.records(path);
  const rules = targets.flatMap(({ values: target, source }, place): Rule[] => {
    const both = PAIRS.find((pair) => pair.every((key) => target.has(key)));
    const rule = (besides: string[], problem: string | undefined): Rule => [
      path,
      besides,
      problem && `target ${place + 1}: ${problem}`,
      source,
    ];
    return [
      rule([], both && `${both[1]} cannot be besides ${both[0]}; remove one of them`),
      rule(['cloudfoundry.apis'], apiProblem(target.optionalText('api'), apis)),
    ];
  });
  return [...rules, ...nameRules(path, 'target', targets)];
}

function apiProblem(api: string | undefined, apis: readonly string[]): string | undefined {
  if (api === undefined || apis.includes(api)) return undefined;
  return `api ${quote(api)} is no API${suggest(api, apis)}; allowed: ${apis.join(', ')}`;
}
