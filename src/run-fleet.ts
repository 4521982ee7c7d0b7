// The fleet of a configuration: the listener for peers and operators, and, where peers are configured, the core with
// the network around it. Loaded only where there is a fleet: what it needs costs memory.

import { randomBytes } from 'node:crypto';
import type { CacheMode, Changes } from './changes/changes.ts';
import type { FleetConfig, OperatorConfig, PeersConfig } from './config/config.ts';
import { SidecacheError } from './errors.ts';
import type { Copied } from './fleet/event.ts';
import { Fleet } from './fleet/fleet.ts';
import type { Identity } from './fleet/identity.ts';
import { createLink, type PeerLink } from './fleet/link/create-link.ts';
import { statusOf } from './fleet/member.ts';
import { createPeerServer, type PeerServer } from './fleet/peer-server.ts';
import type { Publication } from './fleet/publications.ts';
import { createTransport } from './fleet/transport/create-transport.ts';
import type { PeerTransport } from './fleet/transport/transport.ts';
import { describeDefect, type Log } from './log.ts';
import type { FleetFacts } from './metrics/fleet-metrics.ts';
import type { Replicas } from './replication/replicas.ts';
import type { Replication } from './replication/replication.ts';
import type { Transfers } from './replication/transfers.ts';
import { Access } from './serve/access/access.ts';
import type { Operator } from './serve/access/credentials.ts';
import type { Connections, RequestHandler } from './serve/connections.ts';
import { FleetListener } from './serve/fleet-listener.ts';
import type { Headroom } from './serve/headroom.ts';
import type { AskPeers } from './serve/http/fleet-metrics.ts';
import { aloneView, type PeersView } from './serve/http/peers.ts';
import { systemClock } from './system-clock.ts';

export interface FleetInput {
  readonly config: FleetConfig;
  readonly self: Identity;
  readonly modes: ReadonlyMap<string, CacheMode>;
  readonly changes: Changes;
  /** Where there are replicated caches. */
  readonly replication: Replication | undefined;
  readonly headroom: Headroom;
  readonly connections: Connections;
  /** Takes what operators may do. */
  readonly handle: RequestHandler;
  /** This instance's metrics as text. */
  readonly metrics: () => Promise<string>;
  /** Told of what clients of another instance published. */
  readonly published?: ((publication: Publication) => void) | undefined;
  /** CF_INSTANCE_INTERNAL_IP. */
  readonly ownIp: string | undefined;
  readonly log: Log;
  /** Where there is a terminal: shows what the log must not have. */
  readonly show: ((line: string) => void) | undefined;
}

