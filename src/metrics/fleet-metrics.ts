// The metrics of the fleet: its members, how far behind they are, and who was refused.

import type { Registry } from 'prom-client';
import { counterIn, gaugeIn, type Sample } from './describe.ts';
import type { PromClient } from './prom-client.ts';

export interface PeerFact {
  readonly index: string;
  readonly instanceId: string;
  readonly up: boolean;
  /** Age of the oldest event that it has not confirmed; 0 where it has confirmed all. */
  readonly lagMs: number;
}

/** Read at each scrape. Counts have every result or reason that there can be, those at 0 too. */
export interface FleetFacts {
  /** The members beside this one. */
  peers(): Iterable<PeerFact>;
  /** This one included. */
  members(): number;
  peerRequests(): Iterable<readonly [result: string, count: number]>;
  refusedMessages(): Iterable<readonly [reason: string, count: number]>;
  operatorFailures(): number;
  /** Values of replicated caches that were not taken. */
  refusedValues(): Iterable<readonly [reason: string, count: number]>;
}

const PEER = ['index', 'instance_id'];

export function describeFleet(prom: PromClient, registry: Registry, facts: FleetFacts): void {
  const counter = counterIn(prom, registry);
  const gauge = gaugeIn(prom, registry);
  gauge('sidecache_fleet_members', 'Instances known, this one included.', [], (add) =>
    add({}, facts.members()),
  );
  gauge(
    'sidecache_peer_up',
    'Whether this peer was heard from when it was last asked: 1 or 0.',
    PEER,
    (add) => addPeers(facts, add, ({ up }) => (up ? 1 : 0)),
  );
  gauge(
    'sidecache_peer_lag_seconds',
    'Age of the oldest event of this instance that this peer has not confirmed.',
    PEER,
    (add) => addPeers(facts, add, ({ lagMs }) => lagMs / 1000),
  );
  counter(
    'sidecache_peer_requests_total',
    'Messages sent to peers, by what came of them.',
    ['result'],
    (add) => addCounts(facts.peerRequests(), 'result', add),
  );
  counter(
    'sidecache_peer_messages_refused_total',
    "Messages that came as a peer's and were not taken, by reason.",
    ['reason'],
    (add) => addCounts(facts.refusedMessages(), 'reason', add),
  );
  counter(
    'sidecache_replication_refused_total',
    'Values of replicated caches that others wrote and that were not taken, by reason.',
    ['reason'],
    (add) => addCounts(facts.refusedValues(), 'reason', add),
  );
  counter('sidecache_operator_failures_total', 'Requests from outside with wrong credentials.', [], (add) =>
    add({}, facts.operatorFailures()),
  );
}

/** Apart from the fleet: an app is told of changes without one, too. */
export function describeNotify(
  prom: PromClient,
  registry: Registry,
  calls: () => Iterable<readonly [result: string, count: number]>,
): void {
  counterIn(prom, registry)(
    'sidecache_notify_total',
    'Calls to the own app, by what came of them.',
    ['result'],
    (add) => addCounts(calls(), 'result', add),
  );
}

/** A daemon that was started anew may be a second member of the same name for a while: the higher value stands for both. */
function addPeers(facts: FleetFacts, add: Sample, read: (peer: PeerFact) => number): void {
  const values = new Map<string, { peer: PeerFact; value: number }>();
  for (const peer of facts.peers()) {
    const name = `${peer.index} ${peer.instanceId}`;
    const known = values.get(name);
    const value = read(peer);
    values.set(name, { peer, value: known ? Math.max(known.value, value) : value });
  }
  for (const { peer, value } of values.values())
    add({ index: peer.index, instance_id: peer.instanceId }, value);
}

function addCounts(
  counts: Iterable<readonly [string, number]>,
  label: 'result' | 'reason',
  add: Sample,
): void {
  for (const [name, count] of counts) add({ [label]: name }, count);
}
