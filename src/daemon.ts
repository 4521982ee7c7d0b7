// The composition root: builds every part from the configuration, wires them, starts and ends them.

import { buildCaches } from './build-caches.ts';
import type { Caches } from './cache/caches.ts';
import { Changes } from './changes/changes.ts';
import type { Config, FleetConfig } from './config/config.ts';
import type { LoadedConfig } from './config/load.ts';
import { type ReadInput, readConfig, readDegraded } from './config/read.ts';
import { unpredictableBytes } from './entropy.ts';
import { ConfigError, SidecacheError } from './errors.ts';
import { describeDefect, Log } from './log.ts';
import { mergeExpositions } from './metrics/merge.ts';
import { type Exposition, Metrics } from './metrics/metrics.ts';
import type { Replication } from './replication/replication.ts';
import type { FleetInput, RunningFleet } from './run-fleet.ts';
import type { Landscape } from './run-landscape.ts';
import { type RunningResp, runResp } from './run-resp.ts';
import { Connections, type RequestHandler } from './serve/connections.ts';
import { EventFeed } from './serve/event-feed.ts';
import { Garbage } from './serve/garbage.ts';
import { Headroom } from './serve/headroom.ts';
import type { Context, Instance } from './serve/http/context.ts';
import { degraded } from './serve/http/degraded.ts';
import { type AskPeers, gather, SharedScrape } from './serve/http/fleet-metrics.ts';
import { aloneView, type PeersView } from './serve/http/peers.ts';
import { handle as answer } from './serve/http/routes.ts';
import { Listeners, type RespTaker } from './serve/listeners.ts';
import { tuneOptimizer } from './serve/optimizing.ts';
import { refuseResp } from './serve/resp/accept.ts';
import { RoomQueue } from './serve/room-queue.ts';
import { Budget } from './store/budget.ts';
import { systemClock } from './system-clock.ts';
import { encodePercent } from './units/percent.ts';
import { VERSION } from './version.ts';

export interface DaemonInput {
  flags: Record<string, unknown>;
  env: Readonly<Record<string, string | undefined>>;
  /** Takes one line of the log, its line end included. */
  log: (line: string) => void;
  /** Where there is a terminal: shows a line that must not stand in the log. */
  show?: ((line: string) => void) | undefined;
}

export interface Daemon {
  /** Drains, closes, and removes the socket. */
  close(): Promise<void>;
  readonly closed: Promise<void>;
}

/** Throws ConfigError where the configuration is bad and the process is to end for it, SidecacheError 'cannot_listen'. */
export async function startDaemon(input: DaemonInput): Promise<Daemon> {
  const source = { argvFlags: input.flags, env: input.env };
  try {
    return await startWith(await readConfig(source), input);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await startDegraded(error, source, input.log);
  }
}

