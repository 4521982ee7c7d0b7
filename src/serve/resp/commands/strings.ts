// Whole values: SETNX SETEX PSETEX GETSET GETDEL GETEX MSET MSETNX APPEND STRLEN.

import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { errorText, NOT_AN_INTEGER, wrongArity } from '../error-text.ts';
import {
  type EndOption,
  invalidExpireTime,
  MILLISECONDS,
  momentOf,
  parseEndOption,
  SECONDS,
  type TimeForm,
} from '../expire-options.ts';
import { inTurns } from '../in-turns.ts';
import { HIT, NO_SLOT, REFUSED, replyAnswer, STALE, WAIT, type WriteTerms } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import { foundLength, rewriteFound, touchFound } from '../rewriting.ts';
import { tooLongError } from '../value-length.ts';

export const stringCommands: readonly Command[] = [
  { name: 'setnx', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: setnx },
  { name: 'setex', arity: 4, flags: ['write', 'denyoom'], keys: [1, 1, 1], run: setex },
  { name: 'psetex', arity: 4, flags: ['write', 'denyoom'], keys: [1, 1, 1], run: psetex },
  { name: 'getset', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: getset },
  { name: 'getdel', arity: 2, flags: ['write', 'fast'], keys: [1, 1, 1], run: getdel },
  { name: 'getex', arity: -2, flags: ['write', 'fast', 'overtakes'], keys: [1, 1, 1], run: getex },
  { name: 'mset', arity: -3, flags: ['write', 'denyoom'], keys: [1, -1, 2], run: mset },
  { name: 'msetnx', arity: -3, flags: ['write', 'denyoom'], keys: [1, -1, 2], run: msetnx },
  { name: 'append', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: append },
  { name: 'strlen', arity: 2, flags: ['readonly', 'fast'], keys: [1, 1, 1], run: strlen },
];

// --- writing

/** Of MSET. */
const PAIRS_AT_ONCE = 1000;
/** Of what is stored whatever is there: it may come after a miss, with what was read elsewhere. */
const LEASED: WriteTerms = { leased: true };

function setnx(context: CommandContext, call: Call, reply: Reply): void {
  const isFree = context.keyspace.find(call, 1) === NO_SLOT;
  if (isFree) write(context, call, 1, 2);
  reply.integer(isFree ? 1 : 0);
}

function setex(context: CommandContext, call: Call, reply: Reply): void {
  setUntil(context, call, reply, SECONDS, 'setex');
}

function psetex(context: CommandContext, call: Call, reply: Reply): void {
  setUntil(context, call, reply, MILLISECONDS, 'psetex');
}

function setUntil(context: CommandContext, call: Call, reply: Reply, form: TimeForm, name: string): void {
  const end = endOf(context, call, 2, form, name);
  if (typeof end === 'string') {
    reply.error(end);
    return;
  }
  write(context, call, 1, 3, { endAtMs: end, leased: true });
  reply.ok();
}

function getset(context: CommandContext, call: Call, reply: Reply): void {
  replyFound(context, call, reply);
  write(context, call, 1, 2);
}

/** All at once, unless they are very many: then others may read between what is stored already and what is not. */
function mset(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  if (call.count % 2 === 0) {
    reply.error(wrongArity('mset'));
    return;
  }
  if (call.count > 2 * PAIRS_AT_ONCE) {
    const steps = { first: 1, step: 2, aTurn: PAIRS_AT_ONCE };
    return inTurns(context, call, steps, (of, i) => write(context, of, i, i + 1, LEASED)).then(() =>
      reply.ok(),
    );
  }
  for (let i = 1; i < call.count; i += 2) write(context, call, i, i + 1, LEASED);
  reply.ok();
}

function msetnx(context: CommandContext, call: Call, reply: Reply): void {
  if (call.count % 2 === 0) {
    reply.error(wrongArity('msetnx'));
    return;
  }
  for (let i = 1; i < call.count; i += 2) {
    if (context.keyspace.find(call, i) === NO_SLOT) continue;
    reply.integer(0);
    return;
  }
  for (let i = 1; i < call.count; i += 2) write(context, call, i, i + 1);
  reply.integer(1);
}

