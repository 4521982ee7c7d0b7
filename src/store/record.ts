// One entry's record: a short header, then its key, the origin's ETag, the content type where it is not interned, and
// the value; of a long value only what does not fill a page, the rest being pages of its own.
//
// The header says which parts there are, how long the key is, and how many bytes of the value are here: in two bytes
// where both are short and there is nothing else, as in most caches of many entries; else in a word, with the parts that
// few entries have as words behind it.

import { PAGE_BYTES } from './pages.ts';
import type { Records } from './records.ts';
import { classOf } from './size-classes.ts';

/** Values of fewer bytes lie in the record whole. */
export const PAGED_FROM_BYTES = PAGE_BYTES;

// Two bytes, from the lowest bit: 0, six bits of the key's length, nine of the value's.
const SHORT_HEADER_BYTES = 2;
const MOST_SHORT_KEY = 63;
const MOST_SHORT_VALUE = 511;

// A word, from the lowest bit: 1, the four parts, eight bits of the key's length, twelve of the value's.
const WORD = 1;
/** A key of more than 255 bytes: seventeen bits for it, and how much of the value is here has a word of its own. */
const LONG_KEY = 2;
const TIMED = 4;
const PAGED = 8;
/** It has an ETag of the origin's or a content type of its own. */
const NAMED = 16;
const KEY_SHIFT = 5;
const REST_SHIFT = 13;
const MOST_WORD_KEY = 255;

export const TIME_WORDS = 5;
const PAGED_WORDS = 2;

/** A record's header, read or about to be written; one object serves one record after another. */
export class RecordHeader {
  keyLength = 0;
  etagLength = 0;
  typeLength = 0;
  valueLength = 0;
  timed = false;
  /** First page of a long value. */
  pagesHead = 0;
  /** Bytes of the value that are in the record. */
  restLength = 0;
  timesWord = 0;
  #pagedWord = 0;
  #namedWord = 0;
  /** Where the key begins, in bytes from the record's beginning. */
  keyStart = 0;

  get paged(): boolean {
    return this.valueLength >= PAGED_FROM_BYTES;
  }

  get pageCount(): number {
    return Math.floor(this.valueLength / PAGE_BYTES);
  }

  get restStart(): number {
    return this.keyStart + this.keyLength + this.etagLength + this.typeLength;
  }

  /** Of the whole record. */
  get bytes(): number {
    return this.restStart + this.restLength;
  }

  /** For a key, a value, an ETag and a content type of these lengths. */
  plan(keyLength: number, valueLength: number, timed = false, etagLength = 0, typeLength = 0): void {
    this.keyLength = keyLength;
    this.etagLength = etagLength;
    this.typeLength = typeLength;
    this.valueLength = valueLength;
    this.restLength = valueLength % PAGE_BYTES;
    this.timed = timed;
    this.#place();
  }

  /** The same for a value of another length, where that has the same place in a record of the same size; else false. */
  resizeInPlace(valueLength: number): boolean {
    if (this.paged || this.etagLength + this.typeLength > 0) return false;
    const { keyStart } = this;
    const before = classOf(this.bytes);
    this.valueLength = valueLength;
    this.restLength = valueLength;
    this.#place();
    return this.keyStart === keyStart && classOf(this.bytes) === before;
  }

  /** The same with times, or without. */
  retime(timed: boolean): void {
    this.timed = timed;
    this.#place();
  }

