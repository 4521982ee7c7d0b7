// What holds for all commands before and after they are run: names, arguments, AUTH, MULTI, subscribers, replies that are
// not wanted, and commands that fail.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { RequestError } from '../../../src/errors.ts';
import { Account } from '../../../src/serve/resp/account.ts';
import { callOf } from '../../../src/serve/resp/call.ts';
import { Client } from '../../../src/serve/resp/client.ts';
import { type Command, NO_KEYS } from '../../../src/serve/resp/command.ts';
import type { CommandContext } from '../../../src/serve/resp/context.ts';
import { Dispatch } from '../../../src/serve/resp/dispatch.ts';
import { Reply } from '../../../src/serve/resp/reply.ts';
import type { Tracking } from '../../../src/serve/resp/tracking.ts';
import { textOf } from './push-clients.ts';

const test = suite('RESP dispatch');

function row(name: string, arity: number, flags: Command['flags'] = [], run = said): Command {
  return { name, arity, flags, keys: NO_KEYS, run };
}

function said(_context: CommandContext, call: Parameters<Command['run']>[1], reply: Reply): void {
  reply.simple(`${call.text(0)} of ${call.count}`);
}

const COMMANDS: readonly Command[] = [
  row('one', 1),
  row('more', -2),
  row('part|a', 2),
  row('part|b', -3),
  row('both', -1),
  row('both|x', 2, [], (_context, _call, reply) => reply.simple('part')),
  row('known', 1, ['noauth']),
  row('outside', 1, ['no_multi']),
  row('now', 1, ['unqueued']),
  row('heard', 1, ['pubsub-mode']),
  row('quick', 1, ['overtakes']),
  row('exec', 1, ['unqueued']),
  row('throws', 1, [], (_context, _call, reply) => {
    reply.array(2);
    reply.integer(1);
    throw new RequestError('bad_query', 'no such thing');
  }),
  row('breaks', 1, [], (_context, _call, reply) => {
    reply.array(2);
    throw new TypeError('nobody foresaw it');
  }),
  row('rejects', 1, [], async (_context, _call, reply) => {
    reply.array(2);
    await null;
    throw new RequestError('bad_query', 'no such thing');
  }),
  row('waits', 1, [], async (_context, _call, reply) => {
    await null;
    reply.simple('waited');
  }),
];

function setUp(roomBytes = 1 << 30) {
  let usedBytes = 0;
  const room = {
    charge: (bytes: number) => {
      if (usedBytes + bytes > roomBytes) return false;
      usedBytes += bytes;
      return true;
    },
    release: (bytes: number) => {
      usedBytes -= bytes;
    },
  };
  const defects: unknown[] = [];
  const dispatch = new Dispatch({
    commands: COMMANDS,
    defect: (error) => defects.push(error),
    tracking: { active: false } as Tracking,
  });
  const port = { account: new Account(room) } as unknown as Client['port'];
  const client = new Client(1, port, 0, true);
  const context = { client, server: { commands: 0, slowLog: { isOn: false } } } as unknown as CommandContext;
  const start = (...words: string[]) => {
    const reply = new Reply();
    const call = callOf(...words);
    const waits = dispatch.run(context, call, reply);
    // It is good until the command has returned.
    call.bytes.fill(0xee);
    return { reply, waits };
  };
  const say = (...words: string[]): string => {
    const { reply, waits } = start(...words);
    assert.is(waits, undefined);
    return textOf(reply);
  };
  const saying = async (...words: string[]): Promise<string> => {
    const { reply, waits } = start(...words);
    assert.ok(waits);
    await waits;
    return textOf(reply);
  };
  return { dispatch, client, context, defects, say, saying, used: () => usedBytes };
}

test('a name is known in any case, and counted', () => {
  const { say, context, client } = setUp();
  for (const name of ['one', 'ONE', 'oNe']) assert.is(say(name), `+${name} of 1`);
  assert.is(say('both'), '+both of 1');
  assert.is(say('BOTH', 'X'), '+part');
  assert.is(context.server.commands, 5);
  assert.is(client.lastCommand, 'both|x');
});

test('what is unknown is told with what came behind it, shortened', () => {
  const { say } = setUp();
  assert.is(say('nosuch'), "-ERR unknown command 'nosuch', with args beginning with:");
  assert.is(say('nosuch', 'a', 'b c'), "-ERR unknown command 'nosuch', with args beginning with: 'a' 'b c'");
  assert.is(say('on'), "-ERR unknown command 'on', with args beginning with:");
  assert.is(
    say('lpush', 'a'),
    "-ERR unknown command 'lpush' (sidecache holds strings only), with args beginning with: 'a'",
  );
  const long = 'x'.repeat(200);
  const shown = `'${'x'.repeat(128)}'`;
  assert.is(say(long, long), `-ERR unknown command ${shown}, with args beginning with: ${shown}`);
  assert.is(say('part', 'c'), "-ERR unknown subcommand 'c'. Try PART HELP.");
});