function append(context: CommandContext, call: Call, reply: Reply): void {
  const { keyspace } = context;
  keyspace.find(call, 1);
  const before = foundLength(keyspace);
  const length = before + call.length(2);
  const tooLong = tooLongError(keyspace.cache, length);
  if (tooLong) {
    reply.error(tooLong);
    return;
  }
  rewriteFound(context, call, 1, length, (value) => {
    call.bytes.copy(value, before, call.start(2), call.end(2));
  });
  reply.integer(length);
}

function write(context: CommandContext, call: Call, key: number, value: number, terms?: WriteTerms): void {
  const { client, keyspace } = context;
  const bytes = keyspace.key(call, key);
  keyspace.write(client, keyspace.cache, bytes, call.bytes, call.start(value), call.end(value), terms);
}

// --- reading what is stored

function strlen(context: CommandContext, call: Call, reply: Reply): void {
  context.keyspace.find(call, 1);
  touchFound(context);
  reply.integer(foundLength(context.keyspace));
}

function getdel(context: CommandContext, call: Call, reply: Reply): void {
  replyFound(context, call, reply);
  context.keyspace.remove(context.client, call, 1);
}

/** Replies with what is stored under the first key. */
function replyFound({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  const slot = keyspace.find(call, 1);
  if (slot === NO_SLOT) reply.null();
  else reply.stored(keyspace.cache.shelf.store, slot);
}

// --- reading through the loader

function getex(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const parsed = parseEndOption(call, 2);
  if ('error' in parsed) {
    reply.error(parsed.error);
    return;
  }
  const { client, keyspace } = context;
  const outcome = keyspace.read(client, call, 1);
  if (outcome === WAIT) return getexLoaded(context, call, reply, parsed.option);
  if (outcome === REFUSED) {
    reply.error(errorText(keyspace.cache.refusal!));
  } else if (outcome === HIT || outcome === STALE) {
    const end = newEnd(context, call, parsed.option);
    if (typeof end === 'string') {
      reply.error(end);
    } else {
      reply.stored(keyspace.cache.shelf.store, keyspace.slot);
      giveEnd(context, call, end);
    }
  } else {
    reply.null();
  }
}

async function getexLoaded(
  context: CommandContext,
  given: Call,
  reply: Reply,
  option: EndOption,
): Promise<void> {
  const call = given.keep();
  const answer = await context.keyspace.load(given, 1);
  const end = answer.kind === 'value' ? newEnd(context, call, option) : undefined;
  if (answer.kind === 'value' && typeof end === 'string') {
    answer.value.release();
    reply.error(end);
    return;
  }
  replyAnswer(reply, answer);
  if (typeof end === 'number') giveEnd(context, call, end);
}

/** Milliseconds since 1970, Infinity for no end; undefined: as it is; an error text where none can be so. */
function newEnd(context: CommandContext, call: Call, option: EndOption): number | string | undefined {
  if (option === undefined) return undefined;
  if (option === 'persist') return Number.POSITIVE_INFINITY;
  return endOf(context, call, option.at, option.form, 'getex');
}

/** To the entry under the first key, unless it went for the room that its value takes in the reply. */
function giveEnd({ client, clock, keyspace }: CommandContext, call: Call, end: number | undefined): void {
  if (end === undefined || keyspace.find(call, 1) === NO_SLOT) return;
  if (end <= clock.now()) keyspace.remove(client, call, 1);
  else keyspace.setEnd(end);
}

/** What argument `i` says, or an error text. */
function endOf(
  context: CommandContext,
  call: Call,
  i: number,
  form: TimeForm,
  name: string,
): number | string {
  const given = integerOf(call, i);
  if (given === undefined) return NOT_AN_INTEGER;
  const end = given > 0n ? momentOf(given, form, context.clock.now()) : undefined;
  return end ?? invalidExpireTime(name);
}