  load(records: Records, place: number): void {
    const head = firstBytes(records, place);
    this.timed = (head & WORD) !== 0 && (head & TIMED) !== 0;
    this.etagLength = 0;
    this.typeLength = 0;
    this.keyLength = keyLengthOf(head);
    if ((head & WORD) === 0) {
      this.keyStart = SHORT_HEADER_BYTES;
      this.restLength = (head >>> 7) & MOST_SHORT_VALUE;
      this.valueLength = this.restLength;
      return;
    }
    this.#placeWords(head);
    this.restLength = (head & LONG_KEY) === 0 ? head >>> REST_SHIFT : records.word(place, 1);
    this.valueLength = this.restLength;
    if ((head & PAGED) !== 0) {
      this.pagesHead = records.word(place, this.#pagedWord);
      this.valueLength = records.word(place, this.#pagedWord + 1);
    }
    if ((head & NAMED) !== 0) {
      const lengths = records.word(place, this.#namedWord);
      this.etagLength = lengths >>> 16;
      this.typeLength = lengths & 0xffff;
    }
  }

  store(records: Records, place: number): void {
    const parts = this.#parts();
    const bytes = records.bytes(place);
    const at = records.offset(place);
    if (parts === 0) {
      const head = (this.keyLength << 1) | (this.restLength << 7);
      bytes[at] = head;
      bytes[at + 1] = head >>> 8;
      return;
    }
    const rest = (parts & LONG_KEY) === 0 ? this.restLength << REST_SHIFT : 0;
    const head = parts | (this.keyLength << KEY_SHIFT) | rest;
    for (let i = 0; i < 4; i++) bytes[at + i] = head >>> (8 * i);
    if ((parts & LONG_KEY) !== 0) records.setWord(place, 1, this.restLength);
    if ((parts & PAGED) !== 0) {
      records.setWord(place, this.#pagedWord, this.pagesHead);
      records.setWord(place, this.#pagedWord + 1, this.valueLength);
    }
    if ((parts & NAMED) !== 0) {
      records.setWord(place, this.#namedWord, (this.etagLength << 16) | this.typeLength);
    }
  }

  /** The parts that the header is to have, 0 where two bytes will do. */
  #parts(): number {
    let parts = 0;
    if (this.keyLength > MOST_WORD_KEY) parts |= LONG_KEY;
    if (this.timed) parts |= TIMED;
    if (this.paged) parts |= PAGED;
    if (this.etagLength + this.typeLength > 0) parts |= NAMED;
    const isShort = this.keyLength <= MOST_SHORT_KEY && this.restLength <= MOST_SHORT_VALUE;
    return parts === 0 && isShort ? 0 : parts | WORD;
  }

  #place(): void {
    const parts = this.#parts();
    if (parts === 0) this.keyStart = SHORT_HEADER_BYTES;
    else this.#placeWords(parts);
  }

  #placeWords(parts: number): void {
    let words = (parts & LONG_KEY) === 0 ? 1 : 2;
    this.timesWord = words;
    if ((parts & TIMED) !== 0) words += TIME_WORDS;
    this.#pagedWord = words;
    if ((parts & PAGED) !== 0) words += PAGED_WORDS;
    this.#namedWord = words;
    if ((parts & NAMED) !== 0) words++;
    this.keyStart = words * 4;
  }
}

/** Whether the record's key is `bytes[start, end)`. */
export function hasKey(
  records: Records,
  place: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const head = firstBytes(records, place);
  return keyLengthOf(head) === end - start && records.equals(place, keyStartOf(head), bytes, start, end);
}

/** Whether the record's key begins with `prefix`. */
export function keyBegins(records: Records, place: number, prefix: Uint8Array): boolean {
  const head = firstBytes(records, place);
  return (
    keyLengthOf(head) >= prefix.length && records.equals(place, keyStartOf(head), prefix, 0, prefix.length)
  );
}

/** How many bytes the record there has; fewer where it has an ETag or a content type of its own. */
export function lengthAt(records: Records, place: number): number {
  const head = firstBytes(records, place);
  if ((head & WORD) === 0) return SHORT_HEADER_BYTES + keyLengthOf(head) + (head >>> 7);
  const rest = (head & LONG_KEY) === 0 ? head >>> REST_SHIFT : records.word(place, 1);
  return keyStartOf(head) + keyLengthOf(head) + rest;
}

/** The first word; where the header is of two bytes, those. */
function firstBytes(records: Records, place: number): number {
  const bytes = records.bytes(place);
  const at = records.offset(place);
  const head = bytes[at]! | (bytes[at + 1]! << 8);
  return (head & WORD) === 0 ? head : head | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

function keyLengthOf(head: number): number {
  if ((head & WORD) === 0) return (head >>> 1) & MOST_SHORT_KEY;
  return (head & LONG_KEY) === 0 ? (head >>> KEY_SHIFT) & MOST_WORD_KEY : head >>> KEY_SHIFT;
}

function keyStartOf(head: number): number {
  if ((head & WORD) === 0) return SHORT_HEADER_BYTES;
  let words = 1;
  if ((head & LONG_KEY) !== 0) words++;
  if ((head & TIMED) !== 0) words += TIME_WORDS;
  if ((head & PAGED) !== 0) words += PAGED_WORDS;
  if ((head & NAMED) !== 0) words++;
  return words * 4;
}

/** Which word of the record is the first of its times, which it has. */
export function timesWordOf(records: Records, place: number): number {
  return (firstBytes(records, place) & LONG_KEY) === 0 ? 1 : 2;
}
