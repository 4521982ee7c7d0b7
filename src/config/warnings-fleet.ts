// What works and is probably not meant, of the fleet: who may reach whom, and what the caches get from it.

import { isLoopback } from './address.ts';
import { type Draft, isLoaded } from './draft.ts';
import type { ConfigInput } from './load.ts';
import { operatorsOf } from './operators.ts';
import { peersOf, peersSet, peerUrls } from './peers.ts';
import type { Values } from './values.ts';

/** Shorter ones can be guessed, so the listener does not look at them while somebody does. */
const SAFE_PASSWORD_BYTES = 16;

export function fleetWarnings(draft: Draft, input: ConfigInput): string[] {
  const { values } = draft;
  if (values.address('fleet.listen') === undefined) return offWarnings(draft);
  return [
    ...listenWarnings(values, input),
    ...credentialWarnings(values),
    ...peersWarnings(draft),
    ...tlsWarnings(values),
  ];
}

/** `port` where the app listens: one of the two will fail. */
export function appPortWarning(path: string, port: number | undefined, input: ConfigInput): string[] {
  if (port === undefined || port === 0 || String(port) !== input.env.PORT) return [];
  return [
    `${path}: port ${port} is PORT, which is the app's; the app or this daemon will not be able to listen`,
  ];
}

/** A mode that somebody wrote and that does nothing, or less than one might think. */
export function modeWarnings(name: string, draft: Draft): string[] {
  const { values } = draft;
  const path = `caches.${name}.mode`;
  const mode = values.text(path);
  const isLoadedToo = mode === 'replicated' && isLoaded(draft, name);
  return [
    ...(isLoadedToo
      ? [`${path}: replicated copies what is written; what is loaded, each instance loads for itself`]
      : []),
    ...uncoordinatedWarnings(path, mode, values),
  ];
}

function uncoordinatedWarnings(path: string, mode: string, values: Values): string[] {
  if (mode === 'local' || peersSet(values).length > 0) return [];
  return [`${path}: ${mode} coordinates nothing without fleet.peers`];
}

function offWarnings({ sources }: Draft): string[] {
  const set = [...sources].find(([path, source]) => path.startsWith('fleet.') && !/^default/.test(source));
  const isOffOnPurpose = set === undefined || set[0] === 'fleet.listen';
  return isOffOnPurpose ? [] : [`${set[0]}: is of no effect, as fleet.listen is off`];
}

function listenWarnings(values: Values, input: ConfigInput): string[] {
  const { host, port } = values.address('fleet.listen')!;
  const isUnreachable = Boolean(input.env.VCAP_APPLICATION) && isLoopback(host);
  return [
    ...appPortWarning('fleet.listen', port, input),
    ...(isUnreachable
      ? [`fleet.listen: ${host} is reached by neither the router nor peers on Cloud Foundry; use 0.0.0.0`]
      : []),
  ];
}

function credentialWarnings(values: Values): string[] {
  const [tokens, operators] = [values.list('fleet.token'), operatorsOf(values)];
  const short = operators.findIndex((operator) => 'user' in operator && isShort(operator.password));
  const shared = operators.findIndex((operator) => 'token' in operator && tokens.includes(operator.token));
  return [
    tokens.length === 0 && operators.length > 0
      ? 'fleet.token: is not set, so peers are refused; only operators are answered'
      : undefined,
    shared < 0
      ? undefined
      : `fleet.operators: operator ${shared + 1} has the fleet's own token, with which anyone may speak as a peer`,
    short < 0
      ? undefined
      : `fleet.operators: operator ${short + 1} has a password of less than ${SAFE_PASSWORD_BYTES} bytes, which is refused too while wrong ones come often`,
    values.flag('fleet.insecure')
      ? 'fleet.insecure: whoever reaches fleet.listen may do all that fleet.allow lists, without credentials'
      : undefined,
  ].filter((warning) => warning !== undefined);
}

/** None is written: one is made, and not a short one. */
function isShort(password: string | undefined): boolean {
  return password !== undefined && Buffer.byteLength(password) < SAFE_PASSWORD_BYTES;
}

function peersWarnings({ values, application }: Draft): string[] {
  const [path] = peersSet(values);
  if (path === undefined) return [];
  if (peersOf(values, application) === undefined && 'problem' in application) {
    return [`${path}: this daemon runs alone: ${application.problem}`];
  }
  if (path === 'fleet.peers.address' && !/^\d+$/.test(values.text('index'))) {
    return [
      `${path}: the index of this instance is ${values.text('index')}, no number, so no peer can ask for it; set index`,
    ];
  }
  return path === 'fleet.peers.gorouter' ? readableWarnings(values.text(path)) : [];
}

function readableWarnings(route: string): string[] {
  const { protocol, hostname } = new URL(route);
  if (protocol !== 'http:' || isLoopback(hostname.replace(/^\[|\]$/g, ''))) return [];
  return [
    'fleet.peers.gorouter: http: is signed, but whoever is on the way can read it; https: is not readable',
  ];
}

/** The router ends TLS itself and speaks HTTP to the port; peers by http: would speak HTTP to it as well. */
function tlsWarnings(values: Values): string[] {
  const [path] = peersSet(values);
  if (path === undefined || values.get('fleet.tls.cert') === undefined) return [];
  if (path === 'fleet.peers.gorouter') {
    return [
      'fleet.tls: the router speaks HTTP to this daemon, which then answers TLS only; remove fleet.tls',
    ];
  }
  const isPlain = peerUrls(values).some((url) => /^http:/i.test(url));
  return isPlain ? [`${path}: asks by http:, where fleet.tls answers TLS only; write https:`] : [];
}
