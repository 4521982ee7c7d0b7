// MGET: several values in one reply. The keys that must be loaded are loaded together; many are read in turns.

import type { Answer } from '../../../cache/flight.ts';
import { RoomError } from '../../../errors.ts';
import type { Value } from '../../../store/value.ts';
import type { Call } from '../call.ts';
import type { CommandContext } from '../context.ts';
import { errorText } from '../error-text.ts';
import { HIT, REFUSED, replyAnswer, STALE, WAIT } from '../keyspace.ts';
import type { Reply } from '../reply.ts';

/** So many keys are read before others have their turn: less than a millisecond. */
const KEYS_A_TURN = 512;

/** What is replied for one key, once what is before it is there: a value, an error's text, nothing, or what a load brings. */
type Found = Value | string | undefined | Promise<Answer>;

export function mget(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
  reply.array(call.count - 1);
  if (call.count - 1 > KEYS_A_TURN) return mgetInTurns(context, call, reply);
  const rest = replyStored(context, call, 1, call.count, reply);
  return rest && replyRest(rest, reply);
}

async function mgetInTurns(context: CommandContext, given: Call, reply: Reply): Promise<void> {
  const { account } = context.client.port;
  const bytes = given.keptBytes;
  if (!account.charge(bytes)) throw new RoomError('there is no memory left for so many keys');
  try {
    const call = given.keep();
    for (let from = 1; from < call.count && !context.client.closed; from += KEYS_A_TURN) {
      if (from > 1) await context.turn();
      const rest = replyStored(context, call, from, Math.min(call.count, from + KEYS_A_TURN), reply);
      if (rest) await replyRest(rest, reply);
    }
  } finally {
    account.release(bytes);
  }
}

/** Replies with what is stored under the keys; from the first on that must be loaded, says what is to be replied. */
function replyStored(
  context: CommandContext,
  call: Call,
  from: number,
  to: number,
  reply: Reply,
): Found[] | undefined {
  const { client, keyspace } = context;
  for (let i = from; i < to; i++) {
    const outcome = keyspace.read(client, call, i);
    if (outcome === WAIT) return findRest(context, call, i, to);
    if (outcome === HIT || outcome === STALE) reply.stored(keyspace.cache.shelf.store, keyspace.slot);
    else if (outcome === REFUSED) reply.error(errorText(keyspace.cache.refusal!));
    else reply.null();
  }
  return undefined;
}

/** Of the keys from the first on that must be loaded. Throws RequestError. */
function findRest(context: CommandContext, call: Call, from: number, to: number): Found[] {
  const rest: Found[] = [context.keyspace.load(call, from)];
  try {
    for (let i = from + 1; i < to; i++) rest.push(find(context, call, i));
    return rest;
  } catch (error) {
    for (const found of rest) void letGo(found);
    throw error;
  }
}

function find({ client, keyspace }: CommandContext, call: Call, i: number): Found {
  const outcome = keyspace.read(client, call, i);
  if (outcome === WAIT) return keyspace.load(call, i);
  if (outcome === HIT || outcome === STALE) return keyspace.cache.shelf.store.hold(keyspace.slot);
  return outcome === REFUSED ? errorText(keyspace.cache.refusal!) : undefined;
}

async function replyRest(rest: readonly Found[], reply: Reply): Promise<void> {
  let next = 0;
  try {
    while (next < rest.length) {
      const found = rest[next++];
      if (found === undefined) reply.null();
      else if (typeof found === 'string') reply.error(found);
      else if (found instanceof Promise) replyAnswer(reply, await found);
      else reply.value(found);
    }
  } finally {
    // What found no room in the reply.
    while (next < rest.length) void letGo(rest[next++]);
  }
}

async function letGo(found: Found): Promise<void> {
  const held = await found;
  if (typeof held !== 'object') return;
  if (!('kind' in held)) held.release();
  else if (held.kind === 'value') held.value.release();
}
