// Builds RESP from the configuration: the keyspace over the caches, the commands, and what their clients share.

import type { CacheChange } from './cache/cache.ts';
import type { Caches } from './cache/caches.ts';
import type { Changes } from './changes/changes.ts';
import type { Config } from './config/config.ts';
import { unpredictableBytes } from './entropy.ts';
import { describeDefect, type Log } from './log.ts';
import type { Connections } from './serve/connections.ts';
import type { Garbage } from './serve/garbage.ts';
import type { Headroom } from './serve/headroom.ts';
import type { RespTaker } from './serve/listeners.ts';
import { acceptResp } from './serve/resp/accept.ts';
import { allCommands } from './serve/resp/commands/table.ts';
import { Dispatch } from './serve/resp/dispatch.ts';
import { Express } from './serve/resp/express.ts';
import { Keyspace } from './serve/resp/keyspace.ts';
import { socketPeer, tcpPeer } from './serve/resp/peer.ts';
import { PubSub } from './serve/resp/pubsub.ts';
import { RespServer } from './serve/resp/resp-server.ts';
import { ServerFacts, type TrackedTotals } from './serve/resp/server-facts.ts';
import { SlowLog } from './serve/resp/slow-log.ts';
import { Tracking } from './serve/resp/tracking.ts';
import { CacheNames } from './serve/resp/tracking-names.ts';
import { Watches } from './serve/resp/watches.ts';
import type { RoomQueue } from './serve/room-queue.ts';
import { systemClock } from './system-clock.ts';
import { VERSION } from './version.ts';

export interface RespInput {
  readonly config: Config;
  readonly caches: Caches;
  readonly changes: Changes;
  readonly headroom: Headroom;
  readonly garbage: Garbage;
  readonly uploads: RoomQueue;
  readonly connections: Connections;
  readonly log: Log;
  readonly startedAtMs: number;
  /** Where loopback RESP really listens. */
  readonly address: () => string | undefined;
}

export interface RunningResp extends RespTaker {
  readonly pubsub: PubSub;
  /** To be told of each change of a cache, right after it. */
  changed(cache: string, change: CacheChange): void;
  /** Whether it would do anything about a fill. */
  isHeeding(): boolean;
}

/** What the table of tracked keys may take. */
const MOST_TRACKING_BYTES = 8 << 20;
const TRACKING_SHARE = 1 / 16;

export function runResp(input: RespInput): RunningResp {
  const { config, caches, changes, headroom, garbage, uploads, connections, log } = input;
  const clock = systemClock;
  const server = factsOf(input, () => tracking.totals);
  const room = {
    charge: (bytes: number) => headroom.charge(bytes),
    release: (bytes: number) => headroom.release(bytes),
  };
  const pubsub = new PubSub(room);
  const tracking = new Tracking({
    ...room,
    names: new CacheNames(caches, clock),
    clock,
    random: Math.random,
    maxBytes: Math.min(MOST_TRACKING_BYTES, config.memoryBytes * TRACKING_SHARE),
    client: (id) => server.clients.get(id),
    soon: (run) => queueMicrotask(run),
  });
  server.settings.push(tracking.setting);
  const facts = new Map(config.caches.map(({ name, mode, writes }) => [name, { mode, writes }]));
  const keyspace = new Keyspace({
    ...{ caches, changes, clock, facts },
    gotEnd: (cache, key) => tracking.changed(cache, { soft: false, key }),
  });
  const watches = new Watches();
  const defect = (error: unknown): void => log.error('a defect was survived', describeDefect(error));
  const dispatch: Dispatch = new Dispatch({
    commands: allCommands({
      pubsub,
      tracking,
      watches,
      execute: (...call) => dispatch.execute(...call),
      random: Math.random,
    }),
    tracking,
    defect,
  });
  const atEndOfTurn = (run: () => void): void => void setImmediate(run);
  const turn = (): Promise<void> => new Promise(atEndOfTurn);
  const shared = new RespServer({
    express: new Express(keyspace, server),
    ...{ dispatch, keyspace, server, changes, clock, headroom, garbage, uploads },
    turn,
    atEndOfTurn,
    defect,
  });
  caches.watchEntries(tracking, (cache, key) => tracking.gone(cache, key));
  const own = socketPeer(config.socket);
  return {
    pubsub,
    changed: (cache, change) => {
      keyspace.changed(cache, change);
      tracking.changed(cache, change);
      watches.changed(caches.get(cache)!, change);
    },
    isHeeding: () => tracking.active || watches.size > 0,
    listen: config.resp.listen,
    takeSocket: (socket, first) => acceptResp(shared, connections, socket, first, own),
    takeTcp: (socket) =>
      acceptResp(
        shared,
        connections,
        socket,
        Buffer.alloc(0),
        tcpPeer(socket, config.resp.password === undefined),
      ),
  };
}

function factsOf(
  { config, caches, headroom, connections, startedAtMs, address }: RespInput,
  tracked: () => TrackedTotals,
): ServerFacts {
  const { resp, memoryBytes, maxValueBytes, maxConnections, socket } = config;
  return new ServerFacts({
    identity: {
      server: resp.server,
      version: resp.version,
      runId: unpredictableBytes(20).toString('hex'),
    },
    clock: systemClock,
    startedAtMs,
    password: resp.password,
    flushall: resp.flushall,
    memoryBytes,
    maxValueBytes,
    mostClients: maxConnections,
    port: () => Number(/:(\d+)$/.exec(address() ?? '')?.[1] ?? 0),
    socket,
    mode: 'standalone',
    ownVersion: VERSION,
    usedBytes: () => caches.store.budget.usedBytes,
    tracked,
    rejected: () => connections.rejected,
    slowLog: new SlowLog(headroom, systemClock),
  });
}
