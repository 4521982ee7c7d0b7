// What leaves on one connection, in order: replies as they were made, and long values piece by piece as they are taken.
//
// What the system takes at once costs one write and no memory. What it does not is charged until it was taken; who sends
// looks at `bytes` and stops making more. A value that is held counts as one piece, however long it is.

import type { Account } from './account.ts';
import type { Departures } from './departures.ts';
import type { HeldValue, Reply } from './reply.ts';

/** Of a socket of Node, what is needed of it. */
export interface Sink {
  /** Not taken by the system yet. */
  readonly writableLength: number;
  /** Whether nothing of it waits: the system took it at once, or never will. `sent` may be called then, too. */
  write(bytes: Uint8Array, sent: (error?: Error | null) => void): boolean;
}

const PIECE_BYTES = 65_536;
/** What noting a held value takes. */
const HELD_COST_BYTES = 256;

/** A reply that waits: its bytes from `at` on, and the values among them. */
interface Waiting {
  readonly bytes: Buffer;
  readonly length: number;
  readonly held: HeldValue[];
  at: number;
  chargedBytes: number;
}

export interface OutboxParts {
  readonly sink: Sink;
  readonly account: Account;
  /** All that waited was taken. */
  readonly drained: () => void;
  readonly departures: Pick<Departures, 'leave'>;
  /** There is no memory to send with. */
  readonly failed: () => void;
  /** So many bytes of buffers are of no use any more. */
  readonly passed: (bytes: number) => void;
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #waiting: Waiting[] = [];
  /** Bytes of replies that wait or were not taken yet. */
  #bytes = 0;
  /** Handed to the socket and not taken yet. */
  #isWriting = false;
  /** Of the first held value, how much was sent; and the piece it is sent with. */
  #sentOfValue = 0;
  #piece: Buffer | undefined;
  #closed = false;
  /** What the socket has: memory that is its own until it was taken. */
  #givenBytes = 0;
  sentBytes = 0;
  /** A reply is among the departures, and leaves before all else. */
  isExpecting = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return !this.#isWriting && this.#waiting.length === 0;
  }

  /**
   * Sends what is in the reply, and empties it. True where its buffer may be used again; else that waits here or with the
   * socket, charged anew, and the reply has none.
   */
  send(reply: Reply): boolean {
    const { length, bytes } = reply;
    if (length === 0) return true;
    if (this.isExpecting) this.#parts.departures.leave();
    if (this.#closed) {
      reply.truncate(0);
      return true;
    }
    if (!this.isEmpty || reply.held.length > 0) {
      const isFree = this.#queue(reply);
      this.#sendNext();
      return isFree;
    }
    reply.length = 0;
    const { sink } = this.#parts;
    this.sentBytes += length;
    if (sink.write(reply.firstBytes(length), this.#sent)) return true;
    reply.discharge();
    this.#give(bytes.length);
    return false;
  }

  /** A reply of it was lost: who gets the next one would take it for that. */
  fail(): void {
    this.#parts.failed();
  }

  /** Lets go of all that waits. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { held } of this.#waiting) for (const { value } of held) value.release();
    this.#waiting.length = 0;
    this.#bytes = 0;
    this.#piece = undefined;
  }

  // --- the inside

  /** The buffer is the socket's until all of it was taken. */
  #give(bytes: number): void {
    this.#isWriting = true;
    if (!this.#parts.account.charge(bytes)) {
      this.#parts.failed();
      return;
    }
    this.#givenBytes = bytes;
    this.#bytes += bytes;
  }

  /** A write was done, perhaps one of before: all was taken only where the socket has nothing left. */
  readonly #sent = (error?: Error | null): void => {
    if (error || this.#closed || !this.#isWriting || this.#parts.sink.writableLength > 0) return;
    this.#isWriting = false;
    this.#bytes -= this.#givenBytes;
    this.#parts.account.release(this.#givenBytes);
    this.#parts.passed(this.#givenBytes);
    this.#givenBytes = 0;
    this.#sendNext();
    if (this.isEmpty) this.#parts.drained();
  };

  /** Says whether the reply's buffer may be used again: one that was charged waits itself, unless most of it is empty. */
  #queue(reply: Reply): boolean {
    const { length, held } = reply;
    const waitsItself = reply.isCharged && length > reply.bytes.length / 2;
    const bytes = waitsItself ? reply.bytes : copyOf(reply.bytes, length);
    const chargedBytes = bytes.length + held.length * HELD_COST_BYTES;
    const waiting: Waiting = { bytes, length, held, at: 0, chargedBytes: 0 };
    reply.discharge();
    reply.clear();
    // In its place before it is charged: to make room something may go, and be told of behind it.
    this.#waiting.push(waiting);
    if (!this.#parts.account.charge(chargedBytes)) {
      this.#parts.failed();
      this.close();
    } else if (this.#waiting.lastIndexOf(waiting) === -1) {
      // What was told of it has taken it along.
      this.#parts.account.release(chargedBytes);
    } else {
      waiting.chargedBytes = chargedBytes;
      this.#bytes += chargedBytes;
    }
    return !waitsItself;
  }

  /** Sends until the socket takes no more, or nothing waits. */
  #sendNext(): void {
    while (!this.#isWriting && !this.#closed) {
      const first = this.#waiting[0];
      if (!first) {
        this.#dropPiece();
        return;
      }
      const next = first.held[0];
      const upTo = next ? next.at : first.length;
      if (first.at < upTo) {
        this.#write(first.bytes.subarray(first.at, upTo));
        first.at = upTo;
      } else if (next) {
        if (!this.#sendPiece(first, next)) return;
      } else {
        this.#waiting.shift();
        this.#bytes -= first.chargedBytes;
        this.#parts.account.release(first.chargedBytes);
        this.#parts.passed(first.bytes.length);
      }
    }
  }

  #sendPiece(first: Waiting, { value }: HeldValue): boolean {
    if (!this.#piece && !this.#parts.account.charge(PIECE_BYTES)) {
      this.#parts.failed();
      return false;
    }
    this.#piece ??= Buffer.allocUnsafeSlow(PIECE_BYTES);
    const length = Math.min(PIECE_BYTES, value.length - this.#sentOfValue);
    value.copy(this.#sentOfValue, this.#piece, 0, length);
    this.#sentOfValue += length;
    if (this.#sentOfValue === value.length) {
      first.held.shift();
      this.#sentOfValue = 0;
      value.release();
    }
    this.#write(this.#piece.subarray(0, length));
    return true;
  }

  #dropPiece(): void {
    if (!this.#piece) return;
    this.#piece = undefined;
    this.#parts.account.release(PIECE_BYTES);
    this.#parts.passed(PIECE_BYTES);
  }

  #write(bytes: Buffer): void {
    const { sink } = this.#parts;
    this.sentBytes += bytes.length;
    if (!sink.write(bytes, this.#sent)) this.#isWriting = true;
  }
}

function copyOf(bytes: Buffer, length: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(length);
  bytes.copy(copy, 0, 0, length);
  return copy;
}