export interface RunningFleet {
  /** Where it listens. */
  readonly address: string;
  /** Begins to look for the others. */
  start(): void;
  /** Why caches are not served from yet; undefined once it has joined. */
  readonly notJoined: string | undefined;
  /** `probes`: the way to the own place is looked at once more first. */
  view(self: PeersView['self'], probes: boolean): Promise<PeersView>;
  readonly facts: FleetFacts;
  readonly askPeers: AskPeers;
  /** Passes on to the others what a client published here: best effort. */
  publish(publication: Publication): void;
  /** Says farewell to the others; operators are served on. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

const LOG_BYTES = 1 << 20;
const NONE_REFUSED: Replicas['refused'] = { ahead: 0, full: 0, large: 0, late: 0 };
/** Of one peer: what a daemon with a few caches has, whatever the room. */
const LEAST_METRICS_BYTES = 64 << 10;
const TIMES_HELD = 8;

/** Throws SidecacheError 'cannot_listen', ConfigError; nothing is open then. */
export async function runFleet(input: FleetInput): Promise<RunningFleet> {
  const { config, self, headroom, log } = input;
  const access = new Access({ ...config, operators: operatorsOf(input), clock: systemClock });
  const prefix = prefixOf(config.peers);
  const defect = (error: unknown): void => log.error('a defect was survived', describeDefect(error));
  let core: PeerCore | undefined;
  const peers = createPeerServer({
    tokens: config.peers ? config.tokens : [],
    self,
    receive: (kind, from, body) => core?.fleet.receive(kind, from, body) ?? { error: 'not in this fleet' },
    prefix,
    clock: systemClock,
    charge: (bytes) => headroom.charge(bytes),
    release: (bytes) => headroom.release(bytes),
    onDefect: defect,
  });
  const listener = await FleetListener.open({
    ...config.listen,
    tls: config.tls,
    prefix,
    connections: input.connections,
    headroom,
    clock: systemClock,
    access,
    peers: (request, response) => peers.handle(request, response),
    handle: input.handle,
    warn: (message) => log.warn(message),
  });
  const { host, port } = listener.address;
  core = config.peers && buildCore(config.peers, port, input, defect);
  return running(`${host.includes(':') ? `[${host}]` : host}:${port}`, core, listener, peers, access);
}

interface PeerCore {
  readonly fleet: Fleet;
  readonly replicas: Replicas | undefined;
  readonly transfers: Transfers | undefined;
  readonly link: PeerLink;
  readonly transport: PeerTransport;
}

function buildCore(
  by: PeersConfig,
  port: number,
  { config, self, modes, changes, replication, headroom, metrics, published, ownIp, log }: FleetInput,
  onDefect: (error: unknown) => void,
): PeerCore {
  const clock = systemClock;
  const transport = createTransport(by, { ownIndex: self.index, ownIp, clock });
  const { tokens, caFile, appName, syncMs } = config;
  // All of them are held at once, as text and as what they are put together to.
  const maxMetricsBytes = (): number =>
    Math.max(LEAST_METRICS_BYTES, headroom.limitBytes / (TIMES_HELD * (fleet.count ?? 1)));
  const link = createLink({
    ...{ tokens, self, transport, clock, caFile, appName, port, onDefect },
    maxMetricsBytes,
  });
  const room = {
    charge: (bytes: number) => headroom.charge(bytes),
    release: (bytes: number) => headroom.release(bytes),
  };
  const replicas = replication?.replicas;
  const transfers = replication?.transfers({
    ...{ clock, syncMs, log, self: self.incarnation, ...room },
    mostBytes: headroom.limitBytes / 8,
    members: () => fleet.members.all,
    ask: (member, asked, timeoutMs) => fleet.askEntries(member, asked, timeoutMs),
    vector: () => fleet.vector,
  });
  const fleet: Fleet = new Fleet({
    self,
    syncMs,
    modes: Object.fromEntries(modes),
    clock,
    random: Math.random,
    link,
    transport,
    probeOwn: () => link.probeOwn(),
    logging: {
      maxBytes: Math.min(LOG_BYTES, headroom.limitBytes / 8),
      ...room,
    },
    ...(replicas && transfers && copying(replicas, transfers, () => fleet)),
    hybrid: changes.hybrid,
    apply: (event, from) => {
      fleet.hybrid.hear(event.at);
      return changes.receive(event, from);
    },
    drop: (caches, why, origin) => {
      const isDropped = (name: string): boolean => modes.get(name) === 'invalidation';
      const names = caches === 'all' ? [...modes.keys()] : caches;
      if (names.some(isDropped)) log.warn('caches were dropped', { caches, why });
      else log.info('replicated caches are compared with a peer', { caches, why });
      changes.dropMissed(caches);
      transfers?.missed(caches, origin);
    },
    joined: () => {
      changes.joined();
      void transfers?.join();
    },
    differs: (cache, differs) => {
      // What is in a replicated cache is nowhere else.
      const isCopied = modes.get(cache) === 'replicated';
      const then = isCopied ? 'nothing is copied to that one' : 'it passes through';
      const message = `another instance has this cache in another mode: ${then}`;
      log.warn(differs ? message : 'modes agree again', { cache });
      if (!isCopied) changes.passThrough('differs', differs, cache);
    },
    metrics,
    published,
    log,
  });
  changes.joinFleet(fleet);
  return { fleet, replicas, transfers, link, transport };
}

function copying(replicas: Replicas, transfers: Transfers, fleet: () => Fleet) {
  return {
    copies: (copied: readonly Copied[], maxLength: number) => replicas.copies(copied, maxLength),
    copied: (entries: unknown, from: string) => replicas.arrived(entries, from),
    // Who wants all is told first under which events that was read.
    entries: (asked: Readonly<Record<string, unknown>>) => ({
      ...replicas.answer(asked),
      ...(asked.after === 0 && { vector: fleet().vector }),
    }),
    met: (member: Member) => transfers.met(member),
    removed: (member: Member, saidFarewell: boolean) => transfers.gone(member, saidFarewell),
  };
}

function running(
  address: string,
  core: PeerCore | undefined,
  listener: FleetListener,
  peers: PeerServer,
  access: Access,
): RunningFleet {
  return {
    address,
    start: () => void core?.fleet.start(),
    get notJoined() {
      return core && !core.fleet.isJoined ? 'joining the fleet' : undefined;
    },
    view: async (self, probes) => {
      if (probes) await core?.fleet.probe();
      return viewOf(core, self);
    },
    facts: {
      peers: () => core?.fleet.members.all.map((member) => factOf(core, member)) ?? [],
      members: () => core?.fleet.count ?? 1,
      peerRequests: () => core?.link.requests ?? [],
      refusedMessages: () => peers.refused.entries(),
      operatorFailures: () => access.failures,
      refusedValues: () => Object.entries(core?.replicas?.refused ?? NONE_REFUSED),
    },
    askPeers: async (timeoutMs) => {
      const gathered = (await core?.fleet.gather(timeoutMs)) ?? [];
      return gathered.map(({ identity: { index, instanceId }, text }) => ({ index, instanceId, text }));
    },
    publish: (publication) => core?.fleet.publish(publication),
    leave: async () => {
      await core?.fleet.close();
      core?.transfers?.close();
      core?.link.close();
    },
    close: () => listener.close(),
  };
}

type Member = Fleet['members']['all'][number];

function factOf({ fleet }: PeerCore, member: Member) {
  const { index, instanceId } = member.identity;
  const { status } = statusOf(member, systemClock.now());
  return { index, instanceId, up: status === 'up', lagMs: fleet.lagMs(member) };
}

function viewOf(core: PeerCore | undefined, self: PeersView['self']): PeersView {
  if (!core) return aloneView(self);
  const { fleet, transport } = core;
  const nowMs = systemClock.now();
  const peers = fleet.members.all.map((member) => {
    const { index, instanceId, incarnation, version } = member.identity;
    const { status, why } = statusOf(member, nowMs);
    return {
      ...{ index, instance_id: instanceId, incarnation, version, status },
      last_heard_ms: Math.round(nowMs - member.heardAtMs),
      lag_ms: Math.round(fleet.lagMs(member)),
      unconfirmed: fleet.unconfirmed(member),
      place: member.place ?? null,
      why: why || null,
    };
  });
  const routing = transport.problem === undefined ? [] : [{ problem: transport.problem, mend: null }];
  return {
    self,
    transport: transport.kind,
    members: fleet.count ?? '?',
    peers,
    problems: [...fleet.problems, ...routing],
  };
}

/** The path of the route that leads here: requests come with it. */
function prefixOf(peers: PeersConfig | undefined): string {
  if (!peers || peers.by === 'dns') return '';
  const url = peers.by === 'list' ? peers.urls[0] : peers.url.replaceAll('{index}', '0');
  return url === undefined ? '' : new URL(url).pathname.replace(/\/+$/, '');
}

/** Makes the password of who has none, and shows it once, to a terminal, and never to a log. */
function operatorsOf({ config, show }: FleetInput): Operator[] {
  return config.operators.map((operator: OperatorConfig): Operator => {
    if ('token' in operator) return operator;
    const { user, password } = operator;
    if (password !== undefined) return { user, password };
    if (!show) {
      const message = `fleet.operators: ${user} has no password, and there is no terminal to show a made one on; set one`;
      throw new SidecacheError('cannot_listen', message);
    }
    const made = randomBytes(18).toString('base64url');
    show(`The password of ${user} for this run: ${made}`);
    return { user, password: made };
  });
}
