// The short way for what most clients do most: GET of an entry that is there, and a plain SET, also with EX or PX.
// Commands that came together are looked through first, so that the store has the memory of all their entries at one
// time; then they are run where they lie, without making a call of each.
//
// It takes only what is as simple as that, and means then just what parser, dispatch and command would do. It stops at
// the first command that is anything else, or not all there: that one, and what is behind it, goes the ordinary way.

import { DEFAULT_CONTENT_TYPE } from '../../cache/attributes.ts';
import type { Cache } from '../../cache/cache.ts';
import { NO_SLOT } from '../../store/entries.ts';
import { MOST_EXPECTED } from '../../store/expected-keys.ts';
import type { Client } from './client.ts';
import type { Keyspace } from './keyspace.ts';
import type { Reply } from './reply.ts';
import type { ServerFacts } from './server-facts.ts';

const CR = 0x0d;
const LF = 0x0a;
/** `*2\r\n$3\r\nGET\r\n$`: up to the length of the key. */
const HEAD_BYTES = 14;
/** Numbers of more digits are no short way's. */
const MOST_DIGITS = 9;
/** `$2\r\nEX\r\n$`: up to the length of the time. */
const LIFE_HEAD_BYTES = 9;
/** Longer values go the ordinary way. */
const LONG_VALUE_BYTES = 4096;
/** Room that a reply takes beyond its value. */
const REPLY_BYTES = 32;

export class Express {
  readonly #keyspace: Keyspace;
  readonly #server: ServerFacts;
  // Of each command that was looked at: where its key and its value are, how long that is to live, and where it ends. A GET
  // has no value: -1.
  readonly #keyStarts = new Int32Array(MOST_EXPECTED);
  readonly #keyEnds = new Int32Array(MOST_EXPECTED);
  readonly #valueStarts = new Int32Array(MOST_EXPECTED);
  readonly #valueEnds = new Int32Array(MOST_EXPECTED);
  readonly #livesMs = new Float64Array(MOST_EXPECTED);
  readonly #starts = new Int32Array(MOST_EXPECTED);
  readonly #ends = new Int32Array(MOST_EXPECTED);
  readonly #caches: Cache[] = [];
  /** So many commands were looked at, and of those so many run or passed over. */
  #count = 0;
  #next = 0;
  #bytes: Buffer = NOTHING;
  #isPrepared = false;
  #end = 0;
  /** Behind what was looked at. */
  #at = 0;

  constructor(keyspace: Keyspace, server: ServerFacts) {
    this.#keyspace = keyspace;
    this.#server = server;
  }

