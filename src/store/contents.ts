// What the entries' records say, by slot: key, value, ETag, content type, and the hash of the key.

import type { Budget } from './budget.ts';
import { ContentTypes, NOT_INTERNED } from './content-types.ts';
import { type Entries, NO_SLOT } from './entries.ts';
import { type HashSeed, hashBytes } from './hash.ts';
import { HeldValue } from './held-value.ts';
import { PAGE_BYTES, PAGE_COST_BYTES, Pages } from './pages.ts';
import { Pins } from './pins.ts';
import { hasKey, keyBegins, RecordHeader } from './record.ts';
import { type Moved, Records } from './records.ts';
import { SIZE_CLASSES } from './size-classes.ts';
import type { Value } from './value.ts';

/** Longer ones are copied by a call that is faster for them. */
const COPIED_BY_WORDS = 300;

export interface ContentsParts {
  readonly memoryBytes: number;
  readonly entries: Entries;
  readonly budget: Budget;
  readonly seed: HashSeed;
  /** Told that the record of an entry is at another place now. */
  readonly moved: Moved;
}

export class Contents {
  readonly pages: Pages;
  readonly records: Records;
  readonly types = new ContentTypes();
  readonly pins: Pins;
  readonly #entries: Entries;
  readonly #budget: Budget;
  readonly #seed: HashSeed;
  /** Of the entry that is looked at, and of the one whose key is hashed. */
  readonly #header = new RecordHeader();
  readonly #hashing = new RecordHeader();
  /** The key that was hashed last, by its slot: removing and storing ask more than once. */
  #hashedSlot = NO_SLOT;
  #hashed = 0;

  constructor({ memoryBytes, entries, budget, seed, moved }: ContentsParts) {
    // Of each size one page may be partly used: that is not charged.
    this.pages = new Pages(Math.ceil(memoryBytes / PAGE_BYTES) + SIZE_CLASSES + 1);
    this.records = new Records(this.pages, moved);
    this.pins = new Pins(this.pages, budget);
    this.#entries = entries;
    this.#budget = budget;
    this.#seed = seed;
  }

  /** The header of the entry's record, until another's is asked for. */
  header(slot: number): RecordHeader {
    this.#header.load(this.records, this.#entries.place(slot));
    return this.#header;
  }

  // --- keys

