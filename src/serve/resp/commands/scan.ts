// Which keys there are, of all caches: KEYS SCAN RANDOMKEY. What is told is their names as clients write them.

import { MAX_KEY_BYTES } from '../../../cache/attributes.ts';
import type { Cache } from '../../../cache/cache.ts';
import { KeyWalk } from '../../../cache/key-walk.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { Glob, MAX_PATTERN_BYTES } from '../glob.ts';
import type { Keyspace } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import { Reply } from '../reply.ts';

/** `random`: in [0, 1). */
export function scanCommands(random: () => number): readonly Command[] {
  return [
    { name: 'keys', arity: 2, flags: ['readonly'], keys: [0, 0, 0], run: keys },
    { name: 'scan', arity: -2, flags: ['readonly'], keys: [0, 0, 0], run: scan },
    {
      name: 'randomkey',
      arity: 1,
      flags: ['readonly'],
      keys: [0, 0, 0],
      run: (context, _call, reply) => randomKey(context, random, reply),
    },
  ];
}

/** Places of one turn: about a millisecond. */
const PLACES_A_TURN = 2000;
/** What the names in one reply take, in all. */
const MOST_REPLY_BYTES = 8 << 20;
const COUNT = 10;
/** Places that are looked at for each key that is asked for, as Redis does. */
const PLACES_A_KEY = 10;
/** However many are asked for: a reply has no more. */
const MOST_COUNT = 100_000;

const PATTERN_TOO_LONG = `ERR the pattern is too long: at most ${MAX_PATTERN_BYTES} bytes`;
const CURSOR = /^[+-]?\d{0,20}$/;

/** Names of entries, gathered as replies while the walk goes on: how many there will be is known only at its end. */
class Names {
  readonly #keyspace: Keyspace;
  readonly #glob: Glob;
  readonly #reply = new Reply();
  /** Of these caches names may match. */
  readonly among: Cache[];
  count = 0;

  constructor(keyspace: Keyspace, glob: Glob) {
    this.#keyspace = keyspace;
    this.#glob = glob;
    this.among = keyspace.caches.all.filter(
      (cache) => cache === keyspace.defaultCache || mayBegin(glob.prefix, Buffer.from(`${cache.name}:`)),
    );
  }

  get bytes(): number {
    return this.#reply.length;
  }

