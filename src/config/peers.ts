// `fleet.peers`: which of its four ways to find peers is configured, and what it comes to here.

import type { PeersConfig } from './config.ts';
import type { Values } from './values.ts';
import type { Application } from './vcap.ts';

export const PEERS_PATHS = [
  'fleet.peers.gorouter',
  'fleet.peers.address',
  'fleet.peers.dns',
  'fleet.peers.list',
] as const;

export type PeersPath = (typeof PEERS_PATHS)[number];

/** All that are set: more than one is a mistake. */
export function peersSet(values: Values): PeersPath[] {
  return PEERS_PATHS.filter((path) => values.get(path) !== undefined);
}

/** Undefined: none configured, or none to be found, so the daemon runs alone. */
export function peersOf(
  values: Values,
  application: Application | { problem: string },
): PeersConfig | undefined {
  const [path] = peersSet(values);
  if (path === undefined) return undefined;
  if (path === 'fleet.peers.address') return { by: 'address', url: values.text(path) };
  if (path === 'fleet.peers.list') return { by: 'list', urls: values.list(path) };
  if (path === 'fleet.peers.dns') {
    const { host, port } = values.address(path)!;
    return { by: 'dns', host, port, tls: values.get('fleet.tls.cert') !== undefined };
  }
  if ('problem' in application) return undefined;
  const { appGuid, processGuid } = application;
  return { by: 'gorouter', url: values.text(path), appGuid, processGuid };
}

/** The URLs that peers are asked at, `{index}` left in; a name's are made from its addresses. */
export function peerUrls(values: Values): readonly string[] {
  const [path] = peersSet(values);
  if (path === 'fleet.peers.list') return values.list(path);
  return path === undefined || path === 'fleet.peers.dns' ? [] : [values.text(path)];
}
