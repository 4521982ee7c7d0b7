// Replies as bytes, RESP2 or RESP3: appended to one growing buffer, short values copied into it straight from the store.
// A long value is not copied: it is held, and noted where it stands, for the connection to send piece by piece.
// Source: the Redis serialization protocol specification, versions 2 and 3.

import { RoomError } from '../../errors.ts';
import type { Value } from '../../store/value.ts';
import type { Room } from './account.ts';

/** Values up to here are copied. */
export const COPIED_BYTES = 65_536;

const FIRST_BYTES = 512;
/** Of a command that waits. */
const OWN_BYTES = 128;
/** Up to here memory is not charged: it belongs to the cost of a connection. */
const FREE_BYTES = 4096;
/** Room for the longest head, a type, 20 digits, CRLF, and for the CRLF behind a value. */
const HEAD_BYTES = 32;

const CR = 0x0d;
const LF = 0x0a;

/** A value that stands at `at` of the bytes, and is to be released when it was sent. */
export interface HeldValue {
  readonly at: number;
  readonly value: Value;
}

/** What a reply copies a value from; the store is one. */
export interface ValueSource {
  valueLength(slot: number): number;
  copyValue(slot: number, position: number, target: Uint8Array, at: number, length: number): void;
  /** The same for the whole of the value whose length was asked for last; `view` is a view of `target`. */
  copyFound(slot: number, target: Uint8Array, view: DataView, at: number): void;
  hold(slot: number): Value;
}

export class Reply {
  /** 2 or 3: which of the two protocols. */
  proto: 2 | 3 = 2;
  /** Bytes of it are good up to `length`. */
  bytes: Buffer;
  length = 0;
  /** In the order in which they stand; empty as a rule. */
  held: HeldValue[] = NONE;
  /** Bytes of those. */
  heldBytes = 0;
  /** How many errors were appended; a caller may compare. */
  errors = 0;
  /** Where growing is charged; a reply that finds no room throws RoomError. */
  #room: Room | undefined;
  #chargedBytes = 0;
  /** Of the bytes, once one was asked for. */
  #view: DataView | undefined;
  #first: Uint8Array | undefined;
  /** Of what was appended so much is not here any more, but in a reply of its own. */
  #gone = 0;

