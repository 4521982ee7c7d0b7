// Which keys there are, of all caches: KEYS SCAN RANDOMKEY. What is told is their names as clients write them.

import type { Cache } from '../../../cache/cache.ts';
import { KeyWalk } from '../../../cache/key-walk.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { Glob, MAX_PATTERN_BYTES } from '../glob.ts';
import { KeyListing } from '../key-listing.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';

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

const COUNT = 10n;
/** However many are asked for: a reply has no more. */
const MOST_COUNT = 100_000;
/** Places that are looked at for each key that is asked for, as Redis does, and at least: most may be free. In turns. */
const PLACES_A_KEY = 10;
const LEAST_PLACES = 1_000_000;

const PATTERN_TOO_LONG = `ERR the pattern is too long: at most ${MAX_PATTERN_BYTES} bytes`;
const CURSOR = /^(?:[+-]?\d{1,20})?$/;

// --- KEYS

function keys(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  if (call.length(1) > MAX_PATTERN_BYTES) {
    reply.error(PATTERN_TOO_LONG);
    return;
  }
  const glob = new Glob(call.copy(1));
  const all = Number.POSITIVE_INFINITY;
  const listing = new KeyListing(context, { glob, from: 0, mostKeys: all, mostPlaces: all });
  return listing.run(() => {
    if (listing.at === 0) listing.replyTo(reply);
    else reply.error('ERR more keys match than one reply may hold; use SCAN');
  });
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
  const { count, glob, isOtherType } = options;
  const listing = new KeyListing(context, {
    glob,
    from: from!,
    mostKeys: count,
    mostPlaces: Math.max(LEAST_PLACES, count * PLACES_A_KEY),
    gathersNone: isOtherType,
  });
  return listing.run(() => {
    reply.array(2);
    reply.bulkText(String(listing.at));
    listing.replyTo(reply);
  });
}

/** As C's strtoul reads it: nothing is 0. */
function parseCursor(call: Call): number | undefined {
  const text = call.text(1);
  if (!CURSOR.test(text)) return undefined;
  const cursor = BigInt(text === '' ? 0 : text.replace('+', ''));
  return cursor >= 2n ** 64n || cursor <= -(2n ** 64n) ? undefined : Number(BigInt.asUintN(53, cursor));
}

function parseScan(call: Call): ScanOptions | { error: string } {
  let count = COUNT;
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
/** So few are all looked at: where most places are free, who stands right behind another is hardly met by chance. */
const FEW = 64;
const MOST_PLACES = Number.MAX_SAFE_INTEGER;

function randomKey({ clock, keyspace }: CommandContext, random: () => number, reply: Reply): void {
  const walk = new KeyWalk(keyspace.caches.store, keyspace.caches.all);
  const isFew = keyspace.entries <= FEW;
  const few: { cache: Cache; slot: number }[] = [];
  if (isFew) walk.step(0, MOST_PLACES, clock.now(), (cache, slot) => few.push({ cache, slot }) > 0);
  for (let i = 0; i < NAMELESS_TRIES; i++) {
    const found = isFew ? few[Math.floor(random() * few.length)] : walk.any(random, clock.now());
    if (!found) break;
    const name = keyspace.nameOf(found.cache, found.cache.shelf.store.key(found.slot));
    if (!name) continue;
    reply.bulk(name);
    return;
  }
  reply.null();
}
