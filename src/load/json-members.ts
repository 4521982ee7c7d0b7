// A JSON object, cut into its members while its bytes arrive: each name as text, each value as the bytes it was sent in.
//
// Values are not made into anything else, so that 12345678901234567890 and 1.0 stay what they are, and of the object
// nothing is held here but a name. Source: RFC 8259; what is accepted is what JSON.parse accepts.

import { isUtf8 } from 'node:buffer';
import { beginNumber, continueNumber, mayEndNumber } from './json-number.ts';

/** Told of the members of the outermost object, in their order. Not to throw. */
export interface MemberReader {
  /** `name` is undefined where it is longer than `maxNameBytes`, or no UTF-8. */
  begin(name: string | undefined): void;
  /** A part of the value, which is the chunk's own bytes. */
  append(part: Uint8Array): void;
}

/** Deeper objects and lists are refused, as each level is remembered. */
const MAX_LEVELS = 1000;

/** What may come next, white space aside. */
const START = 0;
const FIRST_NAME = 1;
const NAME = 2;
const COLON = 3;
const VALUE = 4;
const FIRST_ITEM = 5;
const AFTER_VALUE = 6;
const END = 7;
/** Within a token. */
const STRING = 8;
const ESCAPE = 9;
const HEX = 10;
const NUMBER = 11;
const WORD = 12;
const BROKEN = 13;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

export class JsonMembers {
  readonly #reader: MemberReader;
  readonly #maxNameBytes: number;
  #state = START;
  /** Those that are open; true: an object. */
  readonly #levels: boolean[] = [];
  /** Of the outermost object, as written; emptied where it gets too long. */
  #name: number[] | undefined;
  #isName = false;
  /** Within the value of a member of the outermost object. */
  #inMember = false;
  #chunk: Uint8Array = new Uint8Array();
  /** From where on the chunk's bytes of that value were not told yet. */
  #from = 0;
  #hexDigits = 0;
  #number = 0;
  #word = '';
  #wordLength = 0;

  /** `maxNameBytes` counts the name as written, with its quotes and escapes. */
  constructor(reader: MemberReader, maxNameBytes: number) {
    this.#reader = reader;
    this.#maxNameBytes = maxNameBytes;
  }