async function startWith({ config, warnings }: LoadedConfig, input: DaemonInput): Promise<Daemon> {
  const startedAtMs = systemClock.now();
  const log = new Log(input.log, config.log.level);
  for (const warning of warnings) log.warn(warning);
  const instance = describeInstance(config);
  tuneOptimizer(config.memoryBytes);
  const garbage = new Garbage();
  const landscape = await startLandscape(config, log, garbage);
  let resp: RunningResp | undefined;
  const caches = buildCaches(config, log, landscape?.presets, {
    changed: (cache, change) => resp?.changed(cache, change),
    isHeeding: () => resp?.isHeeding() ?? false,
  });
  const discovery = landscape?.attach(caches);
  const feed = new EventFeed(encodePercent);
  const headroom = new Headroom(caches.store.budget);
  const modes = new Map(config.caches.map(({ name, mode }) => [name, mode]));
  const changes = new Changes({
    caches,
    clock: systemClock,
    self: instance,
    modes,
    appCaches: new Set(config.caches.filter(({ notify }) => notify).map(({ name }) => name)),
    publish: (kind, selection, entries) => feed.publish(kind, selection, entries),
  });
  const replication = await startReplication(config, caches, changes, instance.incarnation, headroom, log);
  const replicas = replication?.replicas;
  const apps = await startApps(config, changes, headroom, log);
  let fleet: RunningFleet | undefined;
  /** Why there is none although one is configured. */
  let missing: string | undefined;
  const metrics = new Metrics({
    caches,
    labels: config.metrics.labels,
    version: VERSION,
    index: instance.index,
    startedAtMs,
    fleet: () => fleet?.facts,
    landscape: landscape &&
      discovery && {
        apis: landscape.apis,
        instances: () => discovery.instances,
        answers: () => discovery.counts,
      },
    notified: apps && (() => Object.entries(apps.counts)),
  });
  const shared = new SharedScrape<Exposition>();
  let draining = false;
  const uploads = new RoomQueue(systemClock);
  const context: Context = {
    caches,
    changes,
    clock: systemClock,
    instance,
    feed,
    uploads,
    headroom,
    garbage,
    facts: new Map(config.caches.map(({ name, mode, writes }) => [name, { mode, writes }])),
    invalidateByGet: config.invalidate.get,
    startedAtMs,
    notReady: () => {
      const lacking = replicas?.incomplete ?? [];
      if (!draining && fleet && !fleet.notJoined && lacking.length > 0)
        return `copying ${lacking.join(', ')}`;
      return draining ? 'the daemon is stopping' : fleet?.notJoined;
    },
    metrics: (accept) => metrics.expose(accept),
    fleetMetrics: (timeoutMs) =>
      shared.get(async () => {
        const { text, contentType } = await metrics.expose(undefined);
        const own = { index: instance.index, instanceId: instance.instanceId, text };
        const ask: AskPeers = async (ms) => (await fleet?.askPeers(ms)) ?? [];
        return { contentType, text: await gather(own, ask, mergeExpositions, timeoutMs) };
      }),
    discover: discovery && ((parameters, isWanted) => discovery.answer(parameters, isWanted)),
    peers: async (self, probes) => (await fleet?.view(self, probes)) ?? viewWithout(missing, self),
    defect: (error) => log.error('a defect was survived', describeDefect(error)),
  };
  const handle: RequestHandler = (request, response) => answer(context, request, response);
  const connections = new Connections({ headroom, garbage, clock: systemClock, most: config.maxConnections });
  resp = runResp({
    ...{ config, caches, changes, headroom, garbage, uploads, connections, log, startedAtMs },
    address: () => listeners.respAddress,
  });
  const listeners: Listeners = listenersOf(config, connections, log, handle, resp);
  // Until it is known what the others have changed, nothing is kept that they have a part in.
  if (config.fleet?.peers) {
    changes.expectPeers();
    changes.passThrough('joining', true);
  }
  await listeners.open();
  const opened = await openFleet(config, log, () => listeners.close(), {
    self: { ...instance, process: processOf(config.fleet) },
    modes,
    changes,
    replication,
    headroom,
    connections,
    handle,
    metrics: async () => (await metrics.expose(undefined)).text,
    published: ({ channel, payload }) => resp?.pubsub.publish(channel, payload),
    ownIp: input.env.CF_INSTANCE_INTERNAL_IP,
    log,
    show: input.show,
  });
  if (typeof opened === 'string') {
    missing = opened;
    for (const name of replicas?.incomplete ?? []) replicas?.complete(name);
  } else fleet = opened;
  if (fleet) {
    resp.pubsub.tellOthers = (channel, payload) => {
      // What was written before is announced before.
      changes.flush();
      fleet?.publish({ channel, payload });
    };
  }
  garbage.begin();
  log.info('ready', {
    version: VERSION,
    pid: process.pid,
    socket: config.socket,
    http: listeners.httpAddress,
    resp: listeners.respAddress,
    fleet: fleet?.address,
    index: instance.index,
    caches: caches.names,
    memory_bytes: config.memoryBytes,
    ready_ms: Math.round(performance.now()),
  });
  fleet?.start();
  return closable(async () => {
    draining = true;
    log.info('draining', { at_most_ms: config.drainMs });
    await listeners.drain(config.drainMs);
    changes.flush();
    // Who has said farewell is told of nothing, so it serves nothing that the others may be forgetting.
    if (config.fleet?.peers) changes.passThrough('leaving', true);
    // Peers are served until they have heard the farewell.
    await Promise.all([listeners.close(), fleet?.leave()]);
    await fleet?.close();
    apps?.close();
    caches.close();
    landscape?.close();
    log.info('stopped');
  });
}

/** Promise 6: where an exit would end the app, the socket answers 503 with the reason instead. */
async function startDegraded(
  error: ConfigError,
  source: ReadInput,
  write: (line: string) => void,
): Promise<Daemon> {
  const config = await readDegraded(source);
  if (config.onBadConfig === 'exit') throw error;
  const log = new Log(write, config.log.level);
  for (const problem of error.problems) log.error('bad configuration', { problem });
  const memory = { headroom: new Headroom(new Budget(config.memoryBytes)), garbage: new Garbage() };
  const connections = new Connections({ ...memory, clock: systemClock, most: config.maxConnections });
  const listeners = listenersOf(config, connections, log, degraded(error), {
    listen: config.resp.listen,
    takeSocket: (socket) => refuseResp(socket, error),
    takeTcp: (socket) => refuseResp(socket, error),
  });
  await listeners.open();
  log.error('degraded: every request but /healthz is answered with 503', { socket: config.socket });
  return closable(() => listeners.close());
}