  /**
   * Runs the commands in `bytes[from, end)` as long as their replies find room in what `reply` has; says where the first
   * one begins that it did not run. Whoever runs that one goes on behind it. Looks at them first where nobody has. Only
   * for clients whose commands are simply run, while nobody tracks; the bytes stay as they are until `forget`.
   */
  run(client: Client, bytes: Buffer, from: number, end: number, reply: Reply, nowMs: number): number {
    if (!this.#isNext(bytes, from)) {
      if (this.#isPrepared) return from;
      this.#begin(bytes);
      this.look(from, end);
      this.fetch();
    }
    const first = this.#next;
    let next = first;
    let at = from;
    for (; next < this.#count && this.#starts[next] === at && this.#ends[next]! <= end; next++) {
      if (!this.#runOne(client, next, reply, nowMs)) break;
      at = this.#ends[next]!;
    }
    this.#server.commands += next - first;
    this.#next = next;
    return at;
  }

  /** Until `forget`, `run` runs only what was looked at in these bytes. */
  prepare(bytes: Buffer): void {
    this.#begin(bytes);
    this.#isPrepared = true;
  }

  /** Looks at commands in `[from, end)`, up to the first that is not for the short way; false where no more can be kept. */
  look(from: number, end: number): boolean {
    this.#end = end;
    this.#at = from;
    while (this.#count < MOST_EXPECTED && this.#lookAt(this.#count)) this.#count++;
    return this.#count < MOST_EXPECTED;
  }

  /** Has the memory of all that was looked at come. */
  fetch(): void {
    this.#keyspace.caches.store.expected.fetch();
  }

  /** The bytes are another's. */
  forget(): void {
    if (this.#bytes === NOTHING) return;
    this.#bytes = NOTHING;
    this.#isPrepared = false;
    this.#count = 0;
    this.#keyspace.caches.store.expected.forget();
  }

  // --- looking

  #begin(bytes: Buffer): void {
    this.#bytes = bytes;
    this.#count = 0;
    this.#next = 0;
    this.#keyspace.caches.store.expected.begin(bytes);
  }

  /** Whether the next one that was looked at, and not passed over, begins there. */
  #isNext(bytes: Buffer, at: number): boolean {
    if (bytes !== this.#bytes) return false;
    let next = this.#next;
    while (next < this.#count && this.#starts[next]! < at) next++;
    this.#next = next;
    return next < this.#count && this.#starts[next] === at;
  }

  /** False where what begins at `#at` is no GET or SET of a known cache that came as a whole. */
  #lookAt(i: number): boolean {
    const bytes = this.#bytes;
    this.#starts[i] = this.#at;
    const words = this.#words(this.#at);
    if (words === 0) return false;
    this.#at += HEAD_BYTES;
    const keyLength = this.#length();
    if (keyLength < 0) return false;
    const keyStart = this.#at;
    const keyEnd = keyStart + keyLength;
    this.#at = keyEnd + 2;
    let valueStart = -1;
    if (words > 2) {
      if (this.#at >= this.#end || bytes[this.#at++] !== 0x24) return false;
      const valueLength = this.#length();
      if (valueLength < 0) return false;
      valueStart = this.#at;
      this.#valueEnds[i] = valueStart + valueLength;
      this.#at = valueStart + valueLength + 2;
      this.#livesMs[i] = words === 5 ? this.#lifeMs() : FOR_EVER_MS;
      if (this.#livesMs[i] === 0) return false;
    }
    if (this.#at > this.#end) return false;
    const cache = this.#keyspace.plainCacheOf(bytes, keyStart, keyEnd);
    if (!cache) return false;
    this.#caches[i] = cache;
    this.#keyStarts[i] = this.#keyspace.keyStart;
    this.#keyEnds[i] = keyEnd;
    this.#valueStarts[i] = valueStart;
    this.#ends[i] = this.#at;
    cache.shelf.store.expected.add(this.#keyspace.keyStart, keyEnd);
    return true;
  }

  /** Of how many words the GET or SET is that begins there; 0 for any other command. Letters may be small. */
  #words(at: number): number {
    const bytes = this.#bytes;
    if (at + HEAD_BYTES > this.#end) return 0;
    const words = bytes[at + 1]! - 0x30;
    const letter = bytes[at + 8]! & 0xdf;
    const isHead =
      bytes[at] === 0x2a &&
      bytes[at + 2] === CR &&
      bytes[at + 3] === LF &&
      bytes[at + 4] === 0x24 &&
      bytes[at + 5] === 0x33 &&
      bytes[at + 6] === CR &&
      bytes[at + 7] === LF &&
      (bytes[at + 9]! & 0xdf) === 0x45 &&
      (bytes[at + 10]! & 0xdf) === 0x54 &&
      bytes[at + 11] === CR &&
      bytes[at + 12] === LF &&
      bytes[at + 13] === 0x24;
    if (!isHead) return 0;
    const isSet = letter === 0x53 && (words === 3 || words === 5);
    return isSet || (letter === 0x47 && words === 2) ? words : 0;
  }

  /** What `EX seconds` or `PX milliseconds` from `#at` on says, 0 where it is not plainly that. */
  #lifeMs(): number {
    const bytes = this.#bytes;
    const at = this.#at;
    if (at + LIFE_HEAD_BYTES > this.#end) return 0;
    const letter = bytes[at + 4]! & 0xdf;
    const isHead =
      bytes[at] === 0x24 &&
      bytes[at + 1] === 0x32 &&
      bytes[at + 2] === CR &&
      bytes[at + 3] === LF &&
      (letter === 0x45 || letter === 0x50) &&
      (bytes[at + 5]! & 0xdf) === 0x58 &&
      bytes[at + 6] === CR &&
      bytes[at + 7] === LF &&
      bytes[at + 8] === 0x24;
    if (!isHead) return 0;
    this.#at = at + LIFE_HEAD_BYTES;
    const digits = this.#length();
    const from = this.#at;
    const time = this.#length();
    if (digits < 1 || time < 1 || this.#at !== from + digits + 2) return 0;
    return letter === 0x45 ? time * 1000 : time;
  }

  /** The number of the line from `#at` on, -1 where it is not plainly one. */
  #length(): number {
    const bytes = this.#bytes;
    const from = this.#at;
    const stop = Math.min(from + MOST_DIGITS, this.#end);
    let at = from;
    let value = 0;
    for (; at < stop; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    // With a zero in front it is none; others say so.
    if (at === from || (bytes[from] === 0x30 && at > from + 1)) return -1;
    if (at + 1 >= this.#end || bytes[at] !== CR) return -1;
    this.#at = at + 2;
    return value;
  }

  // --- running

  #runOne(client: Client, i: number, reply: Reply, nowMs: number): boolean {
    const cache = this.#caches[i]!;
    const bytes = this.#bytes;
    const keyStart = this.#keyStarts[i]!;
    const keyEnd = this.#keyEnds[i]!;
    const valueStart = this.#valueStarts[i]!;
    const { store, stored } = cache.shelf;
    if (client.misses && this.#keyspace.hasMissed(client, store.expectedHash(stored, i))) return false;
    if (valueStart !== -1) {
      if (reply.roomBytes < REPLY_BYTES) return false;
      if (!this.#keyspace.isFilled(cache)) return false;
      const valueEnd = this.#valueEnds[i]!;
      const endMs = Math.floor(nowMs) + this.#livesMs[i]!;
      const type = DEFAULT_CONTENT_TYPE;
      if (!cache.fillPlain(bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, type, endMs, nowMs))
        return false;
      client.lastCommand = 'set';
      reply.ok();
      return true;
    }
    const slot = cache.findPlain(bytes, keyStart, keyEnd, nowMs);
    if (slot === NO_SLOT) return false;
    const length = store.valueLength(slot);
    if (length > LONG_VALUE_BYTES || length + REPLY_BYTES > reply.roomBytes) return false;
    reply.found(store, slot, length);
    cache.readPlain(slot, nowMs);
    client.lastCommand = 'get';
    return true;
  }
}

const NOTHING = Buffer.alloc(0);
const FOR_EVER_MS = Number.POSITIVE_INFINITY;
