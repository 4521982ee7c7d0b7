// Storing, deleting and looking at values: GET SET DEL UNLINK EXISTS TYPE. Reading several: mget.ts.

import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER } from '../error-text.ts';
import { invalidExpireTime, momentOf } from '../expire-options.ts';
import { inTurns } from '../in-turns.ts';
import { NO_SLOT, type WriteTerms } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import { parseSetOptions, type SetOptions } from '../set-options.ts';
import { mget } from './mget.ts';

export const basicCommands: readonly Command[] = [
  { name: 'get', arity: 2, flags: ['readonly', 'fast', 'overtakes'], keys: [1, 1, 1], run: get },
  { name: 'mget', arity: -2, flags: ['readonly', 'fast', 'overtakes'], keys: [1, -1, 1], run: mget },
  { name: 'set', arity: -3, flags: ['write', 'denyoom'], keys: [1, 1, 1], run: set },
  { name: 'del', arity: -2, flags: ['write'], keys: [1, -1, 1], run: del },
  { name: 'unlink', arity: -2, flags: ['write', 'fast'], keys: [1, -1, 1], run: del },
  { name: 'exists', arity: -2, flags: ['readonly', 'fast'], keys: [1, -1, 1], run: exists },
  { name: 'type', arity: 2, flags: ['readonly', 'fast'], keys: [1, 1, 1], run: type },
];

function get({ keyspace, client }: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  return keyspace.replyRead(client, call, 1, reply);
}

// --- SET

function set(context: CommandContext, call: Call, reply: Reply): void {
  if (call.count === 3) {
    store(context, call, LEASED);
    reply.ok();
    return;
  }
  const options = parseSetOptions(call, 3);
  if (typeof options === 'string') reply.error(options);
  else setWith(context, call, options, reply);
}

function setWith(context: CommandContext, call: Call, options: SetOptions, reply: Reply): void {
  const endAtMs = endOf(context, call, options);
  if (typeof endAtMs === 'string') {
    reply.error(endAtMs);
    return;
  }
  const { keyspace } = context;
  const { mark } = reply;
  const looks = options.get || options.condition !== undefined;
  const isThere = looks && keyspace.find(call, 1) !== NO_SLOT;
  const isMet = options.condition === undefined || (options.condition === 'xx') === isThere;
  if (options.get && isThere) reply.stored(keyspace.cache.shelf.store, keyspace.slot);
  else if (options.get || !isMet) reply.null();
  if (!isMet) return;
  try {
    storeUntil(context, call, endAtMs, options);
  } catch (error) {
    reply.truncate(mark);
    throw error;
  }
  if (!options.get) reply.ok();
}

function storeUntil(
  context: CommandContext,
  call: Call,
  endAtMs: number | undefined,
  { condition, get, keepEnd }: SetOptions,
): void {
  const { client, clock, keyspace } = context;
  // Who sets a condition, or is told what was there, knows what it replaces.
  const leased = condition === undefined && !get;
  // An end that has passed already: what was there before must go all the same.
  if (endAtMs !== undefined && endAtMs <= clock.now()) keyspace.remove(client, call, 1);
  else store(context, call, { endAtMs, keepEnd, leased });
}

const LEASED: WriteTerms = { leased: true };

function store({ client, keyspace }: CommandContext, call: Call, terms: WriteTerms): void {
  const key = keyspace.keyView(call, 1);
  const { cache } = keyspace;
  keyspace.write(client, cache, key, call.bytes, call.start(2), call.end(2), terms);
}

/** When the value is to go; undefined: as its cache says; an error text where that is no time. */
function endOf({ clock }: CommandContext, call: Call, options: SetOptions): number | string | undefined {
  if (!options.end) return undefined;
  const given = integerOf(call, options.end.at);
  if (given === undefined) return NOT_AN_INTEGER;
  const endAtMs = given > 0n ? momentOf(given, options.end.form, clock.now()) : undefined;
  return endAtMs ?? invalidExpireTime('set');
}

// --- the others

/** Deleting takes about a millisecond for so many. */
const KEYS_A_TURN = 1000;

function del(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const { client, keyspace } = context;
  return countKeys(context, call, reply, (of, i) => keyspace.remove(client, of, i));
}

function exists(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const { keyspace } = context;
  return countKeys(context, call, reply, (of, i) => keyspace.find(of, i) !== NO_SLOT);
}

/** Replies for how many of its keys `run` says true; all at once, unless they are very many. */
function countKeys(
  context: CommandContext,
  call: Call,
  reply: Reply,
  run: (call: Call, i: number) => boolean,
): void | Promise<void> {
  let count = 0;
  const runOne = (of: Call, i: number): void => {
    if (run(of, i)) count++;
  };
  if (call.count > KEYS_A_TURN) {
    const steps = { first: 1, step: 1, aTurn: KEYS_A_TURN };
    return inTurns(context, call, steps, runOne).then(() => reply.integer(count));
  }
  for (let i = 1; i < call.count; i++) runOne(call, i);
  reply.integer(count);
}

function type({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  reply.simple(keyspace.find(call, 1) === NO_SLOT ? 'none' : 'string');
}
