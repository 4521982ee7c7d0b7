// The way to the peers, as the core of the fleet asks over it: bounded in time and number, counted, never failing.

import type { Clock } from '../../cache/clock.ts';
import { unpredictableBytes } from '../../entropy.ts';
import { Keyring } from '../auth/keyring.ts';
import type { Identity } from '../identity.ts';
import {
  type Ask,
  type Link,
  OUTCOME_RESULTS,
  type Outcome,
  type OutcomeResult,
  type Place,
} from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import { Bodies } from './bodies.ts';
import { Connections } from './connections.ts';
import {
  type ConversationParts,
  converse,
  type Greeted,
  hello,
  type Limits,
  MAX_METRICS_REPLY_BYTES,
} from './conversation.ts';
import { Deadline } from './deadline.ts';
import { type Failure, timedOut } from './failure.ts';
import { Gate } from './gate.ts';
import { KnownPeers } from './known-peers.ts';
import { advise, type Probe, type ProbeContext } from './probe.ts';
import { RouteWitness } from './route-witness.ts';

export type { Probe } from './probe.ts';

export interface LinkParts {
  /** The first signs, all verify. */
  readonly tokens: readonly string[];
  readonly self: Identity;
  readonly transport: PeerTransport;
  readonly clock: Clock;
  /** Extra CA certificates, a PEM file. */
  readonly caFile?: string | undefined;
  /** Asks at one time; further ones wait, within their own time. */
  readonly maxConcurrent?: number;
  /** As long as each peer's metrics may be, by what room there is; longer ones count as not answered. */
  readonly maxMetricsBytes?: () => number;
  /** Of the probe of the own place. */
  readonly probeTimeoutMs?: number;
  /** Of VCAP_APPLICATION; undefined elsewhere. */
  readonly appName?: string | undefined;
  /** Where the own fleet listener listens, for the commands that a failed probe names. */
  readonly port: number;
  random?(bytes: number): Buffer;
  /** Told of what should not be. */
  onDefect?(error: unknown): void;
}

export interface PeerLink extends Link {
  /** Says hello to the own place, the way peers would, to find what is missing on it. Never rejects. */
  probeOwn(): Promise<Probe>;
  /** What is being asked ends as unreachable. */
  close(): void;
  /** Asks, by what came of them. */
  readonly requests: ReadonlyMap<OutcomeResult, number>;
}

const MAX_CONCURRENT = 64;
const PROBE_TIMEOUT_MS = 5000;

/** Throws ConfigError where `caFile` cannot be used. */
export function createLink(parts: LinkParts): PeerLink {
  const { transport, clock, self } = parts;
  const maxConcurrent = parts.maxConcurrent ?? MAX_CONCURRENT;
  const connections = new Connections(transport, parts.caFile, maxConcurrent);
  const gate = new Gate(maxConcurrent);
  const running = new Set<Deadline>();
  const requests = new Map<OutcomeResult, number>(OUTCOME_RESULTS.map((result) => [result, 0]));
  let isClosed = false;
  const talk: ConversationParts = {
    keyring: new Keyring(parts.tokens),
    self,
    transport,
    connections,
    known: new KnownPeers(),
    maxMetricsBytes: () =>
      Math.min(MAX_METRICS_REPLY_BYTES, parts.maxMetricsBytes?.() ?? MAX_METRICS_REPLY_BYTES),
    witness: new RouteWitness(transport, clock),
    bodies: new Bodies(),
    random: parts.random ?? unpredictableBytes,
  };

  const ask = async (one: Ask): Promise<Outcome> => {
    const outcome = await outcomeOf(one);
    requests.set(outcome.result, (requests.get(outcome.result) ?? 0) + 1);
    return outcome;
  };

  const outcomeOf = async (one: Ask): Promise<Outcome> => {
    if (!transport.isPlace(one.place)) {
      return { result: 'unreachable', why: 'this place is none that fleet.peers leads to' };
    }
    const at = transport.describe(one.place);
    try {
      return await within(one.timeoutMs, at, (limits) => converse(talk, one, limits));
    } catch (error) {
      parts.onDefect?.(error);
      return { result: 'unreachable', why: `${at} could not be asked: an internal error, the log says more` };
    }
  };

  /** The time counts from here, waiting for a place included. */
  const within = async <T>(
    timeoutMs: number,
    at: string,
    run: (limits: Limits) => Promise<T>,
  ): Promise<T | Failure> => {
    if (isClosed) return { result: 'unreachable', why: `${at} is not asked any more: this daemon ends` };
    const deadline = new Deadline();
    // In whole milliseconds: Node keeps timers by how long they run, and many of one length cost next to nothing.
    const timer = clock.after(Math.ceil(timeoutMs), () => deadline.over());
    running.add(deadline);
    try {
      if (!gate.tryEnter(deadline) && !(await gate.enter(deadline))) return timedOut(at, timeoutMs);
      try {
        return await run({ timeoutMs, deadline });
      } finally {
        gate.leave();
      }
    } finally {
      timer.cancel();
      running.delete(deadline);
    }
  };

  const probeOwn = async (): Promise<Probe> => {
    const place = transport.own;
    if (place === undefined) return { ok: true, note: 'own place among the peers is not known beforehand' };
    const found = await probe(place);
    const isSelf = 'identity' in found && found.identity.incarnation === self.incarnation;
    if (isSelf && transport.fits(place, self)) return { ok: true };
    // The router turned out not to know the header of processes.
    if (transport.own !== place) return await probeOwn();
    const context: ProbeContext = { transport, place, self, appName: parts.appName, port: parts.port };
    return advise('identity' in found ? found.identity : await behind(found), context);
  };

  const probe = (place: Place): Promise<Greeted | Failure> => {
    const timeoutMs = parts.probeTimeoutMs ?? PROBE_TIMEOUT_MS;
    return within(timeoutMs, transport.describe(place), (limits) => hello(talk, place, limits));
  };

  /** Asked for an instance, the router says the same of a missing route. */
  const behind = async (failure: Failure): Promise<Failure> => {
    if (failure.result !== 'unlisted' || transport.route === undefined) return failure;
    const ofRoute = await probe(transport.route);
    return 'result' in ofRoute && ofRoute.result === 'no-route' ? ofRoute : failure;
  };

  const close = (): void => {
    isClosed = true;
    for (const deadline of running) deadline.over();
    connections.close();
  };

  return { ask, probeOwn, close, requests };
}
