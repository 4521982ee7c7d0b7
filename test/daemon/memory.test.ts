// Promise 5 under attack: RSS stays within idle + 24 MB + 1.15 x memory, and others are served meanwhile.

import { Agent } from 'node:http';
import type { Socket } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Daemon, pause, until } from './daemon.ts';

const MIB = 1 << 20;
const MAY_GROW_BYTES = 24e6;
const SAMPLE_EVERY_MS = 20;

const test = suite('memory under attack');

/** Statuses, and errors by code, as clients saw them. */
type Outcomes = Map<string, number>;

class Attack {
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

function attacked(claim: string, memories: readonly string[], run: (attack: Attack) => Promise<void>): void {
  for (const memory of memories) test(`${claim} (${memory})`, () => underAttack(claim, memory, run));
}

async function underAttack(
  claim: string,
  memory: string,
  run: (attack: Attack) => Promise<void>,
): Promise<void> {
  const daemon = await Daemon.start({ config: { memory } });
  const memoryBytes = Number.parseInt(memory, 10) * MIB;
  const attack = new Attack(daemon, memoryBytes);
  try {
    await daemon.put('/caches/default/warm', 'up');
    await daemon.request('/caches/default/warm');
    const idleBytes = daemon.rssBytes;
    const others = new Others(daemon);
    const { served, refused, peakBytes } = await run(attack).then(
      () => others.end(),
      async (error) => {
        await others.end();
        throw error;
      },
    );
    attack.end();
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

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

/** Another client, who asks on a connection of its own all the while, and a look at the memory. */
class Others {
  readonly #daemon: Daemon;
  readonly #asking: Promise<void>;
  readonly #sampling: NodeJS.Timeout;
  #peakBytes = 0;
  #served = 0;
  #refused = 0;
  #over = false;

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
    this.#sampling = setInterval(() => this.#sample(), SAMPLE_EVERY_MS);
    this.#asking = this.#ask();
  }

  async end(): Promise<{ served: number; refused: number; peakBytes: number }> {
    this.#over = true;
    await this.#asking;
    clearInterval(this.#sampling);
    this.#sample();
    return { served: this.#served, refused: this.#refused, peakBytes: this.#peakBytes };
  }

  #sample(): void {
    this.#peakBytes = Math.max(this.#peakBytes, this.#daemon.rssBytes);
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

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

attacked('100 uploads of 4 MiB at once are each stored or refused', ['64M', '32M', '8M'], async (attack) => {
  const body = Buffer.alloc(4 * MIB, 'x');
  await Promise.all(times(100, (i) => attack.request(`/caches/default/${i}`, { method: 'PUT', body })));
  const answered = attack.counted('201', '413', '503');
  // A client that only writes may find the connection closed before it looks for the answer.
  assert.is(answered + attack.counted('EPIPE', 'ECONNRESET'), 100, JSON.stringify([...attack.outcomes]));
  assert.ok(answered >= 90, JSON.stringify([...attack.outcomes]));
});

attacked('100 uploads without an announced length are, too', ['64M', '8M'], async (attack) => {
  const body = Buffer.alloc(4 * MIB, 'x');
  const headers = { 'transfer-encoding': 'chunked' };
  await Promise.all(
    times(100, (i) => attack.request(`/caches/default/${i}`, { method: 'PUT', body, headers })),
  );
  assert.ok(attack.counted('201', '413', '503') >= 90, JSON.stringify([...attack.outcomes]));
});

attacked('100 clients that never read the long value they asked for', ['64M', '8M'], async (attack) => {
  const { daemon, memoryBytes } = attack;
  await daemon.put('/caches/default/long', Buffer.alloc(Math.min(4 * MIB, memoryBytes / 8), 'x'));
  for (const socket of times(100, () => attack.connect({ reads: false })))
    socket.write('GET /caches/default/long HTTP/1.1\r\n\r\n');
  await pause(1500);
});

attacked('100 clients that read a long value at once all get it whole', ['64M', '32M'], async (attack) => {
  const { daemon, memoryBytes } = attack;
  const length = memoryBytes / 16;
  await daemon.put('/caches/default/long', Buffer.alloc(length, 'x'));
  await Promise.all(
    times(100, async () => {
      assert.is((await daemon.request('/caches/default/long')).body.length, length);
    }),
  );
});

attacked('50 clients that send 10,000 reads each and never read an answer', ['64M', '8M'], async (attack) => {
  await attack.daemon.put('/caches/default/short', Buffer.alloc(16_384, 'x'));
  for (const socket of times(50, () => attack.connect({ reads: false })))
    socket.write('GET /caches/default/short HTTP/1.1\r\n\r\n'.repeat(10_000));
  await pause(2000);
});

attacked('1,000 uploads that wait for room are left unread', ['64M'], async (attack) => {
  const part = Buffer.alloc(200_000, 'x');
  for (const [i, socket] of times(1000, () => attack.connect({ reads: true })).entries()) {
    socket.write(`PUT /caches/default/${i} HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n`);
    socket.write(part);
  }
  await pause(2000);
});

attacked('500 connections with 256 KiB of headers each, sent slowly', ['64M', '8M'], async (attack) => {
  const sockets = times(500, () => attack.connect({ reads: true }));
  for (const socket of sockets) socket.write('GET /caches/default/warm HTTP/1.1\r\n');
  const header = `x: ${'h'.repeat(8000)}\r\n`;
  for (let sent = 0; sent < 256 << 10; sent += header.length) {
    for (const socket of sockets) if (!socket.destroyed) socket.write(header);
    await pause(50);
  }
});

attacked('2,000 idle connections', ['64M', '32M'], async (attack) => {
  times(2000, () => attack.connect({ reads: true }));
  await pause(1500);
  assert.is((await attack.daemon.request('/caches/default/warm')).text, 'up');
});

attacked('600 idle connections where memory is for fewer: the newcomer is let in', ['8M'], async (attack) => {
  times(600, () => attack.connect({ reads: true }));
  // Who came in vain was told and closed.
  await until(() => attack.counted('503') > 0);
  // Until then a request may be refused before it is read, or find its connection cut.
  await until(() =>
    attack.daemon.request('/healthz').then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
});

attacked('forms of 1 MiB made of nothing but parameters', ['32M'], async (attack) => {
  const body = 'default=1&'.repeat(100_000);
  await Promise.all(times(20, () => attack.request('/cache/invalidate', { method: 'POST', body })));
  assert.is(attack.counted('400', '503'), 20, JSON.stringify([...attack.outcomes]));
});

attacked('listeners of events that read none of them', ['32M'], async (attack) => {
  for (const socket of times(300, () => attack.connect({ reads: false })))
    socket.write('GET /events HTTP/1.1\r\n\r\n');
  const body = `default=1&${times(900, (i) => `key=${i}${'k'.repeat(20)}`).join('&')}`;
  for (let i = 0; i < 60; i++) await attack.request('/cache/invalidate', { method: 'POST', body });
});

attacked('listings of many long keys that nobody reads', ['32M'], async (attack) => {
  for (let i = 0; i < 100; i++) await attack.daemon.put(`/caches/default/${i}${'%00'.repeat(5000)}`, '');
  for (const socket of times(200, () => attack.connect({ reads: false })))
    socket.write('GET /caches/default?limit=10000 HTTP/1.1\r\n\r\n'.repeat(10));
  await pause(1500);
});

attacked('keys of 64 KiB, many', ['32M'], async (attack) => {
  for (let round = 0; round < 10; round++) {
    await Promise.all(
      times(16, (i) => {
        const key = `${'%00'.repeat(65_000)}${round}-${i}`;
        return attack.request(`/caches/default/${key}`, { method: 'PUT', body: 'v' });
      }),
    );
  }
  assert.is(attack.counted('201'), 160, JSON.stringify([...attack.outcomes]));
});

attacked('15,000 short values written over 50 connections', ['32M', '8M'], async (attack) => {
  const body = Buffer.alloc(1000, 'x');
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  let written = 0;
  await Promise.all(
    times(50, async () => {
      while (written < 15_000)
        await attack.request(`/caches/default/${written++}`, { method: 'PUT', body, agent });
    }),
  );
  agent.destroy();
  assert.ok(attack.counted('201') >= 15_000, JSON.stringify([...attack.outcomes]));
});

test.run();
