// Bytes → commands, incrementally and without copying: each argument is a place in the bytes that came. Pure.
//
// `take` hands it bytes: what was not used up yet, with what came behind it. `next` says COMMAND (it is in `call`),
// INCOMPLETE (`rest` begins at `from`; nothing is parsed twice when more comes) or BROKEN (`problem` says why, in
// Redis's words; nothing behind it can be made sense of). Source: the Redis serialization protocol specification.

import { ArgumentList } from './call.ts';
import { splitInline } from './inline.ts';

export const INCOMPLETE = 0;
export const COMMAND = 1;
export const BROKEN = -1;

/** A line without its end, and an inline command, have at most so many bytes. */
export const MAX_LINE_BYTES = 65_536;
export const MAX_ARGUMENTS = 1 << 20;
/** What those may send who have not said who they are. */
const MAX_UNKNOWN_ARGUMENTS = 10;
const MAX_UNKNOWN_BULK_BYTES = 16_384;

const CR = 0x0d;
const LF = 0x0a;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const MINUS = 0x2d;

/** The number of a line is none, or too large to be one. */
const NO_NUMBER = Number.NaN;
/** The line has not ended yet. */
const NO_LINE = -1;

export class Parser {
  readonly call = new ArgumentList();
  /** Whoever sends has not said who it is: less is taken. */
  isUnknown = false;
  /** Commands may be lines, too. */
  takesInline = true;
  problem = '';
  readonly #maxBulkBytes: number;
  #bytes: Buffer = NOTHING;
  #end = 0;
  /** Where the command being parsed begins, and what is to be looked at next. */
  #from = 0;
  #at = 0;
  /** Arguments still to come; 0: between commands. */
  #missing = 0;
  /** Length of the argument that is coming, -1: its line has not come yet. */
  #bulkBytes = -1;

  constructor(maxBulkBytes: number) {
    this.#maxBulkBytes = maxBulkBytes;
  }

