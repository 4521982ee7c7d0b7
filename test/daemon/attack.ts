// What an attack on the memory of the real daemon may do, and what is held then: RSS stays within promise 5, idle +
// 24 MB + 1.15 x memory, and others are served meanwhile.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import type * as uvu from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, pause } from './daemon.ts';

export const MIB = 1 << 20;
export const MAY_GROW_BYTES = 24e6;

/** Statuses, and errors by code, as clients saw them. */
type Outcomes = Map<string, number>;

export class Attack {
  readonly daemon: Daemon;
  readonly memoryBytes: number;
  readonly outcomes: Outcomes = new Map();
  readonly #sockets: Socket[] = [];

  constructor(daemon: Daemon, memoryBytes: number) {
    this.daemon = daemon;
    this.memoryBytes = memoryBytes;
  }

  /** A connection that is cut at the end; `reads` false: what it is sent piles up at the daemon. */
  connect({ reads }: { reads: boolean }): Socket {
    const socket = this.daemon.connect();
    let head = '';
    this.#sockets.push(socket);
    socket.on('close', () => this.#count(head.slice(9, 12) || 'closed'));
    if (!reads) return socket.pause();
    return socket.on('data', (chunk: Buffer) => {
      if (head.length < 12) head += chunk.toString('latin1', 0, 12);
    });
  }

  async request(...args: Parameters<Daemon['request']>): Promise<void> {
    const outcome = await this.daemon.request(...args).then(
      ({ status }) => String(status),
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
    this.#count(outcome);
  }

  /** How many ended so. */
  counted(...outcomes: string[]): number {
    return outcomes.reduce((sum, outcome) => sum + (this.outcomes.get(outcome) ?? 0), 0);
  }

  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

type Run = (attack: Attack) => Promise<void>;

/** Makes a test for each `memory` of what `run` does. */
export function attacksIn(test: uvu.Test) {
  return (claim: string, memories: readonly string[], run: Run): void => {
    for (const memory of memories) test(`${claim} (${memory})`, () => underAttack(claim, memory, run));
  };
}

async function underAttack(claim: string, memory: string, run: Run): Promise<void> {
  const daemon = await Daemon.start({ config: { memory } });
  const memoryBytes = Number.parseInt(memory, 10) * MIB;
  const attack = new Attack(daemon, memoryBytes);
  try {
    await daemon.put('/caches/default/warm', 'up');
    await daemon.request('/caches/default/warm');
    const idleBytes = daemon.rssBytes;
    const others = new Others(daemon);
    const { served, refused } = await run(attack).then(
      () => others.end(),
      async (error) => {
        await others.end();
        throw error;
      },
    );
    attack.end();
    const peakBytes = peakOf(daemon);
    const allowedBytes = idleBytes + MAY_GROW_BYTES + 1.15 * memoryBytes;
    console.log(
      `\n     ${claim} (${memory}): idle ${mb(idleBytes)}, peak ${mb(peakBytes)}, allowed ${mb(allowedBytes)} MB`,
    );
    assert.ok(peakBytes <= allowedBytes, `RSS was ${mb(peakBytes)} of ${mb(allowedBytes)} MB`);
    assert.ok(served > 0 && refused === 0, `others: ${served} served, ${refused} refused`);
    assert.is((await daemon.request('/healthz')).status, 200);
    assert.not(daemon.output.includes('defect'), daemon.output);
  } finally {
    attack.end();
    await daemon.stop('SIGKILL');
  }
}

/** The most it ever had, as the system has seen it. */
export function peakOf({ pid }: Daemon): number {
  return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

export function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Another client, who asks on a connection of its own all the while. */
class Others {
  readonly #daemon: Daemon;
  readonly #asking: Promise<void>;
  #served = 0;
  #refused = 0;
  #over = false;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#asking = this.#ask();
  }

  async end(): Promise<{ served: number; refused: number }> {
    this.#over = true;
    await this.#asking;
    return { served: this.#served, refused: this.#refused };
  }

  async #ask(): Promise<void> {
    const socket = this.#daemon.connect();
    while (!this.#over) {
      const status = await statusOn(socket, 'GET /healthz HTTP/1.1\r\n\r\n');
      if (status === 200) this.#served++;
      else this.#refused++;
      await pause(5);
    }
    socket.destroy();
  }
}

function statusOn(socket: Socket, request: string): Promise<number> {
  return new Promise((resolve) => {
    const closed = (): void => resolve(0);
    socket.once('close', closed);
    socket.once('data', (chunk: Buffer) => {
      socket.off('close', closed);
      resolve(Number(chunk.toString('latin1', 9, 12)));
    });
    socket.write(request);
  });
}

export function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}