  constructor(bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES), room?: Room) {
    this.bytes = bytes;
    this.#room = room;
  }

  // --- what both protocols have

  ok(): void {
    this.#constant(OK);
  }

  /** A status such as `OK`; without CR and LF. */
  simple(text: string): void {
    this.#line(0x2b, text);
  }

  /** With its code in front: `ERR syntax error`. What would break the line becomes a space. */
  error(text: string): void {
    this.errors++;
    this.#line(0x2d, text.replace(/[\r\n]|[^\0-\xff]/g, ' '));
  }

  integer(value: number | bigint): void {
    if (typeof value === 'bigint') this.#line(0x3a, value.toString());
    else this.#head(0x3a, value);
  }

  /** The bytes `[start, end)` as a string. */
  bulk(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    this.#head(0x24, length);
    this.#reserve(length + 2);
    if (length < 64) for (let i = start, at = this.length; i < end; ) this.bytes[at++] = bytes[i++]!;
    else this.bytes.set(bytes.subarray(start, end), this.length);
    this.length += length;
    this.#crlf();
  }

  /** One byte a character. */
  bulkText(text: string): void {
    this.#head(0x24, text.length);
    this.#reserve(text.length + 2);
    this.bytes.write(text, this.length, 'latin1');
    this.length += text.length;
    this.#crlf();
  }

  /** The value of the entry in `slot`. */
  stored(store: ValueSource, slot: number): void {
    const length = store.valueLength(slot);
    // The memory to grow may be that of this very entry: it is held before.
    if (length > COPIED_BYTES || length + HEAD_BYTES > this.roomBytes) {
      this.value(store.hold(slot));
      return;
    }
    this.#head(0x24, length);
    store.copyValue(slot, 0, this.bytes, this.length, length);
    this.length += length;
    this.#crlf();
  }

  /** The value of the entry in `slot`, of which just now was asked how long it is; there is room for it. */
  found(store: ValueSource, slot: number, length: number): void {
    this.#head(0x24, length);
    store.copyFound(slot, this.bytes, this.#view ?? this.#newView(), this.length);
    this.length += length;
    this.#crlf();
  }

  /** A value that is held; it is released when it was copied or sent, or found no room. */
  value(value: Value): void {
    const { length } = value;
    const isCopied = length <= COPIED_BYTES;
    try {
      this.#reserve(HEAD_BYTES + (isCopied ? length : 0));
    } catch (error) {
      value.release();
      throw error;
    }
    this.#head(0x24, length);
    if (isCopied) {
      value.copy(0, this.bytes, this.length, length);
      value.release();
      this.length += length;
    } else {
      this.#hold(this.length, value);
    }
    this.#crlf();
  }

  /** The head of an array; `count` replies are to follow. */
  array(count: number): void {
    this.#head(0x2a, count);
  }

  // --- what RESP2 says otherwise

  /** No value: a null string in RESP2. */
  null(): void {
    this.#constant(this.proto === 3 ? NULL : NULL_STRING);
  }

  /** No list: a null array in RESP2. */
  nullArray(): void {
    this.#constant(this.proto === 3 ? NULL : NULL_ARRAY);
  }

  /** The head of a map; as many pairs are to follow. In RESP2 an array of twice as many. */
  map(pairs: number): void {
    if (this.proto === 3) this.#head(0x25, pairs);
    else this.#head(0x2a, pairs * 2);
  }

  /** The head of a set; in RESP2 an array. */
  set(count: number): void {
    this.#head(this.proto === 3 ? 0x7e : 0x2a, count);
  }

  /** The head of what is sent without being asked for; in RESP2 an array. */
  push(count: number): void {
    this.#head(this.proto === 3 ? 0x3e : 0x2a, count);
  }

  /** `text` is the number as it is to be written; in RESP2 a string. */
  double(text: string): void {
    if (this.proto === 3) this.#line(0x2c, text);
    else this.bulkText(text);
  }

  /** In RESP2 1 or 0. */
  boolean(value: boolean): void {
    if (this.proto === 3) this.#constant(value ? TRUE : FALSE);
    else this.integer(value ? 1 : 0);
  }

  /** Text for people, one byte a character; in RESP2 a string. */
  verbatim(text: string): void {
    if (this.proto !== 3) {
      this.bulkText(text);
      return;
    }
    this.#head(0x3d, text.length + 4);
    this.#reserve(text.length + 6);
    this.length += this.bytes.write(`txt:${text}`, this.length, 'latin1');
    this.#crlf();
  }

  /** Bytes that are replies already. */
  raw(bytes: Uint8Array): void {
    this.#constant(bytes);
  }

  /** The first `length` bytes; the same object as before where those were as many. */
  firstBytes(length: number): Uint8Array {
    if (this.#first?.length !== length) this.#first = this.bytes.subarray(0, length);
    return this.#first;
  }

  /** What it takes before it has to grow. */
  get roomBytes(): number {
    return this.bytes.length - this.length;
  }

  // --- a reply that is not to be, or not here

  /** Where it ends now, for `truncate`. */
  get mark(): number {
    return this.#gone + this.length;
  }

  /** Takes back what was appended after the mark. */
  truncate(mark: number): void {
    this.length = Math.max(0, mark - this.#gone);
    while (this.held.length > 0 && this.held[this.held.length - 1]!.at > this.length) {
      const { value } = this.held.pop()!;
      this.heldBytes -= value.length;
      value.release();
    }
  }

  /** Empties it for the next use; what was held is whose it was handed to. */
  clear(): void {
    this.length = 0;
    this.held = NONE;
    this.heldBytes = 0;
  }

  /**
   * Moves what is before the mark to a reply of its own, with the memory that this one has; the rest stays and gets new
   * memory: whoever appends to it goes on.
   */
  splitHead(mark: number, room: Room | undefined): Reply {
    const at = mark - this.#gone;
    const head = new Reply(this.bytes, this.#room);
    head.proto = this.proto;
    head.length = at;
    head.#chargedBytes = this.#chargedBytes;
    const length = this.length - at;
    this.#moveTo(Buffer.allocUnsafeSlow(Math.max(OWN_BYTES, length)));
    head.bytes.copy(this.bytes, 0, at, at + length);
    this.length = length;
    this.#room = room;
    this.#chargedBytes = 0;
    this.#gone = mark;
    if (this.held.length > 0) this.#splitHeld(head, at);
    return head;
  }

  /** It has memory that it was charged for. */
  get isCharged(): boolean {
    return this.#chargedBytes > 0;
  }

  /** Its memory is not charged any more: it went, or is charged where it went to. */
  discharge(): void {
    this.#room?.release(this.#chargedBytes);
    this.#chargedBytes = 0;
  }

  // --- the inside

  #newView(): DataView {
    const { buffer, byteOffset, length } = this.bytes;
    this.#view = new DataView(buffer, byteOffset, length);
    return this.#view;
  }

  /** Other memory from now on. */
  #moveTo(bytes: Buffer): void {
    this.bytes = bytes;
    this.#view = undefined;
    this.#first = undefined;
  }

  /** Line of a type and an integer: the digits are written without making a string of them. */
  #head(type: number, value: number): void {
    this.#reserve(HEAD_BYTES);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = type;
    if (value >= 0 && value < 10) {
      bytes[at++] = 0x30 + value;
    } else if (value >= 0 && value <= 0x7fffffff) {
      let digits = 2;
      for (let bound = 100; value >= bound && digits < 10; bound *= 10) digits++;
      at += digits;
      for (let rest = value | 0, place = at; digits > 0; digits--) {
        const tenth = (rest / 10) | 0;
        bytes[--place] = 0x30 + rest - tenth * 10;
        rest = tenth;
      }
    } else {
      at += bytes.write(String(value), at, 'latin1');
    }
    bytes[at++] = CR;
    bytes[at++] = LF;
    this.length = at;
  }

  #line(type: number, text: string): void {
    this.#reserve(text.length + 3);
    this.bytes[this.length++] = type;
    this.length += this.bytes.write(text, this.length, 'latin1');
    this.#crlf();
  }

  #splitHeld(head: Reply, at: number): void {
    const { held } = this;
    this.held = NONE;
    this.heldBytes = 0;
    for (const { at: heldAt, value } of held) {
      if (heldAt > at) this.#hold(heldAt - at, value);
      else head.#hold(heldAt, value);
    }
  }

  #hold(at: number, value: Value): void {
    if (this.held === NONE) this.held = [];
    this.held.push({ at, value });
    this.heldBytes += value.length;
  }

  #crlf(): void {
    this.bytes[this.length++] = CR;
    this.bytes[this.length++] = LF;
  }

  #constant(constant: Uint8Array): void {
    this.#reserve(constant.length);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < constant.length; i++) bytes[at++] = constant[i]!;
    this.length = at;
  }

  #reserve(more: number): void {
    // Making room may have had more appended to this very reply.
    while (this.length + more > this.bytes.length) this.#grow(this.length + more);
  }

  #grow(needed: number): void {
    const before = this.bytes;
    const size = Math.max(needed, before.length * 2);
    const moreBytes = size > FREE_BYTES && this.#room ? size - this.#chargedBytes : 0;
    if (moreBytes > 0) {
      if (!this.#room!.charge(moreBytes)) throw new RoomError('there is no memory left for this reply');
      if (this.bytes !== before) {
        this.#room!.release(moreBytes);
        return;
      }
      this.#chargedBytes = size;
    }
    const bytes = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(bytes, 0, 0, this.length);
    this.#moveTo(bytes);
  }
}

const NONE: HeldValue[] = Object.freeze([]) as unknown as HeldValue[];
const OK = Buffer.from('+OK\r\n');
const NULL = Buffer.from('_\r\n');
const NULL_STRING = Buffer.from('$-1\r\n');
const NULL_ARRAY = Buffer.from('*-1\r\n');
const TRUE = Buffer.from('#t\r\n');
const FALSE = Buffer.from('#f\r\n');
