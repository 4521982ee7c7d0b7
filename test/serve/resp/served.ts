// Connections to commands over real caches, with the short way for GET and SET or without it: what is said lies in memory
// that is another's afterwards, as what is read of a socket.

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Shelf } from '../../../src/cache/shelf.ts';
import { RespConnection } from '../../../src/serve/resp/connection.ts';
import { Express } from '../../../src/serve/resp/express.ts';
import { RespServer, type RespServerParts } from '../../../src/serve/resp/resp-server.ts';
import { RoomQueue } from '../../../src/serve/room-queue.ts';
import { CommandLab, type CommandLabOptions } from './command-lab.ts';
import { FakeSink } from './fake-sink.ts';

const PEER = { address: '/s:0', localAddress: '/s:0', isTrusted: true, takesInline: true };

const PING = Buffer.from('PING\r\n');

export interface Connected {
  /** Says what was replied by the end of the turn. */
  say(bytes: Buffer): string;
  /** Says it in a turn that goes on. */
  sayAmongOthers(bytes: Buffer): void;
  /** What was replied since it was asked last. */
  taken(): string;
  /** From now on, or no longer, replies wait until they are taken; says what was replied and waited. */
  takesSlowly(isSlow: boolean): string;
  push(text: string): void;
  /** It sends no more. */
  ends(): void;
  close(): void;
  readonly isOver: boolean;
  readonly isBusy: boolean;
}

export class Served {
  readonly lab: CommandLab;
  readonly #shared: RespServer;
  /** What is read into, for all connections. */
  readonly #memory = Buffer.alloc(32_768);
  expressed = 0;
  #atEndOfTurn: (() => void)[] = [];

  constructor(isExpress: boolean, options: CommandLabOptions = {}) {
    this.lab = new CommandLab({ memoryBytes: 2 << 20, heedsAll: !isExpress, ...options });
    const { changes, clock, dispatch, keyspace, server } = this.lab;
    const express = new Express(keyspace, server);
    const run: Express['run'] = (client, bytes, from, end, reply, nowMs) => {
      if (!isExpress) return from;
      const to = express.run(client, bytes, from, end, reply, nowMs);
      this.expressed += to - from;
      return to;
    };
    this.#shared = new RespServer({
      ...{
        changes,
        dispatch,
        keyspace,
        server,
        clock,
        express: {
          run,
          prepare: (bytes) => express.prepare(bytes),
          look: (from, end) => express.look(from, end),
          fetch: () => express.fetch(),
          forget: () => express.forget(),
        } satisfies RespServerParts['express'],
        uploads: new RoomQueue(clock),
      },
      headroom: { charge: () => true, release: () => {} },
      garbage: { passed: () => {} },
      atEndOfTurn: (run: () => void) => this.#atEndOfTurn.push(run),
      defect: (error: unknown) => this.lab.defects.push(error),
    } as unknown as RespServerParts);
  }

  connect(): Connected {
    const sink = new FakeSink();
    let isOver = false;
    const end = (): void => {
      isOver = true;
    };
    const socket = Object.assign(new EventEmitter(), {
      ...{ writable: true, destroyed: false, resume: () => {}, pause: () => {} },
      ...{ end, destroySoon: end, destroy: end },
      get writableLength() {
        return sink.writableLength;
      },
      write: sink.write.bind(sink),
    });
    const connection = new RespConnection(this.#shared, socket as unknown as Socket, PEER);
    const sayAmongOthers = (bytes: Buffer): void => {
      const memory = this.#memory.subarray(0, bytes.copy(this.#memory));
      connection.receivedShared(memory, false);
      memory.fill('*');
    };
    return {
      say: (bytes) => {
        sayAmongOthers(bytes);
        this.endTurn();
        return sink.takeText();
      },
      sayAmongOthers,
      taken: () => sink.takeText(),
      takesSlowly: (isSlow) => {
        sink.isSlow = isSlow;
        sink.takeAll();
        return sink.takeText();
      },
      push: (text) => connection.push((reply) => reply.simple(text)),
      ends: () => connection.ended(),
      close: () => connection.closed(),
      get isOver() {
        return isOver;
      },
      get isBusy() {
        return connection.isBusy;
      },
    };
  }

  /** From now on turns are known to be of many pieces: those that are read in one wait for its end. */
  beginWaiting(): void {
    const client = this.connect();
    for (let turn = 0; turn < 20; turn++) {
      for (let piece = 0; piece < 40; piece++) client.sayAmongOthers(PING);
      this.endTurn();
    }
    client.close();
  }

  endTurn(): void {
    const runs = this.#atEndOfTurn;
    this.#atEndOfTurn = [];
    for (const run of runs) run();
  }

  /** All that a client could tell of what is stored. */
  state(): string {
    return this.lab.caches.all
      .map(({ name, counters, shelf }) => {
        const { entries, bytes, payloadBytes, evictions } = shelf.stored;
        return JSON.stringify([name, entries, bytes, payloadBytes, evictions, counters, this.#ends(shelf)]);
      })
      .join('\n');
  }

  /** By key: when the entry goes, and when it is looked at next. */
  #ends({ store, stored }: Shelf): string[] {
    const nowMs = this.lab.clock.now();
    return store
      .mostRecent(stored, stored.entries, nowMs)
      .map((slot) =>
        [store.key(slot), store.lifetimes.diesAtMs(slot, nowMs), store.deadlines.atMs(slot)].join(),
      )
      .sort();
  }
}

export function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
