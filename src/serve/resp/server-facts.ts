// What the daemon says of itself to RESP clients, and what it knows of all of them.

import type { Client } from './client.ts';

export interface Identity {
  /** As HELLO and INFO say them. */
  readonly server: string;
  readonly version: string;
  /** 40 hexadecimal digits, new at every start. */
  readonly runId: string;
}

export interface ServerFactsParts {
  readonly identity: Identity;
  readonly startedAtMs: number;
  /** What AUTH takes over TCP; undefined: nobody needs it. */
  readonly password: string | undefined;
  /** Which caches FLUSHALL and FLUSHDB clear. */
  readonly flushall: 'default' | 'all';
  readonly memoryBytes: number;
  readonly maxValueBytes: number;
  readonly mostClients: number;
  /** Bytes of the budget that are used. */
  readonly usedBytes: () => number;
}

export class ServerFacts {
  readonly parts: ServerFactsParts;
  /** By id, in the order in which they came. */
  readonly clients = new Map<number, Client>();
  /** CLIENT PAUSE: until then commands, or those that write, are not run. */
  pausedUntilMs = 0;
  pausesOnlyWrites = false;
  connections = 0;
  commands = 0;
  rejected = 0;
  netInputBytes = 0;
  netOutputBytes = 0;
  #lastId = 0;

  constructor(parts: ServerFactsParts) {
    this.parts = parts;
  }

  nextId(): number {
    return ++this.#lastId;
  }
}