test('what only begins like a name, or is looked for at its place, is another', () => {
  const { say } = setUp();
  for (const name of ['onee', 'o', '']) assert.match(say(name), /^-ERR unknown command/);
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const names = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
  const known = names.filter((name) => !say(name).startsWith('-ERR unknown command'));
  assert.equal(known, ['now', 'one']);
});

test('too few or too many arguments are told by the name of the row', () => {
  const { say } = setUp();
  const wrong = (name: string): string => `-ERR wrong number of arguments for '${name}' command`;
  assert.is(say('one', 'x'), wrong('one'));
  assert.is(say('more'), wrong('more'));
  assert.is(say('more', 'x', 'y', 'z'), '+more of 4');
  assert.is(say('part'), wrong('part'));
  assert.is(say('PART', 'A', 'x'), wrong('part|a'));
  assert.is(say('part', 'b'), wrong('part|b'));
});

test('a command with parts tells them for HELP', () => {
  const { say } = setUp();
  assert.is(
    say('part', 'help'),
    '*4 +PART <subcommand> [<arg> [value] [opt] ...]. Subcommands are: +A +B +HELP',
  );
});

test('who has not said who it is may say only that', () => {
  const { say, client } = setUp();
  client.authenticated = false;
  assert.is(say('one'), '-NOAUTH Authentication required.');
  assert.is(say('known'), '+known of 1');
  assert.match(say('nosuch'), /^-ERR unknown/);
  client.authenticate();
  assert.is(say('one'), '+one of 1');
});

test('in MULTI commands are queued in memory of their own, but for those that are not', () => {
  const { say, client, used } = setUp();
  client.beginTransaction();
  assert.is(say('more', 'x'), '+QUEUED');
  assert.is(say('now'), '+now of 1');
  const { queued, failed } = client.transaction!;
  assert.equal(
    queued.map(({ command, call }) => `${command.name} ${call.text(1)}`),
    ['more x'],
  );
  assert.not(failed);
  assert.ok(used() > 0);
  client.endTransaction();
  assert.is(used(), 0);
});

test('whatever cannot be queued makes the transaction fail', () => {
  for (const words of [['nosuch'], ['one', 'x'], ['outside'], ['part', 'c']]) {
    const { say, client } = setUp();
    client.beginTransaction();
    assert.match(say(...words), /^-ERR /, words.join(' '));
    assert.ok(client.transaction!.failed, words.join(' '));
  }
});

test('what keeps EXEC itself from running ends the transaction, with the reason', () => {
  const { say, client } = setUp();
  client.beginTransaction();
  assert.is(
    say('exec', 'x'),
    "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command",
  );
  assert.is(client.transaction, undefined);
});

test('what is queued is bounded in number and in bytes, and by memory', () => {
  const many = setUp();
  many.client.beginTransaction();
  for (let i = 0; i < 65_536; i++) assert.is(many.say('one'), '+QUEUED');
  assert.match(many.say('one'), /^-OOM /);
  const long = setUp();
  long.client.beginTransaction();
  for (let i = 0; i < 5; i++) assert.is(long.say('more', 'x'.repeat(8 << 20).slice(1000)), '+QUEUED');
  assert.match(long.say('more', 'x'.repeat(400_000)), /^-OOM /);
  assert.ok(long.client.transaction!.failed);
  const full = setUp(1000);
  full.client.beginTransaction();
  assert.is(full.say('one'), '+QUEUED');
  assert.match(full.say('more', 'x'.repeat(600)), /^-OOM /);
  full.client.endTransaction();
  assert.is(full.used(), 0);
});

test('a subscriber says little else in RESP2, and anything in RESP3', () => {
  const { say, client } = setUp();
  client.channels = 1;
  assert.is(
    say('one'),
    "-ERR Can't execute 'one': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context",
  );
  assert.is(say('heard'), '+heard of 1');
  client.proto = 3;
  assert.is(say('one'), '+one of 1');
});

test('who wants no replies gets none, nor errors; or not the next one', async () => {
  const { say, saying, client } = setUp();
  client.replyMode = 'off';
  for (const words of [['one'], ['one', 'x'], ['nosuch'], ['throws']]) assert.is(say(...words), '');
  assert.is(await saying('waits'), '');
  client.replyMode = 'skip';
  assert.is(say('nosuch'), '');
  assert.is(say('one'), '+one of 1');
});

test('of a command that fails only its error is replied; the reply before it stays', async () => {
  const { dispatch, context, say, saying, defects } = setUp();
  const reply = new Reply();
  reply.simple('before');
  void dispatch.run(context, callOf('throws'), reply);
  assert.is(textOf(reply), '+before -ERR no such thing');
  assert.is(await saying('rejects'), '-ERR no such thing');
  assert.equal(defects, []);
  assert.is(say('breaks'), '-ERR an internal error; the log of the daemon says more');
  assert.equal(defects.map(String), ['TypeError: nobody foresaw it']);
});

test('only what is said to may be run before a command that waits', () => {
  const { dispatch } = setUp();
  assert.ok(dispatch.overtakes(callOf('QUICK')));
  for (const words of [['one'], ['nosuch'], ['part', 'a'], ['part']])
    assert.not(dispatch.overtakes(callOf(...words)), words.join(' '));
});

test.run();
