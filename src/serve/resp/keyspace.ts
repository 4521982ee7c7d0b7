// From keys as RESP clients write them to entries of caches: `cache:key`, or a key of the cache `default` as it is.
//
// What a read or a write means is the cache's; here is how RESP asks for it. A slot that is found is good until the
// next write. No string is made of a key, and nothing is allocated for a read of what is stored.

import { checkKeyLength, DEFAULT_CONTENT_TYPE, MAX_KEY_BYTES } from '../../cache/attributes.ts';
import type { Cache, CacheChange } from '../../cache/cache.ts';
import { HIT, NEGATIVE_HIT, NOT_THERE, REFUSED, STALE, WAIT } from '../../cache/cache.ts';
import type { Caches } from '../../cache/caches.ts';
import type { Clock } from '../../cache/clock.ts';
import type { Answer } from '../../cache/flight.ts';
import type { Changes } from '../../changes/changes.ts';
import { RequestError } from '../../errors.ts';
import { NO_SLOT } from '../../store/entries.ts';
import type { Call } from './call.ts';
import type { Client } from './client.ts';
import { errorText } from './error-text.ts';
import { Misses } from './misses.ts';
import type { Reply } from './reply.ts';

export { NO_SLOT };

const COLON = 0x3a;
const LONGEST_NAME = 63;
const DEFAULT = 'default';
const ANY_KEY = Buffer.from('key');
const NO_TAGS: readonly string[] = [];

export interface KeyspaceParts {
  readonly caches: Caches;
  readonly changes: Changes;
  readonly clock: Clock;
  /** What a write means, by cache. */
  readonly facts: ReadonlyMap<string, { readonly mode: string; readonly writes: 'fill' | 'change' }>;
  /** Told of an entry that was given another end: caches tell nobody of that. */
  readonly gotEnd: (cache: string, key: Buffer) => void;
}

/** How a value is stored. */
export interface WriteTerms {
  /** When the entry goes; undefined: as the cache's `ttl` says. */
  readonly endAtMs?: number | undefined;
  /** The end that the entry has, it keeps. */
  readonly keepEnd?: boolean;
  readonly contentType?: string;
  readonly tags?: readonly string[];
  /** Overrules what the cache takes writes for. */
  readonly meaning?: 'fill' | 'change' | undefined;
  /** Not where the key was changed since the client missed it: for SET. */
  readonly leased?: boolean;
}

export class Keyspace {
  /** What `locate` found: the cache, and where in the bytes its key begins. */
  cache!: Cache;
  keyStart = 0;
  /** What `find` and `read` found; NO_SLOT: nothing. */
  slot = NO_SLOT;
  readonly caches: Caches;
  readonly #parts: KeyspaceParts;
  readonly #default: Cache | undefined;
  readonly #misses = new Misses();
  /** What is set in these after a miss is a fill. */
  readonly #filled = new Set<Cache>();
  /** Of these caches several keys mean the same. */
  readonly #folding = new Set<Cache>();
  /** Of the caches but `default`: by the length of their names, as these are compared byte by byte. */
  readonly #named: { readonly name: Buffer; readonly cache: Cache }[][] = [];