  /** False: what came so far is no beginning of a JSON object, and no more is to come. */
  write(chunk: Uint8Array): boolean {
    this.#chunk = chunk;
    this.#from = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (this.#state === STRING && this.#name === undefined) at = endOfPlain(chunk, at);
      if (at === chunk.length) break;
      this.#take(chunk[at]!, at);
      if (this.#state === BROKEN) return false;
    }
    if (this.#inMember) this.#tell(chunk.length);
    return true;
  }

  /** Whether what came is a whole JSON object. */
  get isWhole(): boolean {
    return this.#state === END;
  }

  #take(byte: number, at: number): void {
    if (this.#name !== undefined) this.#appendToName(byte);
    switch (this.#state) {
      case STRING:
        if (byte === QUOTE) this.#endString(at);
        else if (byte === BACKSLASH) this.#state = ESCAPE;
        else if (byte < 0x20) this.#state = BROKEN;
        return;
      case ESCAPE:
        this.#hexDigits = 4;
        this.#state = byte === 0x75 ? HEX : ESCAPED.includes(byte) ? STRING : BROKEN;
        return;
      case HEX:
        if (!isHexDigit(byte)) this.#state = BROKEN;
        else if (--this.#hexDigits === 0) this.#state = STRING;
        return;
      case WORD:
        if (byte !== this.#word.charCodeAt(this.#wordLength)) this.#state = BROKEN;
        else if (++this.#wordLength === this.#word.length) this.#endValue(at + 1);
        return;
      case NUMBER:
        this.#takeOfNumber(byte, at);
        return;
      default:
        this.#takeBetween(byte, at);
    }
  }

  /** That a number has ended is known from what comes after it. */
  #takeOfNumber(byte: number, at: number): void {
    const next = continueNumber(this.#number, byte);
    if (next === -1 && !mayEndNumber(this.#number)) this.#state = BROKEN;
    if (next === -1 && this.#state === NUMBER) {
      this.#endValue(at);
      this.#takeBetween(byte, at);
    }
    this.#number = next;
  }

  #takeBetween(byte: number, at: number): void {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return;
    switch (this.#state) {
      case START:
        if (byte === OPEN_OBJECT) this.#open(true);
        else this.#state = BROKEN;
        return;
      case FIRST_NAME:
        if (byte === CLOSE_OBJECT) this.#close(true, at);
        else this.#beginName(byte);
        return;
      case NAME:
        this.#beginName(byte);
        return;
      case COLON:
        this.#state = byte === 0x3a ? VALUE : BROKEN;
        return;
      case FIRST_ITEM:
        if (byte === CLOSE_LIST) this.#close(false, at);
        else this.#beginValue(byte, at);
        return;
      case VALUE:
        this.#beginValue(byte, at);
        return;
      case AFTER_VALUE:
        if (byte === 0x2c) this.#state = this.#levels.at(-1) === true ? NAME : VALUE;
        else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#close(byte === CLOSE_OBJECT, at);
        else this.#state = BROKEN;
        return;
      default:
        this.#state = BROKEN;
    }
  }

  #beginName(byte: number): void {
    this.#state = byte === QUOTE ? STRING : BROKEN;
    this.#isName = true;
    if (this.#levels.length === 1) this.#name = [QUOTE];
  }

  #appendToName(byte: number): void {
    // One byte too many is kept as the sign of it.
    if (this.#name!.length <= this.#maxNameBytes) this.#name!.push(byte);
  }

  #endString(at: number): void {
    if (!this.#isName) {
      this.#endValue(at + 1);
      return;
    }
    this.#isName = false;
    this.#state = COLON;
    if (this.#name !== undefined) this.#reader.begin(nameOf(this.#name, this.#maxNameBytes));
    this.#name = undefined;
  }

  #beginValue(byte: number, at: number): void {
    if (this.#levels.length === 1) {
      this.#inMember = true;
      this.#from = at;
    }
    const word = WORDS[byte];
    if (byte === QUOTE) this.#state = STRING;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#open(byte === OPEN_OBJECT);
    else if (word !== undefined) {
      this.#state = WORD;
      this.#word = word;
      this.#wordLength = 1;
    } else {
      this.#number = beginNumber(byte);
      this.#state = this.#number === -1 ? BROKEN : NUMBER;
    }
  }

  #open(isObject: boolean): void {
    this.#levels.push(isObject);
    this.#state = this.#levels.length > MAX_LEVELS ? BROKEN : isObject ? FIRST_NAME : FIRST_ITEM;
  }

  #close(isObject: boolean, at: number): void {
    if (this.#levels.pop() === isObject) this.#endValue(at + 1);
    else this.#state = BROKEN;
  }

  /** `end` is behind its last byte. */
  #endValue(end: number): void {
    this.#state = this.#levels.length === 0 ? END : AFTER_VALUE;
    if (this.#levels.length !== 1) return;
    this.#tell(end);
    this.#inMember = false;
  }

  #tell(end: number): void {
    if (end > this.#from) this.#reader.append(this.#chunk.subarray(this.#from, end));
  }
}

const WORDS: Readonly<Record<number, string>> = { 116: 'true', 102: 'false', 110: 'null' };

/** `"` `\` `/` `b` `f` `n` `r` `t` */
const ESCAPED: readonly number[] = [QUOTE, BACKSLASH, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74];

/** Where the characters of a string end that stand for themselves. */
function endOfPlain(chunk: Uint8Array, from: number): number {
  let at = from;
  while (at < chunk.length && chunk[at] !== QUOTE && chunk[at] !== BACKSLASH && chunk[at]! >= 0x20) at++;
  return at;
}

function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
}

function nameOf(written: readonly number[], maxBytes: number): string | undefined {
  const bytes = Buffer.from(written);
  return bytes.length > maxBytes || !isUtf8(bytes) ? undefined : JSON.parse(bytes.toString());
}