  key(slot: number): Buffer {
    const header = this.header(slot);
    const key = Buffer.allocUnsafe(header.keyLength);
    this.records.read(this.#entries.place(slot), header.keyStart, key, 0, key.length);
    return key;
  }

  isKey(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    return hasKey(this.records, this.#entries.place(slot), bytes, start, end);
  }

  keyStartsWith(slot: number, prefix: Uint8Array): boolean {
    return keyBegins(this.records, this.#entries.place(slot), prefix);
  }

  hashOf(slot: number): number {
    if (slot === this.#hashedSlot) return this.#hashed;
    this.#hashed = this.hashAt(this.#entries.place(slot));
    this.#hashedSlot = slot;
    return this.#hashed;
  }

  /** What `hashOf` would say of the entry in this slot. */
  setHash(slot: number, hash: number): void {
    this.#hashedSlot = slot;
    this.#hashed = hash;
  }

  /** The slot is free, or has another entry. */
  forgetHash(slot: number): void {
    if (this.#hashedSlot === slot) this.#hashedSlot = NO_SLOT;
  }

  /** Hash of the first `length` bytes of the entry's key; undefined where it is shorter. */
  hashOfBeginning(slot: number, length: number): number | undefined {
    const place = this.#entries.place(slot);
    this.#hashing.load(this.records, place);
    const { keyLength, keyStart } = this.#hashing;
    return keyLength < length ? undefined : this.#hashOfKey(place, keyStart, length);
  }

  /** Hash of the key of the record there. */
  hashAt(place: number): number {
    const header = this.#hashing;
    header.load(this.records, place);
    return this.#hashOfKey(place, header.keyStart, header.keyLength);
  }

  // --- values and what describes them

  /** The ETag that the origin gave, '' where it gave none. */
  etag(slot: number): string {
    const header = this.header(slot);
    return this.#text(slot, header.keyStart + header.keyLength, header.etagLength);
  }

  contentType(slot: number): string {
    const typeId = this.#entries.typeId(slot);
    if (typeId !== NOT_INTERNED) return this.types.name(typeId);
    const header = this.header(slot);
    return this.#text(slot, header.restStart - header.typeLength, header.typeLength);
  }

  valueLength(slot: number): number {
    return this.header(slot).valueLength;
  }

  /** Copies `length` bytes of the value from `position` into `target[at…]`. */
  copyValue(slot: number, position: number, target: Uint8Array, at: number, length: number): void {
    const header = this.header(slot);
    const restFrom = header.valueLength - header.restLength;
    const paged = Math.max(0, Math.min(length, restFrom - position));
    if (paged > 0) this.pages.read(header.pagesHead, position, target, at, paged);
    if (paged === length) return;
    const from = header.restStart + position + paged - restFrom;
    this.records.read(this.#entries.place(slot), from, target, at + paged, length - paged);
  }

  /** Copies the value of the entry whose length was asked for last, whole; `view` is a view of `target`. */
  copyFound(slot: number, target: Uint8Array, view: DataView, at: number): void {
    const header = this.#header;
    const place = this.#entries.place(slot);
    const { restLength, restStart, valueLength } = header;
    const isShort = valueLength <= COPIED_BY_WORDS && this.records.inOnePage(place, restStart + restLength);
    if (isShort) this.records.readShort(place, restStart, view, at, restLength);
    else this.copyValue(slot, 0, target, at, valueLength);
  }

  /** The value, kept until it is released. */
  hold(slot: number): Value {
    const { pages, pins } = this;
    const header = this.header(slot);
    const rest = Buffer.allocUnsafeSlow(header.restLength);
    this.records.read(this.#entries.place(slot), header.restStart, rest, 0, rest.length);
    const paged = header.paged
      ? { head: header.pagesHead, costBytes: header.pageCount * PAGE_COST_BYTES }
      : undefined;
    return new HeldValue({ pages, pins, budget: this.#budget, paged, rest, length: header.valueLength });
  }

  /** Keys and values alone. */
  payloadOf(slot: number): number {
    const header = this.header(slot);
    return header.keyLength + header.valueLength;
  }

  // --- writing

  /** Gives the entry a record of this header, whose place is returned: the rest of it is still to be written. */
  begin(slot: number, header: RecordHeader): number {
    const place = this.records.take(header.bytes);
    header.store(this.records, place);
    this.#entries.setPlace(slot, place);
    return place;
  }

  /** Gives the entry a record; `rest` is its value, or of a long one what is not in pages. */
  write(
    slot: number,
    header: RecordHeader,
    key: Uint8Array,
    etag: string,
    type: string,
    rest: Uint8Array,
  ): void {
    const place = this.begin(slot, header);
    let at = header.keyStart;
    this.records.write(place, at, key, 0, key.length);
    at += key.length;
    for (const text of [etag, type]) {
      if (text !== '') this.records.write(place, at, Buffer.from(text, 'latin1'), 0, text.length);
      at += text.length;
    }
    this.records.write(place, at, rest, 0, header.restLength);
  }

  /** Gives the entry a record in place of its own that differs in the header alone. */
  rewrite(slot: number, header: RecordHeader): void {
    const before = this.#entries.place(slot);
    const { bytes, keyStart } = this.header(slot);
    const body = Buffer.allocUnsafe(bytes - keyStart);
    this.records.read(before, keyStart, body, 0, body.length);
    const place = this.begin(slot, header);
    this.records.write(place, header.keyStart, body, 0, body.length);
    this.records.free(before, bytes);
  }

  // --- the inside

  #hashOfKey(place: number, keyStart: number, length: number): number {
    if (this.records.inOnePage(place, keyStart + length)) {
      const start = this.records.offset(place) + keyStart;
      return hashBytes(this.records.bytes(place), start, start + length, this.#seed, 0);
    }
    const key = Buffer.allocUnsafe(length);
    this.records.read(place, keyStart, key, 0, length);
    return hashBytes(key, 0, length, this.#seed, 0);
  }

  #text(slot: number, from: number, length: number): string {
    if (length === 0) return '';
    const bytes = Buffer.allocUnsafe(length);
    this.records.read(this.#entries.place(slot), from, bytes, 0, length);
    return bytes.toString('latin1');
  }
}
