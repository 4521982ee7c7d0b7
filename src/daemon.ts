// The composition root: builds every part from the configuration, wires them, starts and ends them.

import { buildCaches } from './build-caches.ts';
import type { Config } from './config/config.ts';
import type { LoadedConfig } from './config/load.ts';
import { type ReadInput, readConfig, readDegraded } from './config/read.ts';
import { unpredictableBytes } from './entropy.ts';
import { ConfigError } from './errors.ts';
import { describeDefect, Log } from './log.ts';
import { Metrics } from './metrics/metrics.ts';
import { Connections, type RequestHandler } from './serve/connections.ts';
import { EventFeed } from './serve/event-feed.ts';
import { Garbage } from './serve/garbage.ts';
import { Headroom } from './serve/headroom.ts';
import type { Context, Instance } from './serve/http/context.ts';
import { degraded } from './serve/http/degraded.ts';
import { handle as answer } from './serve/http/routes.ts';
import { Listeners } from './serve/listeners.ts';
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
    return await startWith(await readConfig(source), input.log);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return await startDegraded(error, source, input.log);
  }
}

async function startWith({ config, warnings }: LoadedConfig, write: (line: string) => void): Promise<Daemon> {
  const startedAtMs = systemClock.now();
  const log = new Log(write, config.log.level);
  for (const warning of warnings) log.warn(warning);
  const instance = describeInstance(config);
  const caches = buildCaches(config, log);
  const metrics = new Metrics({
    caches,
    labels: config.metrics.labels,
    version: VERSION,
    index: instance.index,
    startedAtMs,
  });
  const feed = new EventFeed(encodePercent);
  caches.onApplied((kind, selection, entries) => feed.publish(kind, selection, entries));
  const headroom = new Headroom(caches.store.budget);
  const garbage = new Garbage();
  let draining = false;
  const context: Context = {
    caches,
    clock: systemClock,
    instance,
    feed,
    uploads: new RoomQueue(systemClock),
    headroom,
    garbage,
    facts: new Map(config.caches.map(({ name, mode, writes }) => [name, { mode, writes }])),
    invalidateByGet: config.invalidate.get,
    startedAtMs,
    notReady: () => (draining ? 'the daemon is stopping' : undefined),
    metrics: (accept) => metrics.expose(accept),
    defect: (error) => log.error('a defect was survived', describeDefect(error)),
  };
  const listeners = listenersOf(config, { headroom, garbage }, log, (request, response) =>
    answer(context, request, response),
  );
  await listeners.open();
  log.info('ready', {
    version: VERSION,
    pid: process.pid,
    socket: config.socket,
    http: listeners.httpAddress,
    index: instance.index,
    caches: caches.names,
    memory_bytes: config.memoryBytes,
    ready_ms: Math.round(performance.now()),
  });
  return closable(async () => {
    draining = true;
    log.info('draining', { at_most_ms: config.drainMs });
    await listeners.drain(config.drainMs);
    await listeners.close();
    caches.close();
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
  const listeners = listenersOf(config, memory, log, degraded(error));
  await listeners.open();
  log.error('degraded: every request but /healthz is answered with 503', { socket: config.socket });
  return closable(() => listeners.close());
}

function listenersOf(
  config: Config,
  memory: { headroom: Headroom; garbage: Garbage },
  log: Log,
  handle: RequestHandler,
): Listeners {
  const { socket, socketMode, http, maxConnections } = config;
  return new Listeners({
    socket,
    socketMode,
    http,
    connections: new Connections({ ...memory, clock: systemClock, most: maxConnections }),
    clock: systemClock,
    handle,
    // Where an exit would end the app, a port that is taken does not cost it its cache.
    withoutHttp:
      config.onBadConfig === 'degrade'
        ? ({ message }) => log.error('serving the socket alone', { reason: message })
        : undefined,
    socketInUse: (atMostMs) =>
      log.warn('the socket is in use; waiting for it', { socket, at_most_ms: atMostMs }),
  });
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
