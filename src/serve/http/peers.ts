// GET /peers: who is in the fleet, how far each is, and what is wrong with how they reach each other.

import type { ServerResponse } from 'node:http';
import { sendJson } from './json.ts';
import { parseSwitch, unknownParameter } from './parameters.ts';
import { parseQuery } from './target.ts';

/** As it is sent. */
export interface PeersView {
  readonly self: {
    readonly index: string;
    readonly instance_id: string;
    readonly incarnation: string;
    readonly version: string;
    /** `ready`, or why it is not. */
    readonly state: string;
  };
  readonly transport: 'gorouter' | 'address' | 'dns' | 'list' | 'none';
  /** This one included; `?` where peers are configured and none was ever reached. */
  readonly members: number | '?';
  readonly peers: readonly PeerView[];
  readonly problems: readonly { readonly problem: string; readonly mend: string | null }[];
}

export interface PeerView {
  readonly index: string;
  readonly instance_id: string;
  readonly incarnation: string;
  readonly version: string;
  /** `up`: heard from. Else what was found instead: `unlisted`, `unreachable`, `refused`. */
  readonly status: string;
  readonly last_heard_ms: number | null;
  /** Age of the oldest event that it has not confirmed, and how many there are. */
  readonly lag_ms: number;
  readonly unconfirmed: number;
  readonly place: string | null;
  readonly why: string | null;
}

/** For a daemon without a fleet. */
export function aloneView(self: PeersView['self']): PeersView {
  return { self, transport: 'none', members: 1, peers: [], problems: [] };
}

/** `?probe=1`: after one more look at the way to the own place. Throws RequestError 'bad_query'. */
export async function sendPeers(
  look: (probes: boolean) => Promise<PeersView>,
  query: string,
  response: ServerResponse,
): Promise<void> {
  let probes = false;
  for (const { name, value } of parseQuery(query)) {
    if (name !== 'probe') throw unknownParameter(name, ['probe']);
    probes = parseSwitch(name, value.toString('latin1'));
  }
  sendJson(response, 200, await look(probes));
}
