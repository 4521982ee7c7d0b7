// What the fleet's options demand of each other. As in rules.ts, each rule names the options it looks at.

import { formatAddress } from './address.ts';
import type { ListenAddress } from './config.ts';
import type { Draft } from './draft.ts';
import { sameUrl } from './http-url.ts';
import { operatorProblems, operatorsOf } from './operators.ts';
import { PEERS_PATHS, peersSet, peerUrls } from './peers.ts';
import { quote } from './quote.ts';
import { redactUrl } from './redact.ts';
import type { Rule, Unreadable } from './rules.ts';
import type { Values } from './values.ts';

export function fleetRules({ values }: Draft, unreadable: Unreadable): Rule[] {
  return [
    ...listenRules(values),
    ...operatorProblems(values.records('fleet.operators')).map(
      ({ problem, source }): Rule => ['fleet.operators', [], problem, source],
    ),
    ...peersRules(values),
    ...tlsRules(values),
    ...['fleet.tls.cert', 'fleet.tls.key', 'fleet.tls.ca'].map((path) => fileRule(path, values, unreadable)),
  ];
}

function listenRules(values: Values): Rule[] {
  const [listen, http] = [values.address('fleet.listen'), values.address('http')];
  if (listen === undefined) return [];
  // That peers need a token is said below, and says it all.
  const isClosed =
    has(values, 'fleet.token') || has(values, 'fleet.operators') || peersSet(values).length > 0;
  return [
    [
      'fleet.listen',
      ['fleet.token', 'fleet.operators', 'fleet.insecure', ...PEERS_PATHS],
      isClosed || values.flag('fleet.insecure')
        ? undefined
        : 'answers outside this container to whoever calls; set fleet.token or fleet.operators, or write out fleet.insecure: true',
    ],
    [
      'fleet.insecure',
      ['fleet.operators'],
      values.flag('fleet.insecure') && has(values, 'fleet.operators')
        ? 'cannot be true besides fleet.operators, whose credentials nobody would be asked for; remove one of them'
        : undefined,
    ],
    [
      'fleet.listen',
      ['http'],
      http !== undefined && takesPortOf(listen, http)
        ? `${formatAddress(listen)} takes the port of http, ${formatAddress(http)}`
        : undefined,
    ],
  ];
}

function takesPortOf(listen: ListenAddress, http: ListenAddress): boolean {
  const everywhere = ['0.0.0.0', '::'].includes(listen.host);
  return listen.port !== 0 && listen.port === http.port && (everywhere || listen.host === http.host);
}

function peersRules(values: Values): Rule[] {
  const [first, ...others] = peersSet(values);
  if (first === undefined) return [];
  const isOff = values.address('fleet.listen') === undefined;
  return [
    [
      first,
      ['fleet.listen'],
      isOff ? 'needs fleet.listen, which is where peers reach this daemon' : undefined,
    ],
    [
      first,
      ['fleet.token'],
      has(values, 'fleet.token') ? undefined : 'needs fleet.token, by which peers know each other',
    ],
    ...others.map((path): Rule => [path, [], `cannot be besides ${first}; peers are found in one way`]),
    ['fleet.peers.list', [], listProblem(values.list('fleet.peers.list'), first)],
    ['fleet.operators', [], passwordProblem(values)],
  ];
}

function listProblem(urls: readonly string[], set: string): string | undefined {
  if (set !== 'fleet.peers.list') return undefined;
  if (urls.length === 0) return 'names no peer; leave the key out to have none';
  const names = urls.map(sameUrl);
  const twice = urls.find((_, place) => names.indexOf(names[place]!) !== place);
  return twice === undefined ? undefined : `${quote(redactUrl(twice))} is there twice`;
}

/** Each instance would make one of its own, and the router choose which of them is asked for it. */
function passwordProblem(values: Values): string | undefined {
  const place = operatorsOf(values).findIndex(
    (operator) => 'user' in operator && operator.password === undefined,
  );
  if (place < 0) return undefined;
  return `operator ${place + 1} has no password; with fleet.peers write one, as each instance would make another`;
}

function tlsRules(values: Values): Rule[] {
  const [cert, key, ca] = ['fleet.tls.cert', 'fleet.tls.key', 'fleet.tls.ca'];
  const [hasCert, hasKey] = [has(values, cert!), has(values, key!)];
  const urls = peerUrls(values);
  const isPlain = urls.length > 0 && urls.every((url) => /^http:/i.test(url));
  return [
    [cert!, [key!], hasCert && !hasKey ? 'needs fleet.tls.key' : undefined],
    [key!, [cert!], hasKey && !hasCert ? 'needs fleet.tls.cert' : undefined],
    [
      ca!,
      peersSet(values),
      has(values, ca!) && isPlain ? 'is of no use, as peers are asked by http: and not https:' : undefined,
    ],
  ];
}

function fileRule(path: string, values: Values, unreadable: Unreadable): Rule {
  const file = values.optionalText(path);
  const why = file === undefined ? undefined : unreadable(file);
  return [path, [], why === undefined ? undefined : `${quote(file!)} cannot be read: ${why}`];
}

/** An empty list is as good as none. */
function has(values: Values, path: string): boolean {
  const value = values.get(path);
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}
