// SUBSCRIBE and its kin as Redis 7 answers them, a command at a time.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { callOf } from '../../../src/serve/resp/call.ts';
import { pubsubCommands } from '../../../src/serve/resp/commands/pubsub.ts';
import type { CommandContext } from '../../../src/serve/resp/context.ts';
import { PubSub } from '../../../src/serve/resp/pubsub.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import { CommandBench } from './command-bench.ts';

const test = suite('RESP publish and subscribe, commands');

function setUp() {
  let usedBytes = 0;
  const pubsub = new PubSub({
    charge: (bytes) => {
      usedBytes += bytes;
      return true;
    },
    release: (bytes) => {
      usedBytes -= bytes;
    },
  });
  const bench = new CommandBench(pubsubCommands(pubsub));
  return { pubsub, bench, used: () => usedBytes };
}

test('SUBSCRIBE confirms each name with the count so far', () => {
  const { bench } = setUp();
  const one = bench.client(2);
  assert.is(
    one.run('SUBSCRIBE', 'a', 'b', 'a'),
    '*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 *3 $9 subscribe $1 a :2',
  );
  assert.is(one.run('psubscribe', 'a*'), '*3 $10 psubscribe $2 a* :3');
  assert.is(one.run('unsubscribe', 'zz'), '*3 $11 unsubscribe $2 zz :3');
  assert.is(one.run('unsubscribe'), '*3 $11 unsubscribe $1 a :2 *3 $11 unsubscribe $1 b :1');
  assert.is(one.run('punsubscribe', 'a*'), '*3 $12 punsubscribe $2 a* :0');
});

test('in RESP3 they are pushes, and no name is null', () => {
  const { bench } = setUp();
  const one = bench.client(3);
  assert.is(one.run('SUBSCRIBE', 'a'), '>3 $9 subscribe $1 a :1');
  assert.is(one.run('UNSUBSCRIBE'), '>3 $11 unsubscribe $1 a :0');
  assert.is(one.run('UNSUBSCRIBE'), '>3 $11 unsubscribe _ :0');
  assert.is(bench.client(2).run('PUNSUBSCRIBE'), '*3 $12 punsubscribe $-1 :0');
});

test('PUBLISH counts who received, and tells the others once', () => {
  const { bench, pubsub } = setUp();
  const told: string[] = [];
  pubsub.tellOthers = (channel, payload) => void told.push(`${channel} ${payload}`);
  const [one, two, three] = [bench.client(3), bench.client(2), bench.client(3)];
  one.run('SUBSCRIBE', 'a');
  two.run('PSUBSCRIBE', 'a*', '*a');
  assert.is(three.run('PUBLISH', 'a', 'x y'), ':3');
  assert.equal(one.pushed, ['>3 $7 message $1 a $3 x y']);
  assert.equal(two.pushed, ['*4 $8 pmessage $2 a* $1 a $3 x y', '*4 $8 pmessage $2 *a $1 a $3 x y']);
  assert.is(three.run('PUBLISH', 'none', ''), ':0');
  assert.equal(told, ['a x y', 'none ']);
});

test('where its reply finds no room SUBSCRIBE subscribes to nothing, and what it reserved is given back', () => {
  const { bench, pubsub, used } = setUp();
  const { client } = bench.client(3);
  const subscribe = pubsubCommands(pubsub).find(({ name }) => name === 'subscribe')!;
  const names = Array.from({ length: 1000 }, (_, i) => `channel-${i}`);
  const reply = new Reply(undefined, { charge: () => false, release: () => {} });
  const context = { client } as unknown as CommandContext;
  assert.throws(() => subscribe.run(context, callOf('SUBSCRIBE', ...names), reply), /no memory left/);
  assert.equal(pubsub.channels(), []);
  assert.is(used(), 0);
});

test('a client that ends is subscribed no more, however often it was', () => {
  const { bench, used } = setUp();
  const [one, two] = [bench.client(3), bench.client(3)];
  for (let i = 0; i < 3; i++) {
    one.run('SUBSCRIBE', 'a');
    one.run('UNSUBSCRIBE');
  }
  one.run('SUBSCRIBE', 'a');
  one.run('PSUBSCRIBE', '*');
  one.client.ended();
  assert.is(two.run('PUBLISH', 'a', 'x'), ':0');
  assert.is(used(), 0);
});

test('after RESET a client is subscribed to nothing, and may subscribe again', () => {
  const { bench, used } = setUp();
  const one = bench.client(3);
  for (let i = 0; i < 2; i++) {
    one.run('SUBSCRIBE', 'a');
    one.run('PSUBSCRIBE', '*');
    one.client.reset();
    assert.equal([one.client.channels, one.client.patterns, used()], [0, 0, 0]);
  }
  assert.equal(one.pushed, []);
});

test('who publishes to itself hears its message before how many did, but not among replies of a transaction', () => {
  const { bench } = setUp();
  const [one, two] = [bench.client(3), bench.client(3)];
  one.run('SUBSCRIBE', 'a');
  two.run('SUBSCRIBE', 'a');
  one.run('PSUBSCRIBE', '*');
  const [message, matched] = ['>3 $7 message $1 a $1 x', '>4 $8 pmessage $1 * $1 a $1 x'];
  assert.is(one.run('PUBLISH', 'a', 'x'), `${message} ${matched} :3`);
  assert.equal(one.pushed, []);
  one.client.executing = true;
  assert.is(one.run('PUBLISH', 'a', 'x'), ':3');
  one.client.executing = false;
  one.client.replyMode = 'off';
  assert.is(one.run('PUBLISH', 'a', 'x'), ':3');
  assert.equal(one.pushed, [message, matched, message, matched]);
  assert.equal(two.pushed, [message, message, message]);
});

test('over its bound a client is told so, and is subscribed to nothing new', () => {
  const { bench } = setUp();
  const one = bench.client(3);
  const patterns = Array.from({ length: 101 }, (_, i) => `p${i}*`);
  assert.is(one.run('PSUBSCRIBE', ...patterns), '-ERR a client may subscribe to at most 100 patterns');
  assert.is(one.client.patterns, 0);
});

test('PUBSUB tells of channels, their subscribers and patterns; there are no shards', () => {
  const { bench } = setUp();
  const [one, two] = [bench.client(3), bench.client(2)];
  one.run('SUBSCRIBE', 'a1', 'b1');
  two.run('SUBSCRIBE', 'a1');
  one.run('PSUBSCRIBE', 'x*');
  const three = bench.client(3);
  assert.is(three.run('PUBSUB', 'CHANNELS'), '*2 $2 a1 $2 b1');
  assert.is(three.run('pubsub', 'channels', 'a?'), '*1 $2 a1');
  assert.is(three.run('PUBSUB', 'NUMSUB', 'a1', 'zz'), '*4 $2 a1 :2 $2 zz :0');
  assert.is(three.run('PUBSUB', 'NUMSUB'), '*0');
  assert.is(three.run('PUBSUB', 'NUMPAT'), ':1');
  assert.is(three.run('PUBSUB', 'SHARDCHANNELS'), '*0');
  assert.is(three.run('PUBSUB', 'SHARDNUMSUB', 'a'), '*2 $1 a :0');
  assert.match(
    three.run('PUBSUB', 'HELP'),
    /^\*13 \+PUBSUB <subcommand> .* \+HELP \+ {4}Prints this help\.$/,
  );
  assert.is(
    three.run('PUBSUB', 'CHANNELS', 'a', 'b'),
    "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.",
  );
});

test.run();
