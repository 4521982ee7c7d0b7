// Values that are numbers: INCR DECR INCRBY DECRBY INCRBYFLOAT. Counting up is atomic here, not across instances.

import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER } from '../error-text.ts';
import { NO_SLOT } from '../keyspace.ts';
import { add, formatLongDouble, parseLongDouble } from '../long-double.ts';
import { integerOf, isInRange, MIN_INTEGER, parseInteger } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import { foundLength, foundValue, rewrite } from '../rewriting.ts';

export const numberCommands: readonly Command[] = [
  { name: 'incr', arity: 2, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: incr },
  { name: 'decr', arity: 2, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: decr },
  { name: 'incrby', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: incrby },
  { name: 'decrby', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: decrby },
  { name: 'incrbyfloat', arity: 3, flags: ['write', 'denyoom', 'fast'], keys: [1, 1, 1], run: incrbyfloat },
];

const NOT_A_FLOAT = 'ERR value is not a valid float';
const NO_NUMBER = 'ERR increment would produce NaN or Infinity';
/** A longer value is no whole number of 64 bits. */
const LONGEST_INTEGER = 20;
/** A longer value is no number that Redis reads. */
const LONGEST_FLOAT = 5119;

function incr(context: CommandContext, call: Call, reply: Reply): void {
  addInteger(context, call, 1n, reply);
}

function decr(context: CommandContext, call: Call, reply: Reply): void {
  addInteger(context, call, -1n, reply);
}

function incrby(context: CommandContext, call: Call, reply: Reply): void {
  const by = integerOf(call, 2);
  if (by === undefined) reply.error(NOT_AN_INTEGER);
  else addInteger(context, call, by, reply);
}

function decrby(context: CommandContext, call: Call, reply: Reply): void {
  const by = integerOf(call, 2);
  if (by === undefined) reply.error(NOT_AN_INTEGER);
  else if (by === MIN_INTEGER) reply.error('ERR decrement would overflow');
  else addInteger(context, call, -by, reply);
}

function addInteger(context: CommandContext, call: Call, by: bigint, reply: Reply): void {
  const before = foundInteger(context, call);
  if (before === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  const after = before + by;
  if (!isInRange(after)) {
    reply.error('ERR increment or decrement would overflow');
    return;
  }
  rewrite(context, call, 1, Buffer.from(after.toString(), 'latin1'));
  reply.integer(after);
}

/** 0 where nothing is stored. */
function foundInteger({ keyspace }: CommandContext, call: Call): bigint | undefined {
  if (keyspace.find(call, 1) === NO_SLOT) return 0n;
  if (foundLength(keyspace) > LONGEST_INTEGER) return undefined;
  const value = foundValue(keyspace);
  return parseInteger(value, 0, value.length);
}

function incrbyfloat(context: CommandContext, call: Call, reply: Reply): void {
  const { keyspace } = context;
  const isThere = keyspace.find(call, 1) !== NO_SLOT;
  const isLong = foundLength(keyspace) > LONGEST_FLOAT || call.length(2) > LONGEST_FLOAT;
  const before = isThere && !isLong ? foundValue(keyspace).toString('latin1') : '0';
  const sum = isLong ? undefined : sumOf(before, call.text(2));
  if (sum === undefined) {
    reply.error(NOT_A_FLOAT);
  } else if (sum === 'none') {
    reply.error(NO_NUMBER);
  } else {
    const value = Buffer.from(sum, 'latin1');
    rewrite(context, call, 1, value);
    reply.bulk(value);
  }
}

/** Undefined where one is no number, `none` where their sum is none. */
function sumOf(a: string, b: string): string | 'none' | undefined {
  const [one, other] = [parseLongDouble(a), parseLongDouble(b)];
  if (one === undefined || other === undefined) return undefined;
  if (typeof one === 'number' || typeof other === 'number') return 'none';
  const sum = add(one, other);
  return sum === undefined ? 'none' : formatLongDouble(sum);
}
