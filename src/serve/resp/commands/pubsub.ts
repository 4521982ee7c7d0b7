// SUBSCRIBE UNSUBSCRIBE PSUBSCRIBE PUNSUBSCRIBE PUBLISH PUBSUB. Texts and shapes are those of Redis 7.

import type { Call } from '../call.ts';
import type { Client } from '../client.ts';
import { type Command, type CommandFlag, NO_KEYS } from '../command.ts';
import { Glob, MAX_PATTERN_BYTES } from '../glob.ts';
import type { PubSub, TopicKind } from '../pubsub.ts';
import type { Reply } from '../reply.ts';

const SUBSCRIBING: readonly CommandFlag[] = ['pubsub', 'noscript', 'loading', 'stale', 'pubsub-mode'];
const PUBLISHING: readonly CommandFlag[] = ['pubsub', 'loading', 'stale', 'fast'];
const ASKING: readonly CommandFlag[] = ['pubsub', 'loading', 'stale'];

export function pubsubCommands(pubsub: PubSub): Command[] {
  return [...subscribingCommands(pubsub), publishCommand(pubsub), ...askingCommands(pubsub)];
}

// --- who listens

function subscribingCommands(pubsub: PubSub): Command[] {
  /** Those whose RESET and end are waited for already. */
  const known = new WeakSet<Client>();

  const subscribe =
    (kind: TopicKind, word: string): Command['run'] =>
    ({ client }, call, reply) => {
      const names = textsFrom(call, 1);
      const reserved = pubsub.reserve(client, kind, names);
      if (typeof reserved === 'string') {
        reply.error(reserved);
        return;
      }
      if (!known.has(client)) {
        known.add(client);
        client.onClose(() => pubsub.left(client));
        client.onReset(() => pubsub.left(client));
      }
      try {
        for (const name of names) {
          pubsub.subscribe(client, kind, name);
          confirm(client, word, name, reply);
        }
      } catch (error) {
        // There is no room to say it of all of them.
        pubsub.cancel(client, kind, reserved);
        throw error;
      }
    };

  const unsubscribe =
    (kind: TopicKind, word: string): Command['run'] =>
    ({ client }, call, reply) => {
      const names = call.count > 1 ? textsFrom(call, 1) : pubsub.namesOf(client, kind);
      for (const name of names) {
        pubsub.unsubscribe(client, kind, name);
        confirm(client, word, name, reply);
      }
      if (names.length === 0) confirm(client, word, undefined, reply);
    };

  const row = (name: string, arity: number, run: Command['run']): Command => {
    return { name, arity, flags: SUBSCRIBING, keys: NO_KEYS, run };
  };
  return [
    row('subscribe', -2, subscribe('channels', 'subscribe')),
    row('unsubscribe', -1, unsubscribe('channels', 'unsubscribe')),
    row('psubscribe', -2, subscribe('patterns', 'psubscribe')),
    row('punsubscribe', -1, unsubscribe('patterns', 'punsubscribe')),
  ];
}

/** One for each name; `undefined`: there was none. */
function confirm(client: Client, word: string, name: string | undefined, reply: Reply): void {
  reply.push(3);
  reply.bulkText(word);
  if (name === undefined) reply.null();
  else reply.bulkText(name);
  reply.integer(client.channels + client.patterns);
}

// --- what is published

/** Answers how often it was received here: what others received they do not tell. */
function publishCommand(pubsub: PubSub): Command {
  const run: Command['run'] = ({ client }, call, reply) => {
    const [channel, payload] = [call.copy(1), call.copy(2)];
    // Among replies of a transaction it would be taken for one, and where none are wanted it would go with its own.
    const isInFront = client.isSubscriber && !client.executing && client.replyMode === 'on';
    const receivers = pubsub.publish(channel, payload, isInFront ? { client, reply } : undefined);
    reply.integer(receivers);
    pubsub.tellOthers?.(channel, payload);
  };
  return { name: 'publish', arity: 3, flags: PUBLISHING, keys: NO_KEYS, run };
}

// --- what can be asked

function askingCommands(pubsub: PubSub): Command[] {
  const row = (name: string, arity: number, run: Command['run']): Command => {
    return { name: `pubsub|${name}`, arity, flags: ASKING, keys: NO_KEYS, run };
  };
  const numberOf =
    (countOf: (channel: string) => number): Command['run'] =>
    (_context, call, reply) => {
      const channels = textsFrom(call, 2);
      reply.array(channels.length * 2);
      for (const channel of channels) {
        reply.bulkText(channel);
        reply.integer(countOf(channel));
      }
    };
  return [
    row('channels', -2, (_context, call, reply) => replyChannels(pubsub, call, reply)),
    row(
      'numsub',
      -2,
      numberOf((channel) => pubsub.subscribersOf(channel)),
    ),
    row('numpat', 2, (_context, _call, reply) => reply.integer(pubsub.patterns)),
    // There are no shards here: nobody can be subscribed to a channel of one.
    row('shardchannels', -2, (_context, _call, reply) => reply.array(0)),
    row(
      'shardnumsub',
      -2,
      numberOf(() => 0),
    ),
    { ...row('help', 2, (_context, _call, reply) => replyHelp(reply)), flags: ['loading', 'stale'] },
  ];
}

function replyChannels(pubsub: PubSub, call: Call, reply: Reply): void {
  if (call.count > 3) {
    const shown = call.text(1).slice(0, 128);
    reply.error(`ERR unknown subcommand or wrong number of arguments for '${shown}'. Try PUBSUB HELP.`);
    return;
  }
  if (call.count === 3 && call.length(2) > MAX_PATTERN_BYTES) {
    reply.error(`ERR a pattern may have at most ${MAX_PATTERN_BYTES} bytes`);
    return;
  }
  const channels = pubsub.channels(call.count === 3 ? new Glob(call.copy(2)) : undefined);
  reply.array(channels.length);
  for (const channel of channels) reply.bulkText(channel);
}

const HELP = [
  'PUBSUB <subcommand> [<arg> ...]. Subcommands are:',
  'CHANNELS [<pattern>]',
  '    Channels that somebody is subscribed to by name; those that match the pattern.',
  'NUMPAT',
  '    How many patterns somebody is subscribed to.',
  'NUMSUB [<channel> ...]',
  '    How many are subscribed to each of the channels by name.',
  'SHARDCHANNELS [<pattern>]',
  '    None: there are no shards.',
  'SHARDNUMSUB [<channel> ...]',
  '    0 for each: there are no shards.',
  'HELP',
  '    Prints this help.',
];

function replyHelp(reply: Reply): void {
  reply.array(HELP.length);
  for (const line of HELP) reply.simple(line);
}

function textsFrom(call: Call, first: number): string[] {
  const texts: string[] = [];
  for (let i = first; i < call.count; i++) texts.push(call.text(i));
  return texts;
}
