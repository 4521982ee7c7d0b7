// Short pieces of what connections were sent, kept until all sockets that had something to read were read from. Then they
// are looked at before the first of them is run, so that the store has the memory of all their entries at one time.
// What of a piece is not for the short way is run when all others were: it may take its time.

import type { Express } from './express.ts';

/** What is longer is looked at by itself, being many commands or a long value. */
export const MOST_PIECE_BYTES = 1024;
const MOST_PIECES = 16;

/** Whose pieces they are. */
export interface Arriving {
  /** Runs what it was sent in `bytes[from, to)`, as far as it is for the short way; says where that ends. */
  runArrived(bytes: Buffer, from: number, to: number, nowMs: number): number;
  /** Runs all else, which is another's after the call. */
  takeIn(rest: Buffer): void;
}

export interface ArrivalsParts {
  readonly express: Pick<Express, 'prepare' | 'look' | 'fetch' | 'forget'>;
  readonly now: () => number;
}

export class Arrivals {
  readonly #parts: ArrivalsParts;
  readonly #bytes = Buffer.allocUnsafeSlow(MOST_PIECES * MOST_PIECE_BYTES);
  readonly #connections: (Arriving | undefined)[] = [];
  /** Where the piece of each ends, and that of the next begins. */
  readonly #ends = new Int32Array(MOST_PIECES);
  /** How far each was run. */
  readonly #stops = new Int32Array(MOST_PIECES);
  #count = 0;
  #length = 0;

  constructor(parts: ArrivalsParts) {
    this.#parts = parts;
  }

  /** Keeps a piece of at most MOST_PIECE_BYTES. */
  add(connection: Arriving, piece: Buffer): void {
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
    this.#connections[this.#count] = connection;
    this.#ends[this.#count] = this.#length;
    this.#count++;
    if (this.#count === MOST_PIECES) this.run();
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Runs all that is kept. */
  run(): void {
    const count = this.#count;
    if (count === 0) return;
    this.#count = 0;
    this.#length = 0;
    const { express, now } = this.#parts;
    const nowMs = now();
    for (let first = 0; first < count; ) first = this.#runSome(first, count, nowMs);
    express.forget();
    this.#takeIn(count);
  }

  // --- the inside

  /** Runs as many pieces as can be looked at together; says which is the next. */
  #runSome(first: number, count: number, nowMs: number): number {
    const { express } = this.#parts;
    express.prepare(this.#bytes);
    let next = first;
    while (next < count && express.look(this.#begin(next), this.#ends[next]!)) next++;
    // One alone finds room.
    if (next === first) next++;
    express.fetch();
    for (let i = first; i < next; i++) {
      const connection = this.#connections[i]!;
      this.#stops[i] = connection.runArrived(this.#bytes, this.#begin(i), this.#ends[i]!, nowMs);
    }
    return next;
  }

  #takeIn(count: number): void {
    for (let i = 0; i < count; i++) {
      const from = this.#stops[i]!;
      const to = this.#ends[i]!;
      if (from < to) this.#connections[i]!.takeIn(this.#bytes.subarray(from, to));
      // It may be gone before there is another in its place.
      this.#connections[i] = undefined;
    }
  }

  #begin(i: number): number {
    return i === 0 ? 0 : this.#ends[i - 1]!;
  }
}