  constructor(parts: KeyspaceParts) {
    this.#parts = parts;
    this.caches = parts.caches;
    this.#default = parts.caches.get(DEFAULT);
    for (const cache of parts.caches.all) {
      if (cache.fold(ANY_KEY) !== ANY_KEY) this.#folding.add(cache);
      const facts = parts.facts.get(cache.name);
      if (facts?.writes === 'fill' && facts.mode !== 'replicated') this.#filled.add(cache);
      if (cache === this.#default) continue;
      const name = Buffer.from(cache.name, 'latin1');
      this.#named[name.length] ??= [];
      this.#named[name.length]!.push({ name, cache });
    }
  }

  /** To be told of each change of a cache, right after it. */
  changed(name: string, change: CacheChange): void {
    const cache = this.caches.get(name);
    if (cache) this.#misses.changed(cache, change);
  }

  /** Runs what the client changes by, beyond one key: what it sets afterwards is not of before it. */
  changedBy<T>(client: Client, change: () => T): T {
    return this.#misses.by(client, change);
  }

  /** The cache that plain keys belong to; undefined where the configuration has none called `default`. */
  get defaultCache(): Cache | undefined {
    return this.#default;
  }

  // --- names

  /** Sets `cache` and `keyStart` for the key `bytes[start, end)`. Throws RequestError where it belongs to no cache. */
  locate(bytes: Uint8Array, start: number, end: number): Cache {
    const colonAt = this.#colonIn(bytes, start, Math.min(end, start + LONGEST_NAME + 1));
    const named = colonAt === -1 ? undefined : this.#cacheNamed(bytes, start, colonAt);
    checkKeyLength(end - (named ? colonAt + 1 : start));
    this.keyStart = named ? colonAt + 1 : start;
    const cache = named ?? this.#default;
    if (!cache) throw this.#noDefault();
    this.cache = cache;
    return cache;
  }

  /** The same, and undefined where it belongs to none, or its cache takes several keys for one. */
  plainCacheOf(bytes: Uint8Array, start: number, end: number): Cache | undefined {
    const colonAt = this.#colonIn(bytes, start, Math.min(end, start + LONGEST_NAME + 1));
    const named = colonAt === -1 ? undefined : this.#cacheNamed(bytes, start, colonAt);
    const cache = named ?? this.#default;
    this.keyStart = named ? colonAt + 1 : start;
    const length = end - this.keyStart;
    if (length < 1 || length > MAX_KEY_BYTES || !cache) return undefined;
    return this.#folding.size > 0 && this.#folding.has(cache) ? undefined : cache;
  }

  /** The key as RESP clients write it; undefined for one that they cannot: in `default`, and like one of another cache. */
  nameOf(cache: Cache, key: Buffer): Buffer | undefined {
    if (cache !== this.#default) return Buffer.concat([Buffer.from(`${cache.name}:`, 'latin1'), key]);
    const colonAt = this.#colonIn(key, 0, Math.min(key.length, LONGEST_NAME + 1));
    return colonAt !== -1 && this.#cacheNamed(key, 0, colonAt) ? undefined : key;
  }

  // --- looking: only at what is stored; nothing is counted

  /** The entry of argument `i`, which sets `cache` and `slot`; NO_SLOT also where it is only known not to exist. */
  find(call: Call, i: number): number {
    return this.findIn(call.bytes, call.start(i), call.end(i));
  }

  findIn(bytes: Uint8Array, start: number, end: number): number {
    const cache = this.locate(bytes, start, end);
    const { shelf } = cache;
    let slot: number;
    if (this.#folding.has(cache))
      slot = shelf.peek(cache.fold(Buffer.from(bytes.subarray(this.keyStart, end))));
    else slot = shelf.find(bytes, this.keyStart, end, this.#parts.clock.now());
    if (slot !== NO_SLOT && shelf.isNegative(slot)) slot = NO_SLOT;
    if (slot === NO_SLOT) cache.refuseIncomplete();
    this.slot = slot;
    return slot;
  }

  /** Notes that what was found is in use. */
  touch(): void {
    const { shelf } = this.cache;
    shelf.store.touch(shelf.stored, this.slot, this.#parts.clock.now());
  }

  /** The key of argument `i`, without its cache's name. */
  key(call: Call, i: number): Buffer {
    this.locate(call.bytes, call.start(i), call.end(i));
    return copyOf(call.bytes, this.keyStart, call.end(i));
  }

  /** The same as a part of the call's bytes: good until the command has returned. */
  keyView(call: Call, i: number): Buffer {
    this.locate(call.bytes, call.start(i), call.end(i));
    return call.bytes.subarray(this.keyStart, call.end(i));
  }

  // --- reading, through the loader

  /** Says HIT, STALE, NEGATIVE_HIT, NOT_THERE, REFUSED or WAIT, and sets `cache` and `slot`. */
  read(client: Client, call: Call, i: number): number {
    const end = call.end(i);
    const nowMs = this.#parts.clock.now();
    const cache = this.locate(call.bytes, call.start(i), end);
    const outcome = cache.read(call.bytes, this.keyStart, end, nowMs);
    this.slot = cache.slot;
    if (outcome === NOT_THERE) {
      if (this.#filled.has(cache)) this.#misses.note(client, cache, call.bytes, this.keyStart, end, nowMs);
    } else if (client.voidMisses > 0) {
      this.#misses.take(client, cache, call.bytes, this.keyStart, end, nowMs);
    }
    return outcome;
  }

  /**
   * After `read` said WAIT, at once: resolves when there is an answer, be the client gone or not. Who is answered a value
   * releases it.
   */
  load(call: Call, i: number): Promise<Answer> {
    const { cache } = this;
    const key = copyOf(call.bytes, this.keyStart, call.end(i));
    return new Promise((answered) => {
      cache.wait(key, { answered });
    });
  }

  /** Reads the key of argument `i` and replies with its value, an error, or null. */
  replyRead(client: Client, call: Call, i: number, reply: Reply): void | Promise<void> {
    const outcome = this.read(client, call, i);
    if (outcome === HIT || outcome === STALE) reply.stored(this.cache.shelf.store, this.slot);
    else if (outcome === WAIT) return this.load(call, i).then((answer) => replyAnswer(reply, answer));
    else if (outcome === REFUSED) reply.error(errorText(this.cache.refusal!));
    else reply.null();
  }

  // --- writing

  /**
   * Stores `value[start, end)` under `key` of `cache`; the others hear of it where it is a change. Throws RequestError,
   * TooLargeError or RoomError; nothing changed then.
   */
  write(
    client: Client,
    cache: Cache,
    key: Buffer,
    value: Buffer,
    start: number,
    end: number,
    terms: WriteTerms = {},
  ): void {
    const { shelf } = cache;
    const nowMs = this.#parts.clock.now();
    const isLate = this.#misses.take(client, cache, key, 0, key.length, nowMs);
    if (isLate && terms.leased) {
      cache.counters.voidFills++;
      return;
    }
    const facts = this.#parts.facts.get(cache.name);
    const meaning = facts?.mode === 'replicated' ? 'change' : (terms.meaning ?? facts?.writes);
    const { contentType = DEFAULT_CONTENT_TYPE, tags = NO_TAGS } = terms;
    const endAtMs = terms.keepEnd ? this.#endOf(cache, key, nowMs) : terms.endAtMs;
    const isPlain = meaning === 'fill' && tags.length === 0;
    const latestMs = endAtMs ?? Number.POSITIVE_INFINITY;
    if (isPlain && cache.fillPlain(key, 0, key.length, value, start, end, contentType, latestMs, nowMs))
      return;
    const draft = shelf.store.draft(shelf.stored);
    this.#misses.isFilling = meaning !== 'change';
    try {
      draft.append(value.subarray(start, end));
      cache.write(key, draft, { contentType, tags, endAtMs });
    } catch (error) {
      throw cache.asFull(error);
    } finally {
      this.#misses.isFilling = false;
      draft.release();
    }
    if (meaning === 'change') this.#parts.changes.wrote(cache, key, 'write');
  }

  /** Whether the client is known to have missed the key of this hash, so that a read or a write of it ends that. */
  hasMissed(client: Client, hash: number): boolean {
    return this.#misses.has(client, hash);
  }

  /** Whether a SET in the cache is a fill, of which nobody need hear. */
  isFilled(cache: Cache): boolean {
    return this.#filled.has(cache);
  }

  /** Deletes the key of argument `i`, on every instance; whether it was there. */
  remove(client: Client, call: Call, i: number): boolean {
    const cache = this.locate(call.bytes, call.start(i), call.end(i));
    const key = call.bytes.subarray(this.keyStart, call.end(i));
    const slot = cache.shelf.peek(cache.fold(key));
    const wasThere = slot !== NO_SLOT && !cache.shelf.isNegative(slot);
    this.#misses.take(client, cache, key, 0, key.length, this.#parts.clock.now());
    cache.counters.deletes++;
    cache.invalidateKey(key);
    this.#parts.changes.wrote(cache, key, 'delete');
    return wasThere;
  }

  /** When the entry found goes, Infinity for never. */
  endAtMs(): number {
    return this.cache.shelf.diesAtMs(this.slot, this.#parts.clock.now());
  }

  /** Gives the entry found another end, Infinity for none. */
  setEnd(atMs: number): void {
    const { name, shelf } = this.cache;
    if (this.#rewrite({ endAtMs: atMs })) return;
    const key = shelf.store.key(this.slot);
    shelf.setEnd(this.slot, atMs);
    this.#parts.gotEnd(name, key);
  }

  /** Gives the entry found other tags: here only, but in a replicated cache. */
  setTags(tags: readonly string[]): void {
    const { store, stored } = this.cache.shelf;
    if (!this.#rewrite({ tags })) store.retag(stored, this.slot, tags);
  }

  /** Entries of all caches. */
  get entries(): number {
    let sum = 0;
    for (const { shelf } of this.caches.all) sum += shelf.stored.entries;
    return sum;
  }

  // --- the inside

  /** In a replicated cache it is written anew, and the others hear of it. */
  #rewrite(change: { endAtMs?: number; tags?: readonly string[] }): boolean {
    const { cache } = this;
    if (this.#parts.facts.get(cache.name)?.mode !== 'replicated') return false;
    const key = cache.shelf.store.key(this.slot);
    cache.rewrite(this.slot, key, change);
    this.slot = cache.shelf.peek(key);
    this.#parts.changes.wrote(cache, key, 'write');
    return true;
  }

  #endOf(cache: Cache, key: Buffer, nowMs: number): number | undefined {
    const slot = cache.shelf.peek(cache.fold(key));
    if (slot === NO_SLOT || cache.shelf.isNegative(slot)) return undefined;
    const endAtMs = cache.shelf.diesAtMs(slot, nowMs);
    return endAtMs === Number.POSITIVE_INFINITY ? undefined : endAtMs;
  }

  #colonIn(bytes: Uint8Array, start: number, end: number): number {
    for (let at = start; at < end; at++) if (bytes[at] === COLON) return at;
    return -1;
  }

  #cacheNamed(bytes: Uint8Array, start: number, end: number): Cache | undefined {
    const candidates = this.#named[end - start];
    if (!candidates) return undefined;
    for (const candidate of candidates) if (isSame(candidate.name, bytes, start)) return candidate.cache;
    return undefined;
  }

  #noDefault(): RequestError {
    const names = this.caches.names.map((name) => `'${name}'`).join(', ');
    return new RequestError(
      'unknown_cache',
      `no cache is called 'default'; write keys as cache:key, the caches are ${names}`,
    );
  }
}

/** Replies with what a load brought, and lets go of it. */
export function replyAnswer(reply: Reply, answer: Answer): void {
  if (answer.kind === 'value') reply.value(answer.value);
  else if (answer.kind === 'error') reply.error(errorText(answer.error));
  else reply.null();
}

function isSame(name: Buffer, bytes: Uint8Array, start: number): boolean {
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}

function copyOf(bytes: Buffer, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  bytes.copy(copy, 0, start, end);
  return copy;
}

export { HIT, NEGATIVE_HIT, NOT_THERE, REFUSED, STALE, WAIT };
