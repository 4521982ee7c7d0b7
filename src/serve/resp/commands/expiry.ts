// When entries go: EXPIRE PEXPIRE EXPIREAT PEXPIREAT EXPIRETIME PEXPIRETIME TTL PTTL PERSIST.
//
// It is the end that an entry has for good, its own or the cache's `ttl`; that nobody reads it (`expiry`) is not seen
// here. A cache's `ttl` cannot be outlived: a later end is taken, and the entry goes by the `ttl` all the same.

import type { Call } from '../call.ts';
import type { Command } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER } from '../error-text.ts';
import {
  AT_MILLISECONDS,
  AT_SECONDS,
  invalidExpireTime,
  isMet,
  MILLISECONDS,
  momentOf,
  parseCondition,
  SECONDS,
  type TimeForm,
} from '../expire-options.ts';
import { NO_SLOT } from '../keyspace.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';

export const expiryCommands: readonly Command[] = [
  setter('expire', SECONDS),
  setter('pexpire', MILLISECONDS),
  setter('expireat', AT_SECONDS),
  setter('pexpireat', AT_MILLISECONDS),
  getter('expiretime', AT_SECONDS),
  getter('pexpiretime', AT_MILLISECONDS),
  getter('ttl', SECONDS),
  getter('pttl', MILLISECONDS),
  { name: 'persist', arity: 2, flags: ['write', 'fast'], keys: [1, 1, 1], run: persist },
];

const NOT_THERE = -2;
const ENDLESS = -1;

function setter(name: string, form: TimeForm): Command {
  return {
    name,
    arity: -3,
    flags: ['write', 'fast'],
    keys: [1, 1, 1],
    run: (context, call, reply) => expire(context, call, reply, name, form),
  };
}

function getter(name: string, form: TimeForm): Command {
  return {
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: [1, 1, 1],
    run: (context, call, reply) => reply.integer(endIn(context, call, form)),
  };
}

function expire(context: CommandContext, call: Call, reply: Reply, name: string, form: TimeForm): void {
  const { client, clock, keyspace } = context;
  const condition = parseCondition(call, 3);
  if ('error' in condition) {
    reply.error(condition.error);
    return;
  }
  const given = integerOf(call, 2);
  const end = given === undefined ? undefined : momentOf(given, form, clock.now());
  if (end === undefined) {
    reply.error(given === undefined ? NOT_AN_INTEGER : invalidExpireTime(name));
    return;
  }
  const isSet = keyspace.find(call, 1) !== NO_SLOT && isMet(condition, keyspace.endAtMs(), end);
  if (isSet && end <= clock.now()) keyspace.remove(client, call, 1);
  else if (isSet) keyspace.setEnd(end);
  reply.integer(isSet ? 1 : 0);
}

function endIn({ clock, keyspace }: CommandContext, call: Call, { unitMs, isAbsolute }: TimeForm): number {
  if (keyspace.find(call, 1) === NO_SLOT) return NOT_THERE;
  const endAtMs = keyspace.endAtMs();
  if (endAtMs === Number.POSITIVE_INFINITY) return ENDLESS;
  // Both whole, as the end was made of whole ones: what lives 1,000 ms does so for 1,000 at first.
  const ms = Math.max(0, Math.round(endAtMs) - (isAbsolute ? 0 : Math.floor(clock.now())));
  return unitMs === 1 ? ms : Math.floor((ms + 500) / 1000);
}

function persist({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  const isThere = keyspace.find(call, 1) !== NO_SLOT;
  const before = isThere ? keyspace.endAtMs() : Number.POSITIVE_INFINITY;
  if (before !== Number.POSITIVE_INFINITY) keyspace.setEnd(Number.POSITIVE_INFINITY);
  const isLonger = before !== Number.POSITIVE_INFINITY && keyspace.endAtMs() > before;
  reply.integer(isLonger ? 1 : 0);
}