  add(cache: Cache, slot: number): void {
    const name = this.#keyspace.nameOf(cache, cache.shelf.store.key(slot));
    if (!name || !this.#glob.matches(name)) return;
    this.#reply.bulk(name);
    this.count++;
  }

  replyTo(reply: Reply): void {
    reply.array(this.count);
    reply.raw(this.#reply.bytes.subarray(0, this.#reply.length));
  }
}

/** Whether a name may begin with both. */
function mayBegin(one: Buffer, other: Buffer): boolean {
  const length = Math.min(one.length, other.length);
  return one.subarray(0, length).equals(other.subarray(0, length));
}

// --- KEYS

function keys(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  if (call.length(1) > MAX_PATTERN_BYTES) {
    reply.error(PATTERN_TOO_LONG);
    return;
  }
  const names = new Names(context.keyspace, new Glob(call.copy(1)));
  const next = stepKeys(context, names, 0);
  if (next === 0) replyKeys(names, reply);
  else return keysInTurns(context, names, next, reply);
}

async function keysInTurns(context: CommandContext, names: Names, from: number, reply: Reply): Promise<void> {
  for (let at = from; at !== 0; ) {
    await context.turn();
    at = context.client.closed ? 0 : stepKeys(context, names, at);
  }
  replyKeys(names, reply);
}

/** 0 where they are more than may be replied with, too. */
function stepKeys({ clock, keyspace }: CommandContext, names: Names, from: number): number {
  const walk = new KeyWalk(keyspace.caches);
  const visit = (cache: Cache, slot: number): boolean => {
    names.add(cache, slot);
    return names.bytes <= MOST_REPLY_BYTES;
  };
  const next = walk.step(from, PLACES_A_TURN, clock.now(), visit, names.among);
  return names.bytes > MOST_REPLY_BYTES ? 0 : next;
}

function replyKeys(names: Names, reply: Reply): void {
  if (names.bytes <= MOST_REPLY_BYTES) names.replyTo(reply);
  else reply.error('ERR more keys match than one reply may hold; use SCAN');
}

// --- SCAN

interface ScanOptions {
  readonly count: number;
  readonly glob: Glob;
  /** Of another type than strings there is nothing. */
  readonly isOtherType: boolean;
}

function scan(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const from = parseCursor(call);
  const options = from === undefined ? { error: 'ERR invalid cursor' } : parseScan(call);
  if ('error' in options) {
    reply.error(options.error);
    return;
  }
  const names = new Names(context.keyspace, options.glob);
  const walked = new ScanWalk(context, names, options, from!);
  if (walked.step()) walked.replyTo(reply);
  else return walked.inTurns(reply);
}

/** One call of SCAN: until it met so many keys, or looked at so many places. */
class ScanWalk {
  readonly #context: CommandContext;
  readonly #names: Names;
  readonly #options: ScanOptions;
  readonly #walk: KeyWalk;
  #at: number;
  #places: number;
  #met = 0;

  constructor(context: CommandContext, names: Names, options: ScanOptions, from: number) {
    this.#context = context;
    this.#names = names;
    this.#options = options;
    this.#walk = new KeyWalk(context.keyspace.caches);
    this.#places = options.count * PLACES_A_KEY;
    this.#at = from;
  }

  /** True when it is done. */
  step(): boolean {
    const most = Math.min(PLACES_A_TURN, this.#places);
    const visit = (cache: Cache, slot: number): boolean => this.#visit(cache, slot);
    this.#at = this.#walk.step(this.#at, most, this.#context.clock.now(), visit, this.#names.among);
    this.#places -= most;
    return this.#at === 0 || this.#places === 0 || this.#isFull || this.#context.client.closed;
  }

  async inTurns(reply: Reply): Promise<void> {
    do await this.#context.turn();
    while (!this.step());
    this.replyTo(reply);
  }

  replyTo(reply: Reply): void {
    reply.array(2);
    reply.bulkText(String(this.#at));
    this.#names.replyTo(reply);
  }

  get #isFull(): boolean {
    return this.#met >= this.#options.count || this.#names.bytes > MOST_REPLY_BYTES - MAX_KEY_BYTES;
  }

  #visit(cache: Cache, slot: number): boolean {
    this.#met++;
    if (!this.#options.isOtherType) this.#names.add(cache, slot);
    return !this.#isFull;
  }
}

/** As C's strtoul reads it: nothing is 0. */
function parseCursor(call: Call): number | undefined {
  const text = call.text(1);
  if (!CURSOR.test(text) || text === '+' || text === '-') return undefined;
  const cursor = BigInt(text === '' ? 0 : text.replace('+', ''));
  return cursor >= 2n ** 64n || cursor <= -(2n ** 64n) ? undefined : Number(BigInt.asUintN(53, cursor));
}

function parseScan(call: Call): ScanOptions | { error: string } {
  let count = BigInt(COUNT);
  let glob = EVERYTHING;
  let isOtherType = false;
  for (let i = 2; i < call.count; i += 2) {
    if (i + 1 >= call.count) return { error: SYNTAX_ERROR };
    if (call.is(i, 'COUNT')) {
      const given = integerOf(call, i + 1);
      if (given === undefined || given < 1n) {
        return { error: given === undefined ? NOT_AN_INTEGER : SYNTAX_ERROR };
      }
      count = given;
    } else if (call.is(i, 'MATCH')) {
      if (call.length(i + 1) > MAX_PATTERN_BYTES) return { error: PATTERN_TOO_LONG };
      glob = new Glob(call.copy(i + 1));
    } else if (call.is(i, 'TYPE')) {
      isOtherType = !call.is(i + 1, 'STRING');
    } else {
      return { error: SYNTAX_ERROR };
    }
  }
  return { count: Math.min(Number(count), MOST_COUNT), glob, isOtherType };
}

const EVERYTHING = new Glob(Buffer.from('*'));

// --- RANDOMKEY

const NAMELESS_TRIES = 100;

function randomKey({ clock, keyspace }: CommandContext, random: () => number, reply: Reply): void {
  const walk = new KeyWalk(keyspace.caches);
  for (let i = 0; i < NAMELESS_TRIES; i++) {
    const found = walk.any(random, clock.now());
    if (!found) break;
    const name = keyspace.nameOf(found.cache, found.cache.shelf.store.key(found.slot));
    if (!name) continue;
    reply.bulk(name);
    return;
  }
  reply.null();
}
