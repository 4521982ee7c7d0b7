// What the daemon says of itself to RESP clients, what it counts, and what it knows of all of them.

import type { Clock, Timer } from '../../cache/clock.ts';
import type { Client } from './client.ts';
import type { Command } from './command.ts';
import type { Setting } from './settings.ts';
import type { SlowLog } from './slow-log.ts';

export interface Identity {
  /** As HELLO and INFO say them. */
  readonly server: string;
  readonly version: string;
  /** 40 hexadecimal digits, new at every start. */
  readonly runId: string;
}

export interface TrackedTotals {
  readonly keys: number;
  /** Readers of each key, summed up. */
  readonly items: number;
  readonly prefixes: number;
}

export interface ServerFactsParts {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly startedAtMs: number;
  /** What AUTH takes over TCP; undefined: nobody needs it. */
  readonly password: string | undefined;
  /** Which caches FLUSHALL and FLUSHDB clear. */
  readonly flushall: 'default' | 'all';
  readonly memoryBytes: number;
  readonly maxValueBytes: number;
  readonly mostClients: number;
  /** Of the loopback listener; 0 where there is none. */
  readonly port: () => number;
  readonly socket: string;
  readonly mode: 'standalone';
  readonly ownVersion: string;
  /** Bytes of the budget that are used. */
  readonly usedBytes: () => number;
  /** Connections that were turned away. */
  readonly rejected: () => number;
  readonly slowLog: SlowLog;
  /** What clients track. */
  readonly tracked: () => TrackedTotals;
}

/** What comes around a value in the argument that holds it: nothing, but INCR and such make longer ones of short ones. */
const BEYOND_A_VALUE_BYTES = 65_536;

export class ServerFacts {
  readonly parts: ServerFactsParts;
  readonly slowLog: SlowLog;
  /** What CONFIG SET can change. */
  readonly settings: Setting[];
  /** By id, in the order in which they came. */
  readonly clients = new Map<number, Client>();
  connections = 0;
  commands = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  #lastId = 0;
  /** CLIENT PAUSE: until then commands, or those that write, are not run. */
  #pausedUntilMs = 0;
  #pausesOnlyWrites = false;
  #unpause: Timer | undefined;
  readonly #paused = new Set<() => void>();

  constructor(parts: ServerFactsParts) {
    this.parts = parts;
    this.slowLog = parts.slowLog;
    this.settings = [...parts.slowLog.settings];
  }

  nextId(): number {
    return ++this.#lastId;
  }

  /** The longest argument that is taken at all. */
  get maxBulkBytes(): number {
    return this.parts.maxValueBytes + BEYOND_A_VALUE_BYTES;
  }

  /** Clients whose commands wait for the end of a pause. */
  get pausedClients(): number {
    return this.#paused.size;
  }

  get isPaused(): boolean {
    return this.#pausedUntilMs !== 0;
  }

  /** Whether the command is to wait; `resume` is called once it need not. */
  waitsForPause(command: Command | undefined, resume: () => void): boolean {
    if (!command || command.name === 'client|unpause') return false;
    if (this.#pausesOnlyWrites && !mayWrite(command)) return false;
    this.#paused.add(resume);
    return true;
  }

  /** The later end and the stricter rule hold. */
  pause(forMs: number, onlyWrites: boolean): void {
    const { clock } = this.parts;
    const untilMs = clock.now() + forMs;
    this.#pausesOnlyWrites = this.isPaused ? this.#pausesOnlyWrites && onlyWrites : onlyWrites;
    if (untilMs <= this.#pausedUntilMs) return;
    this.#pausedUntilMs = untilMs;
    this.#unpause?.cancel();
    this.#unpause = clock.after(forMs, () => this.unpause());
  }

  unpause(): void {
    this.#unpause?.cancel();
    this.#unpause = undefined;
    this.#pausedUntilMs = 0;
    const waiting = [...this.#paused];
    this.#paused.clear();
    for (const resume of waiting) resume();
  }
}

function mayWrite({ flags, name }: Command): boolean {
  return flags.includes('write') || name === 'exec' || name === 'publish';
}
