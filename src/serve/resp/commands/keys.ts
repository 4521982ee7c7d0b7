// Keys one by one: TOUCH RENAME RENAMENX COPY.

import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { inTurns } from '../in-turns.ts';
import { NO_SLOT } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import { withBytes } from '../passing-bytes.ts';
import type { Reply } from '../reply.ts';
import { copyFound, foundLength, foundTerms } from '../rewriting.ts';

export const keyCommands: readonly Command[] = [
  { name: 'touch', arity: -2, flags: ['readonly', 'fast'], keys: [1, -1, 1], run: touch },
  { name: 'rename', arity: 3, flags: ['write'], keys: [1, 2, 1], run: rename },
  { name: 'renamenx', arity: 3, flags: ['write', 'fast'], keys: [1, 2, 1], run: renamenx },
  { name: 'copy', arity: -3, flags: ['write', 'denyoom'], keys: [1, 2, 1], run: copy },
];

/** About a millisecond. */
const KEYS_A_TURN = 2000;
const MAX_INT = 2n ** 31n - 1n;

function touch(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const { keyspace } = context;
  let found = 0;
  const touchOne = (of: Call, i: number): void => {
    if (keyspace.find(of, i) === NO_SLOT) return;
    keyspace.touch();
    found++;
  };
  if (call.count > KEYS_A_TURN) {
    const steps = { first: 1, step: 1, aTurn: KEYS_A_TURN };
    return inTurns(context, call, steps, touchOne).then(() => reply.integer(found));
  }
  for (let i = 1; i < call.count; i++) touchOne(call, i);
  reply.integer(found);
}

function rename(context: CommandContext, call: Call, reply: Reply): void {
  if (move(context, call, reply)) reply.ok();
}

function renamenx(context: CommandContext, call: Call, reply: Reply): void {
  const { keyspace } = context;
  const isTaken = keyspace.find(call, 2) !== NO_SLOT;
  if (isTaken && keyspace.find(call, 1) !== NO_SLOT) reply.integer(0);
  else if (move(context, call, reply)) reply.integer(1);
}

/** From the first key to the second; false, and an error is replied, where there is nothing to move. */
function move(context: CommandContext, call: Call, reply: Reply): boolean {
  const { client, keyspace } = context;
  if (keyspace.find(call, 1) === NO_SLOT) {
    reply.error('ERR no such key');
    return false;
  }
  if (!isSameKey(context, call)) {
    duplicate(context, call);
    keyspace.remove(client, call, 1);
  }
  return true;
}

function copy(context: CommandContext, call: Call, reply: Reply): void {
  const options = parseCopy(call);
  if ('error' in options) {
    reply.error(options.error);
    return;
  }
  const { keyspace } = context;
  if (isSameKey(context, call)) {
    reply.error('ERR source and destination objects are the same');
    return;
  }
  const mayWrite = options.replace || keyspace.find(call, 2) === NO_SLOT;
  const isCopied = mayWrite && keyspace.find(call, 1) !== NO_SLOT;
  if (isCopied) duplicate(context, call);
  reply.integer(isCopied ? 1 : 0);
}

/** There is one database only: caches are told apart by their names. */
function parseCopy(call: Call): { replace: boolean } | { error: string } {
  let replace = false;
  for (let i = 3; i < call.count; i++) {
    if (call.is(i, 'REPLACE')) {
      replace = true;
    } else if (call.is(i, 'DB') && i + 1 < call.count) {
      const given = integerOf(call, ++i);
      if (given === undefined) return { error: NOT_AN_INTEGER };
      if (given > MAX_INT || given < -MAX_INT - 1n) return { error: NOT_AN_INT };
      if (given !== 0n) return { error: 'ERR DB index is out of range' };
    } else {
      return { error: SYNTAX_ERROR };
    }
  }
  return { replace };
}

const NOT_AN_INT = `ERR value is out of range, value must between ${-MAX_INT - 1n} and ${MAX_INT}`;

/** What was found under the first key becomes the entry of the second, with its end, content type and tags. */
function duplicate({ client, keyspace }: CommandContext, call: Call): void {
  keyspace.find(call, 1);
  const terms = foundTerms(keyspace);
  withBytes(foundLength(keyspace), (value) => {
    copyFound(keyspace, value);
    const key = keyspace.key(call, 2);
    keyspace.write(client, keyspace.cache, key, value, 0, value.length, terms);
  });
}

/** Whether both keys name one entry: of a cache, several may. */
function isSameKey({ keyspace }: CommandContext, call: Call): boolean {
  const key = keyspace.key(call, 1);
  const { cache } = keyspace;
  const other = keyspace.key(call, 2);
  return cache === keyspace.cache && cache.fold(key).equals(cache.fold(other));
}
