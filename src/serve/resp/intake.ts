// What came of a connection and is no command yet. A chunk is parsed where it lies; what is left of it is copied to
// memory of just the size that the command needs, and what comes behind it goes straight there.

import type { Account } from './account.ts';
import type { Parser } from './parser.ts';
import { letGo, passingBytes } from './passing-bytes.ts';

export const NOTHING_MORE = 0;
export const FED = 1;
export const NO_ROOM = 2;

/** Up to here what is left belongs to the cost of the connection. */
const FREE_BYTES = 4096;

export class Intake {
  readonly #parser: Parser;
  readonly #account: Account;
  readonly #passed: (bytes: number) => void;
  /** The parser's bytes, where they are in memory of its own. */
  #own: Buffer | undefined;
  #chargedBytes = 0;
  #droppedBytes = 0;
  /** What came and is not with the parser, from `#incomingAt` on. */
  #incoming: Buffer | undefined;
  #incomingAt = 0;
  /** What is added now lies in memory that is another's soon. */
  isShared = false;

  constructor(parser: Parser, account: Account, passed: (bytes: number) => void) {
    this.#parser = parser;
    this.#account = account;
    this.#passed = passed;
  }

  get isEmpty(): boolean {
    return !this.#incoming && this.#parser.end === this.#parser.from;
  }

  /** Bytes that are not used up. */
  get bytes(): number {
    const { end, from } = this.#parser;
    return end - from + (this.#incoming ? this.#incoming.length - this.#incomingAt : 0);
  }

  /** The one before it was used up, or settled. */
  add(chunk: Buffer): void {
    if (this.#incoming) {
      const before = this.#incoming.subarray(this.#incomingAt);
      this.#incoming = Buffer.concat([before, chunk]);
    } else {
      this.#incoming = chunk;
    }
    this.#incomingAt = 0;
  }

  /** The parser has no whole command: hands it more, where there is more, and memory for it. */
  feed(): number {
    const chunk = this.#incoming;
    if (!chunk) return NOTHING_MORE;
    const parser = this.#parser;
    if (parser.end === parser.from) {
      this.#dropOwn();
      parser.used();
      parser.take(
        this.#incomingAt === 0 ? chunk : chunk.subarray(this.#incomingAt),
        chunk.length - this.#incomingAt,
      );
      this.#incoming = undefined;
      this.#tellDropped();
      this.#passedChunk(chunk);
      return FED;
    }
    if (!this.#hasRoomFor(1)) return NO_ROOM;
    const own = this.#own!;
    const { end } = parser;
    const length = Math.min(own.length - end, chunk.length - this.#incomingAt);
    chunk.copy(own, end, this.#incomingAt, this.#incomingAt + length);
    parser.grew(end + length);
    this.#incomingAt += length;
    if (this.#incomingAt === chunk.length) {
      this.#incoming = undefined;
      this.#passedChunk(chunk);
    }
    return FED;
  }

  /** Whether there is memory now for what comes, where there was none. */
  hasRoomNow(): boolean {
    const { end, from } = this.#parser;
    return (end === from || this.#hasRoomFor(this.#incoming ? 1 : 0)) && this.#chargeAll();
  }

  /** Nothing more is parsed for now: what is left is kept in memory of its own. False where there is none. */
  settle(): boolean {
    const parser = this.#parser;
    const leftBytes = parser.end - parser.from;
    if (this.#incoming && (this.#incomingAt > 0 || this.isShared)) {
      this.#incoming = Buffer.from(this.#incoming.subarray(this.#incomingAt));
      this.#incomingAt = 0;
    }
    if (leftBytes === 0) {
      this.#dropOwn();
      parser.rest();
      this.#tellDropped();
    } else if (!this.#own && !this.#hasRoomFor(0)) {
      return false;
    }
    return this.#chargeAll();
  }

  /** Keeps nothing in memory that is another's from now on, room or not. */
  leave(shared: Buffer): void {
    const parser = this.#parser;
    if (!this.#incoming && !parser.bytes.length) return;
    if (this.#incoming?.buffer === shared.buffer) {
      this.#incoming = Buffer.from(this.#incoming.subarray(this.#incomingAt));
      this.#incomingAt = 0;
    }
    if (parser.bytes.buffer !== shared.buffer) return;
    const left = Buffer.from(parser.bytes.subarray(parser.from, parser.end));
    parser.take(left, left.length);
  }

  /** Lets go of all of it. */
  close(): void {
    this.#incoming = undefined;
    this.#parser.rest();
    this.#dropOwn();
    this.#chargeUpTo(0);
  }

  // --- the inside

  /** Has the parser's bytes in memory of its own, with room for `more` at least; false where there is no memory. */
  #hasRoomFor(more: number): boolean {
    const parser = this.#parser;
    const { end, from } = parser;
    if (this.#own && this.#own.length - end >= more) return true;
    const leftBytes = end - from;
    const incomingBytes = this.#incoming ? this.#incoming.length - this.#incomingAt : 0;
    const comfortable = Math.min(leftBytes * 2, leftBytes + incomingBytes);
    const size = Math.max(parser.neededBytes, leftBytes + more, comfortable);
    if (!this.#chargeUpTo(size)) return false;
    const own = passingBytes(size);
    parser.bytes.copy(own, 0, from, end);
    const outgrown = this.#own;
    this.#own = own;
    parser.take(own, leftBytes);
    if (outgrown) this.#passed(letGo(outgrown));
    return true;
  }

  #chargeAll(): boolean {
    return this.#chargeUpTo(
      (this.#own?.length ?? 0) + (this.#incoming?.length ?? 0) + this.#parser.call.placesBytes,
    );
  }

  #chargeUpTo(bytes: number): boolean {
    const wanted = bytes > FREE_BYTES ? bytes : 0;
    if (wanted > this.#chargedBytes) {
      if (!this.#account.charge(wanted - this.#chargedBytes)) return false;
    } else if (wanted < this.#chargedBytes) {
      this.#account.release(this.#chargedBytes - wanted);
    }
    this.#chargedBytes = wanted;
    return true;
  }

  #dropOwn(): void {
    if (!this.#own) return;
    this.#droppedBytes += letGo(this.#own);
    this.#own = undefined;
    this.#chargeUpTo(0);
  }

  /** Says what is of no use any more; only now that nothing refers to it can it be collected. */
  #tellDropped(): void {
    if (this.#droppedBytes > FREE_BYTES) this.#passed(this.#droppedBytes);
    this.#droppedBytes = 0;
  }

  #passedChunk(chunk: Buffer): void {
    if (chunk.length > FREE_BYTES && !this.isShared) this.#passed(chunk.length);
  }
}
