// CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR. Texts and shapes are those of Redis 7.

import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { type Command, type CommandFlag, NO_KEYS } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { integerOf } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import type { Tracking } from '../tracking.ts';
import type { TrackingOptions } from '../tracking-client.ts';

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];

export function trackingCommands(tracking: Tracking): Command[] {
  /** Those whose RESET and end are waited for already. */
  const known = new WeakSet<Client>();
  const row = (name: string, arity: number, run: Command['run']): Command => {
    return { name: `client|${name}`, arity, flags: FLAGS, keys: NO_KEYS, run };
  };
  return [
    row('tracking', -3, (context, call, reply) => {
      const { client } = context;
      replyOk(turn(tracking, context, call), reply);
      if (!client.tracks || known.has(client)) return;
      known.add(client);
      client.onClose(() => tracking.turnOff(client));
      client.onReset(() => tracking.turnOff(client));
    }),
    row('caching', 3, ({ client }, call, reply) => replyOk(sayCaching(tracking, client, call), reply)),
    row('trackinginfo', 2, ({ client }, _call, reply) => replyInfo(tracking, client, reply)),
    row('getredir', 2, ({ client }, _call, reply) => {
      reply.integer(tracking.stateOf(client)?.options.redirect ?? -1);
    }),
  ];
}

function replyOk(refused: string | undefined, reply: Reply): void {
  if (refused === undefined) reply.ok();
  else reply.error(refused);
}

/** CLIENT TRACKING on or off; returns why not. */
function turn(tracking: Tracking, { client, server }: CommandContext, call: Call): string | undefined {
  const options = readOptions(call, (id) => server.clients.has(id));
  if (typeof options === 'string') return options;
  if (call.is(2, 'ON')) {
    const refused = tracking.turnOn(client, options);
    if (refused === undefined) client.redirect = options.redirect;
    return refused;
  }
  if (!call.is(2, 'OFF')) return SYNTAX_ERROR;
  tracking.turnOff(client);
  return undefined;
}

/** The text of an error where they are none. */
function readOptions(call: Call, isClient: (id: number) => boolean): TrackingOptions | string {
  let redirect = 0;
  const said = { isBroadcast: false, isOptIn: false, isOptOut: false, isNoLoop: false };
  const prefixes: string[] = [];
  for (let i = 3; i < call.count; i++) {
    const hasMore = i + 1 < call.count;
    if (call.is(i, 'REDIRECT') && hasMore) {
      if (redirect !== 0) return 'ERR A client can only redirect to a single other client';
      const id = integerOf(call, ++i);
      if (id === undefined) return NOT_AN_INTEGER;
      redirect = Number(id);
      if (!isClient(redirect)) return 'ERR The client ID you want redirect to does not exist';
    } else if (call.is(i, 'PREFIX') && hasMore) prefixes.push(call.text(++i));
    else if (call.is(i, 'BCAST')) said.isBroadcast = true;
    else if (call.is(i, 'OPTIN')) said.isOptIn = true;
    else if (call.is(i, 'OPTOUT')) said.isOptOut = true;
    else if (call.is(i, 'NOLOOP')) said.isNoLoop = true;
    else return SYNTAX_ERROR;
  }
  return { redirect, ...said, prefixes };
}

function sayCaching(tracking: Tracking, client: Client, call: Call): string | undefined {
  const state = tracking.stateOf(client);
  if (!state)
    return 'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
  if (call.is(2, 'YES')) return state.sayCaching(true);
  return call.is(2, 'NO') ? state.sayCaching(false) : SYNTAX_ERROR;
}

function replyInfo(tracking: Tracking, client: Client, reply: Reply): void {
  const state = tracking.stateOf(client);
  const flags = state?.flags ?? ['off'];
  const prefixes = [...(state?.prefixes ?? [])].sort();
  reply.map(3);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('redirect');
  reply.integer(state?.options.redirect ?? -1);
  reply.bulkText('prefixes');
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulkText(prefix);
}
