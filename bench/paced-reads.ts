// GETs at a fixed rate over some connections, and how long each took from when it was due: a server that pauses is not
// spared the reads that would have come meanwhile.

import { connect, type Socket } from 'node:net';

export interface Paced {
  readonly path: string;
  readonly connections: number;
  readonly readsPerSecond: number;
  readonly seconds: number;
  /** The request of the nth read. */
  readonly request: (n: number) => string;
  /** Bytes of every reply. */
  readonly replyBytes: number;
}

/** Latencies in ms by rising share of the reads. */
export interface Latencies {
  readonly reads: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

const TICK_MS = 1;

export async function pacedReads(paced: Paced): Promise<Latencies> {
  const readers = await Promise.all(
    Array.from({ length: paced.connections }, () => Reader.open(paced.path, paced.replyBytes)),
  );
  const startedMs = performance.now();
  const total = paced.readsPerSecond * paced.seconds;
  let sent = 0;
  while (sent < total) {
    const nowMs = performance.now();
    const due = Math.min(total, Math.floor(((nowMs - startedMs) / 1000) * paced.readsPerSecond));
    const batches = readers.map(() => '');
    for (; sent < due; sent++) {
      const at = sent % readers.length;
      batches[at] += paced.request(sent);
      readers[at]!.dueAtMs.push(startedMs + (sent / paced.readsPerSecond) * 1000);
    }
    for (const [at, batch] of batches.entries()) if (batch !== '') readers[at]!.send(batch);
    await new Promise((later) => setTimeout(later, TICK_MS));
  }
  const latencies = (await Promise.all(readers.map((reader) => reader.ended()))).flat();
  latencies.sort((a, b) => a - b);
  const at = (share: number): number => latencies[Math.floor((latencies.length - 1) * share)]!;
  return { reads: latencies.length, p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

class Reader {
  readonly dueAtMs: number[] = [];
  readonly #latencies: number[] = [];
  readonly #socket: Socket;
  readonly #replyBytes: number;
  #unread = 0;
  #done: (() => void) | undefined;

  private constructor(socket: Socket, replyBytes: number) {
    this.#socket = socket;
    this.#replyBytes = replyBytes;
    socket.on('data', (bytes) => this.#take(bytes.length));
  }

  static open(path: string, replyBytes: number): Promise<Reader> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new Reader(socket, replyBytes)));
      socket.once('error', reject);
    });
  }

  send(batch: string): void {
    this.#socket.write(batch);
  }

  async ended(): Promise<number[]> {
    if (this.#latencies.length < this.dueAtMs.length) {
      await new Promise<void>((resolve) => {
        this.#done = resolve;
      });
    }
    this.#socket.destroy();
    return this.#latencies;
  }

  #take(bytes: number): void {
    const nowMs = performance.now();
    this.#unread += bytes;
    for (; this.#unread >= this.#replyBytes; this.#unread -= this.#replyBytes) {
      this.#latencies.push(nowMs - this.dueAtMs[this.#latencies.length]!);
    }
    if (this.#latencies.length === this.dueAtMs.length) this.#done?.();
  }
}