  /** From now on `bytes[0, end)`, which begins with what was left from `from` on. */
  take(bytes: Buffer, end: number): void {
    const by = this.#from;
    if (this.call.bytes === this.#bytes) this.call.move(bytes, by);
    this.#bytes = bytes;
    this.#end = end;
    this.#at -= by;
    this.#from = 0;
  }

  /** What `next` said to be a command was run: its bytes are not needed any more. */
  used(): void {
    this.#from = this.#at;
  }

  /** More came behind what there is, in the same memory. */
  grew(end: number): void {
    this.#end = end;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  get end(): number {
    return this.#end;
  }

  /** What was parsed last was run, and of the next command nothing was parsed yet: it begins at `at`. */
  get isBetween(): boolean {
    return this.#missing === 0 && this.#from === this.#at && this.#at < this.#end;
  }

  /** Behind what was parsed. */
  get at(): number {
    return this.#at;
  }

  /** Commands up to there were run. */
  skipTo(at: number): void {
    this.#at = at;
    this.#from = at;
  }

  /** Where what is not used up begins. */
  get from(): number {
    return this.#from;
  }

  /** The command being parsed takes at least so many bytes from `from` on. */
  get neededBytes(): number {
    return this.#bulkBytes === -1 ? this.#at - this.#from : this.#at - this.#from + this.#bulkBytes + 2;
  }

  /** Lets go of the bytes; all were used up. */
  rest(): void {
    this.#bytes = NOTHING;
    this.#end = 0;
    this.#from = 0;
    this.#at = 0;
    this.call.bytes = NOTHING;
    this.call.shrink();
  }

  next(): number {
    while (this.#missing === 0) {
      // What was a command is used up.
      this.#from = this.#at;
      if (this.#at >= this.#end) return INCOMPLETE;
      const said = this.#bytes[this.#at] === ASTERISK ? this.#beginArray() : this.#readInline();
      if (said !== GO_ON) return said;
    }
    return this.#readArguments();
  }

  // --- the inside

  #beginArray(): number {
    const { call } = this;
    const count = this.#readNumber(this.#at + 1);
    if (this.#lineEnd === NO_LINE) return this.#unendedLine('too big mbulk count string');
    if (!(count <= MAX_ARGUMENTS)) return this.#broken('invalid multibulk length');
    if (count > MAX_UNKNOWN_ARGUMENTS && this.isUnknown)
      return this.#broken('unauthenticated multibulk length');
    this.#at = this.#lineEnd;
    if (count <= 0) return GO_ON;
    call.clear();
    call.bytes = this.#bytes;
    this.#missing = count;
    return GO_ON;
  }

  #readArguments(): number {
    const { call } = this;
    while (this.#missing > 0) {
      if (this.#bulkBytes === -1) {
        if (this.#at >= this.#end) return INCOMPLETE;
        const said = this.#readBulkLength();
        if (said !== GO_ON) return said;
      }
      const argumentEnd = this.#at + this.#bulkBytes;
      if (argumentEnd + 2 > this.#end) return INCOMPLETE;
      call.add(this.#at, argumentEnd);
      this.#at = argumentEnd + 2;
      this.#bulkBytes = -1;
      this.#missing--;
    }
    return COMMAND;
  }

  #readBulkLength(): number {
    const type = this.#bytes[this.#at]!;
    const length = this.#readNumber(this.#at + 1);
    if (this.#lineEnd === NO_LINE) return this.#unendedLine('too big bulk count string');
    if (type !== DOLLAR) return this.#broken(`expected '$', got '${String.fromCharCode(type)}'`);
    if (!(length >= 0 && length <= this.#maxBulkBytes)) return this.#broken('invalid bulk length');
    if (length > MAX_UNKNOWN_BULK_BYTES && this.isUnknown) return this.#broken('unauthenticated bulk length');
    this.#at = this.#lineEnd;
    this.#bulkBytes = length;
    return GO_ON;
  }

  /** Where the line after the one read begins, NO_LINE where that has no end yet. */
  #lineEnd = NO_LINE;

  /** The number of the line from `at` on, NaN where it is none. */
  #readNumber(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let value = 0;
    let place = at;
    for (; place < end; place++) {
      const digit = bytes[place]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (place < end - 1 && bytes[place] === CR && place > at) {
      this.#lineEnd = place + 2;
      // As strict as Redis: no zeros in front.
      return bytes[at] === 0x30 && place - at > 1 ? NO_NUMBER : value;
    }
    return this.#readOddNumber(at);
  }

  /** A line that is no plain number: not ended yet, negative, or anything. */
  #readOddNumber(at: number): number {
    const crAt = this.#bytes.indexOf(CR, at);
    if (crAt === -1 || crAt > this.#end - 2) {
      this.#lineEnd = NO_LINE;
      return NO_NUMBER;
    }
    this.#lineEnd = crAt + 2;
    const isNegative = this.#bytes[at] === MINUS;
    const digits = this.#bytes.toString('latin1', isNegative ? at + 1 : at, Math.min(crAt, at + 24));
    return isNegative && /^[1-9][0-9]*$/.test(digits) ? -Number(digits) : NO_NUMBER;
  }

  #unendedLine(problem: string): number {
    return this.#end - this.#at > MAX_LINE_BYTES ? this.#broken(problem) : INCOMPLETE;
  }

  #readInline(): number {
    const { call } = this;
    if (!this.takesInline)
      return this.#broken(`expected '*', got '${String.fromCharCode(this.#bytes[this.#at]!)}'`);
    const lfAt = this.#bytes.indexOf(LF, this.#at);
    if (lfAt === -1 || lfAt >= this.#end) return this.#unendedLine('too big inline request');
    if (lfAt - this.#at > MAX_LINE_BYTES) return this.#broken('too big inline request');
    const lineEnd = lfAt > this.#at && this.#bytes[lfAt - 1] === CR ? lfAt - 1 : lfAt;
    const words = splitInline(this.#bytes.subarray(this.#at, lineEnd));
    if (!words) return this.#broken('unbalanced quotes in request');
    this.#at = lfAt + 1;
    if (words.length === 0) return GO_ON;
    call.clear();
    call.bytes = Buffer.concat(words);
    let start = 0;
    for (const word of words) {
      call.add(start, start + word.length);
      start += word.length;
    }
    return COMMAND;
  }

  #broken(problem: string): number {
    this.problem = `ERR Protocol error: ${problem}`;
    return BROKEN;
  }
}

/** Neither a command nor a reason to stop. */
const GO_ON = 2;
const NOTHING = Buffer.alloc(0);
