// Parts of values: GETRANGE SUBSTR SETRANGE, and what two have in common: LCS.

import { RoomError } from '../../../errors.ts';
import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { Lcs, MAX_CELLS } from '../lcs.ts';
import { integerOf } from '../numbers.ts';
import { COPIED_BYTES, type Reply } from '../reply.ts';
import { foundLength, foundValue, rewriteFound, touchFound } from '../rewriting.ts';
import { tooLongError } from '../value-length.ts';
import { partOf } from '../value-part.ts';

export const stringRangeCommands: readonly Command[] = [
  { name: 'getrange', arity: 4, flags: ['readonly'], keys: [1, 1, 1], run: getrange },
  { name: 'substr', arity: 4, flags: ['readonly'], keys: [1, 1, 1], run: getrange },
  { name: 'setrange', arity: 4, flags: ['write', 'denyoom'], keys: [1, 1, 1], run: setrange },
  { name: 'lcs', arity: -3, flags: ['readonly'], keys: [1, 2, 1], run: lcs },
];

/** Cells of one turn: about a millisecond. */
const CELLS_A_TURN = 100_000;

function getrange(context: CommandContext, call: Call, reply: Reply): void {
  const { keyspace } = context;
  const [first, last] = [integerOf(call, 2), integerOf(call, 3)];
  if (first === undefined || last === undefined) {
    reply.error(NOT_AN_INTEGER);
    return;
  }
  keyspace.find(call, 1);
  touchFound(context);
  const length = foundLength(keyspace);
  const start = placeOf(first, length);
  const end = Math.min(placeOf(last, length), length - 1) + 1;
  const isBackwards = first < 0n && last < 0n && first > last;
  if (isBackwards || start >= end) {
    reply.bulkText('');
    return;
  }
  const { store } = keyspace.cache.shelf;
  if (end - start > COPIED_BYTES) {
    reply.value(partOf(store.hold(keyspace.slot), start, end));
    return;
  }
  const part = Buffer.allocUnsafe(end - start);
  store.copyValue(keyspace.slot, start, part, 0, part.length);
  reply.bulk(part);
}

/** Below 0 it counts from the end; before the begin is the begin. */
function placeOf(given: bigint, length: number): number {
  const place = Number(given);
  return Math.max(0, place < 0 ? place + length : place);
}

function setrange(context: CommandContext, call: Call, reply: Reply): void {
  const { keyspace } = context;
  const offset = integerOf(call, 2);
  if (offset === undefined || offset < 0n) {
    reply.error(offset === undefined ? NOT_AN_INTEGER : 'ERR offset is out of range');
    return;
  }
  keyspace.find(call, 1);
  const before = foundLength(keyspace);
  if (call.length(3) === 0) {
    reply.integer(before);
    return;
  }
  const length = Math.max(before, Number(offset) + call.length(3));
  const tooLong = tooLongError(keyspace.cache, length);
  if (tooLong) {
    reply.error(tooLong);
    return;
  }
  rewriteFound(context, call, 1, length, (value) => {
    call.bytes.copy(value, Number(offset), call.start(3), call.end(3));
  });
  reply.integer(length);
}

// --- LCS

interface LcsOptions {
  readonly wantsLength: boolean;
  readonly wantsMatches: boolean;
  readonly withMatchLength: boolean;
  readonly shortest: number;
}

/** What is compared is charged while it is. Throws RoomError. */
function lcs(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  const options = parseLcs(call);
  if ('error' in options) {
    reply.error(options.error);
    return;
  }
  const { keyspace } = context;
  const length = (i: number): number => {
    keyspace.find(call, i);
    return foundLength(keyspace);
  };
  const [aLength, bLength] = [length(1), length(2)];
  if (aLength * bLength > MAX_CELLS) {
    reply.error(`ERR the strings are too long to compare: their lengths multiplied are at most ${MAX_CELLS}`);
    return;
  }
  const { account } = context.client.port;
  const bytes = aLength + bLength + Lcs.bytesFor(aLength, bLength, !options.wantsLength);
  if (!account.charge(bytes)) throw new RoomError('there is no memory left to compare these strings');
  const value = (i: number): Buffer => {
    keyspace.find(call, i);
    touchFound(context);
    return foundValue(keyspace);
  };
  const table = new Lcs(value(1), value(2), !options.wantsLength);
  const finish = (): void => {
    try {
      replyLcs(table, options, reply);
    } finally {
      account.release(bytes);
    }
  };
  if (!table.step(CELLS_A_TURN)) return compare(table, context).then(finish);
  finish();
}

async function compare(table: Lcs, { client, turn }: CommandContext): Promise<void> {
  do await turn();
  while (!client.closed && !table.step(CELLS_A_TURN));
}

function parseLcs(call: Call): LcsOptions | { error: string } {
  let [wantsLength, wantsMatches, withMatchLength] = [false, false, false];
  let shortest = 0n;
  for (let i = 3; i < call.count; i++) {
    if (call.is(i, 'IDX')) wantsMatches = true;
    else if (call.is(i, 'LEN')) wantsLength = true;
    else if (call.is(i, 'WITHMATCHLEN')) withMatchLength = true;
    else if (call.is(i, 'MINMATCHLEN') && i + 1 < call.count) {
      const given = integerOf(call, ++i);
      if (given === undefined) return { error: NOT_AN_INTEGER };
      shortest = given;
    } else return { error: SYNTAX_ERROR };
  }
  if (wantsLength && wantsMatches) {
    return { error: 'ERR If you want both the length and indexes, please just use IDX.' };
  }
  return { wantsLength, wantsMatches, withMatchLength, shortest: Number(shortest) };
}

function replyLcs(table: Lcs, options: LcsOptions, reply: Reply): void {
  if (options.wantsMatches) {
    replyMatches(table, options, reply);
  } else if (options.wantsLength) {
    reply.integer(table.length);
  } else {
    reply.bulk(table.text());
  }
}

function replyMatches(table: Lcs, { shortest, withMatchLength }: LcsOptions, reply: Reply): void {
  const matches = table.matches.filter(({ length }) => length >= shortest);
  reply.map(2);
  reply.bulkText('matches');
  reply.array(matches.length);
  for (const { aStart, bStart, length } of matches) {
    reply.array(withMatchLength ? 3 : 2);
    for (const start of [aStart, bStart]) {
      reply.array(2);
      reply.integer(start);
      reply.integer(start + length - 1);
    }
    if (withMatchLength) reply.integer(length);
  }
  reply.bulkText('len');
  reply.integer(table.length);
}