function listenersOf(
  config: Config,
  connections: Connections,
  log: Log,
  handle: RequestHandler,
  resp: RespTaker,
): Listeners {
  const { socket, socketMode, http } = config;
  return new Listeners({
    socket,
    socketMode,
    http,
    connections,
    clock: systemClock,
    handle,
    resp,
    // Where an exit would end the app, a port that is taken does not cost it its cache.
    withoutHttp:
      config.onBadConfig === 'degrade'
        ? ({ message }) => log.error('serving the socket alone', { reason: message })
        : undefined,
    socketInUse: (atMostMs) =>
      log.warn('the socket is in use; waiting for it', { socket, at_most_ms: atMostMs }),
  });
}

/** A list of a landscape may come to half of the memory, and to so much where that is little. */
const LEAST_LIST_BYTES = 8 * 1024 * 1024;

/** What loads the preset's caches; undefined without the preset. */
async function startLandscape(config: Config, log: Log, garbage: Garbage): Promise<Landscape | undefined> {
  if (!config.landscape) return undefined;
  const { openLandscape } = await import('./run-landscape.ts');
  const passed = (bytes: number): void => garbage.passed(bytes);
  const maxListBytes = Math.max(LEAST_LIST_BYTES, config.memoryBytes / 2);
  const deps = { clock: systemClock, random: Math.random, log, passed, maxListBytes };
  return openLandscape(config.landscape, deps);
}

/** The apps that are told of changes; undefined where none is. */
async function startApps(config: Config, changes: Changes, headroom: Headroom, log: Log) {
  const targets = new Map(config.caches.map(({ name, notify }) => [name, notify]));
  if (![...targets.values()].some((target) => target)) return undefined;
  const { Notifiers } = await import('./notify/notifiers.ts');
  const apps = new Notifiers(targets, {
    clock: systemClock,
    random: Math.random,
    log,
    resyncId: changes.resyncId,
    charge: (bytes) => headroom.charge(bytes),
    release: (bytes) => headroom.release(bytes),
  });
  changes.tellApps(apps);
  return apps;
}

/** Of deletes in replicated caches so much is remembered. */
const MOST_TOMBSTONE_BYTES = 4 << 20;

/** Values of replicated caches are copied where there are peers. */
async function startReplication(
  config: Config,
  caches: Caches,
  changes: Changes,
  incarnation: string,
  headroom: Headroom,
  log: Log,
): Promise<Replication | undefined> {
  const names = config.caches.filter(({ mode }) => mode === 'replicated').map(({ name }) => name);
  if (!config.fleet?.peers || names.length === 0) return undefined;
  const { openReplication } = await import('./replication/replication.ts');
  const tombstones = {
    now: systemClock.now,
    maxBytes: Math.min(MOST_TOMBSTONE_BYTES, headroom.limitBytes / 8) / names.length,
    charge: (bytes: number) => headroom.charge(bytes),
    release: (bytes: number) => headroom.release(bytes),
  };
  const hybrid = changes.hybrid;
  const replication = openReplication({ caches, names, incarnation, hybrid, tombstones, log });
  changes.replicate(replication.replicas);
  return replication;
}

/** Undefined where none is configured; why it cannot be had, where an exit would end the app. */
async function openFleet(
  config: Config,
  log: Log,
  giveUp: () => Promise<void>,
  input: Omit<FleetInput, 'config'>,
): Promise<RunningFleet | string | undefined> {
  if (!config.fleet) return undefined;
  const { runFleet } = await import('./run-fleet.ts');
  try {
    return await runFleet({ ...input, config: config.fleet });
  } catch (error) {
    const cannotListen = error instanceof SidecacheError && error.code === 'cannot_listen';
    if (cannotListen && config.onBadConfig === 'degrade') {
      log.error('no fleet: coordinated caches pass through', { reason: error.message });
      return error.message;
    }
    await giveUp();
    throw error;
  }
}

function viewWithout(missing: string | undefined, self: PeersView['self']): PeersView {
  if (missing === undefined) return aloneView(self);
  const mend = 'fleet.listen must be an address that nothing else listens on; then start the daemon again';
  return { ...aloneView(self), members: '?', problems: [{ problem: missing, mend }] };
}

function processOf(fleet: FleetConfig | undefined): string {
  return fleet?.peers?.by === 'gorouter' ? fleet.peers.processGuid : '';
}

function describeInstance(config: Config): Instance {
  const incarnation = `${Date.now().toString(36)}${unpredictableBytes(6).toString('hex')}`;
  return { index: config.index, instanceId: config.instanceId ?? incarnation, incarnation, version: VERSION };
}

function closable(end: () => Promise<void>): Daemon {
  let closing: Promise<void> | undefined;
  let settle: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const close = (): Promise<void> => {
    closing ??= end().finally(settle);
    return closing;
  };
  return { close, closed };
}
