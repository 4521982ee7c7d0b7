// Channels and patterns, without a network.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Glob } from '../../../src/serve/resp/glob.ts';
import { PubSub } from '../../../src/serve/resp/pubsub.ts';
import { PushClient } from './push-clients.ts';

const test = suite('RESP publish and subscribe');

class Memory {
  used = 0;
  free = Number.POSITIVE_INFINITY;
  readonly charge = (bytes: number): boolean => {
    if (this.used + bytes > this.free) return false;
    this.used += bytes;
    return true;
  };
  readonly release = (bytes: number): void => {
    this.used -= bytes;
  };
}

function setUp(most?: { channels: number; patterns: number }) {
  const memory = new Memory();
  const pubsub = new PubSub({ charge: memory.charge, release: memory.release, ...(most && { most }) });
  const subscribe = (client: PushClient, kind: 'channels' | 'patterns', ...names: string[]) => {
    const reserved = pubsub.reserve(client, kind, names);
    if (typeof reserved === 'string') return reserved;
    for (const name of names) pubsub.subscribe(client, kind, name);
    return undefined;
  };
  const publish = (channel: string, payload: string): number =>
    pubsub.publish(Buffer.from(channel, 'latin1'), Buffer.from(payload, 'latin1'));
  return { memory, pubsub, subscribe, publish };
}

test('a message reaches who subscribed to its channel, and nobody else', () => {
  const { subscribe, publish } = setUp();
  const [one, two] = [new PushClient(1), new PushClient(2)];
  subscribe(one, 'channels', 'news');
  subscribe(two, 'channels', 'sport');
  assert.is(publish('news', 'hello'), 1);
  assert.equal(one.take(), ['>3 $7 message $4 news $5 hello']);
  assert.equal(two.take(), []);
});

test('each is told in its protocol', () => {
  const { subscribe, publish } = setUp();
  const old = new PushClient(1, 2);
  subscribe(old, 'channels', 'a');
  subscribe(old, 'patterns', '*');
  assert.is(publish('a', 'x'), 2);
  assert.equal(old.take(), ['*3 $7 message $1 a $1 x', '*4 $8 pmessage $1 * $1 a $1 x']);
});

test('a pattern matches as Redis has it, and bytes are bytes', () => {
  const { subscribe, publish } = setUp();
  const one = new PushClient(1);
  subscribe(one, 'patterns', 'user:[0-9]?\xff*');
  assert.is(publish('user:1a\xff', '\x00\xfe'), 1);
  assert.is(publish('user:xa\xff', ''), 0);
  assert.equal(one.take(), ['>4 $8 pmessage $13 user:[0-9]?\xff* $8 user:1a\xff $2 \x00\xfe']);
});

test('who left is told nothing more, and what was held for it is given back', () => {
  const { subscribe, publish, pubsub, memory } = setUp();
  const one = new PushClient(1);
  subscribe(one, 'channels', 'a', 'b', 'a');
  subscribe(one, 'patterns', 'a*');
  assert.is(one.channels, 2);
  assert.is(one.patterns, 1);
  assert.ok(memory.used > 0);
  pubsub.left(one);
  assert.is(one.channels + one.patterns, 0);
  assert.is(publish('a', 'x'), 0);
  assert.is(memory.used, 0);
  assert.equal(pubsub.channels(), []);
  assert.is(pubsub.patterns, 0);
});

test('subscribing twice is subscribing once', () => {
  const { subscribe, publish, pubsub, memory } = setUp();
  const one = new PushClient(1);
  subscribe(one, 'channels', 'a');
  const { used } = memory;
  subscribe(one, 'channels', 'a');
  assert.is(memory.used, used);
  assert.is(publish('a', 'x'), 1);
  pubsub.unsubscribe(one, 'channels', 'a');
  pubsub.unsubscribe(one, 'channels', 'a');
  assert.is(memory.used, 0);
});

test('over the bound of a client nothing of a command is subscribed to', () => {
  const { subscribe, memory } = setUp({ channels: 2, patterns: 1 });
  const one = new PushClient(1);
  assert.is(subscribe(one, 'channels', 'a', 'b'), undefined);
  const { used } = memory;
  assert.is(subscribe(one, 'channels', 'c'), 'ERR a client may subscribe to at most 2 channels');
  assert.is(subscribe(one, 'channels', 'a', 'b'), undefined);
  assert.match(subscribe(one, 'patterns', 'c', 'd')!, /at most 1 patterns/);
  assert.match(subscribe(one, 'patterns', 'x'.repeat(1025))!, /at most 1024 bytes/);
  assert.is(memory.used, used);
});

test('without memory for it nothing is subscribed to', () => {
  const { subscribe, memory, pubsub } = setUp();
  memory.free = 400;
  const one = new PushClient(1);
  assert.is(subscribe(one, 'channels', 'a'), undefined);
  assert.match(subscribe(one, 'channels', 'b')!, /^OOM /);
  assert.equal(pubsub.channels(), ['a']);
});

test('what was reserved and not subscribed to is given back, and what was subscribed to before stays', () => {
  const { subscribe, memory, pubsub } = setUp();
  const one = new PushClient(1);
  subscribe(one, 'channels', 'a');
  const { used } = memory;
  const reserved = pubsub.reserve(one, 'channels', ['a', 'b', 'c']) as readonly string[];
  pubsub.subscribe(one, 'channels', 'b');
  pubsub.cancel(one, 'channels', reserved);
  assert.is(memory.used, used);
  assert.equal(pubsub.namesOf(one, 'channels'), ['a']);
});

test('who is cut off by a message does not cost the others theirs', () => {
  const { subscribe, publish, pubsub } = setUp();
  const clients = Array.from({ length: 100 }, (_, id) => new PushClient(id));
  for (const client of clients) subscribe(client, 'channels', 'a');
  const slow = clients.filter(({ id }) => id % 10 === 0);
  for (const client of slow) client.onPush = () => pubsub.left(client);
  assert.is(publish('a', 'x'), 100);
  assert.is(publish('a', 'y'), 90);
  for (const client of clients) assert.is(client.pushed.length, slow.includes(client) ? 1 : 2);
});

test('channels and their subscribers can be asked for', () => {
  const { subscribe, pubsub } = setUp();
  const [one, two] = [new PushClient(1), new PushClient(2)];
  subscribe(one, 'channels', 'a1', 'b1');
  subscribe(two, 'channels', 'a1');
  subscribe(two, 'patterns', 'a*', 'b*');
  subscribe(one, 'patterns', 'a*');
  assert.equal(pubsub.channels(new Glob(Buffer.from('a*'))), ['a1']);
  assert.equal(pubsub.channels(), ['a1', 'b1']);
  assert.is(pubsub.subscribersOf('a1'), 2);
  assert.is(pubsub.subscribersOf('zz'), 0);
  assert.is(pubsub.patterns, 2);
});

test.run();
