// CLIENT TRACKING and its kin as Redis 7 answers them, a command at a time.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { callOf } from '../../../src/serve/resp/call.ts';
import { describeClient } from '../../../src/serve/resp/client-line.ts';
import type { Command } from '../../../src/serve/resp/command.ts';
import { trackingCommands } from '../../../src/serve/resp/commands/tracking.ts';
import { Tracking } from '../../../src/serve/resp/tracking.ts';
import { beginTracked, endTracked, leaveTracked } from '../../../src/serve/resp/tracking-commands.ts';
import { FakeClock } from '../../cache/fake-clock.ts';
import { type BenchClient, CommandBench } from './command-bench.ts';
import { changed } from './push-clients.ts';

const test = suite('RESP client tracking, commands');

const OFF = '*1 $3 off $8 redirect :-1 $8 prefixes *0';

function setUp() {
  const rows: Command[] = [];
  const bench = new CommandBench(rows);
  const tracking: Tracking = new Tracking({
    names: {
      nameOf: (_cache, key) => key.toString('latin1'),
      cacheOf: () => 'default',
      stored: (name) => name,
      keepMs: () => Number.POSITIVE_INFINITY,
      version: 0,
      mayHave: () => true,
    },
    clock: new FakeClock(),
    random: () => 0,
    charge: () => true,
    release: () => {},
    maxBytes: 1_000_000,
    client: (id) => bench.clients.get(id),
    soon: (run) => run(),
  });
  rows.push(...trackingCommands(tracking));
  /** As dispatch does around a command that reads, or changes, the keys. */
  const around = (
    flags: Command['flags'],
    { client }: BenchClient,
    name: string,
    ...keys: string[]
  ): void => {
    const command: Command = { name, arity: -2, flags, keys: [1, -1, 1], run: () => {} };
    const names = beginTracked(tracking, client, command, callOf(name, ...keys));
    if (flags.includes('write'))
      for (const key of keys) tracking.changed('default', { soft: false, key: Buffer.from(key) });
    leaveTracked(tracking);
    endTracked(tracking, client, command, names);
  };
  const read = (client: BenchClient, ...keys: string[]): void =>
    around(['readonly'], client, 'mget', ...keys);
  const write = (client: BenchClient, ...keys: string[]): void => around(['write'], client, 'del', ...keys);
  return { bench, tracking, read, write };
}

test('tracking is turned on and off, and says so', () => {
  const { bench } = setUp();
  const one = bench.client(2);
  assert.is(one.run('client', 'trackinginfo'), `*6 $5 flags ${OFF}`);
  assert.is(one.run('client', 'getredir'), ':-1');
  assert.is(one.run('client', 'tracking', 'on'), '+OK');
  assert.is(one.run('client', 'trackinginfo'), '*6 $5 flags *1 $2 on $8 redirect :0 $8 prefixes *0');
  assert.is(one.run('client', 'getredir'), ':0');
  assert.is(one.run('client', 'tracking', 'off'), '+OK');
  assert.is(one.run('client', 'tracking', 'off'), '+OK');
  assert.is(one.run('client', 'trackinginfo'), `*6 $5 flags ${OFF}`);
});

test('what was chosen is shown as Redis shows it', () => {
  const { bench } = setUp();
  const [one, two, three] = [bench.client(3), bench.client(3), bench.client(3)];
  one.run('client', 'tracking', 'on', 'bcast', 'prefix', 'foo', 'PREFIX', 'bar', 'noloop');
  assert.is(
    one.run('client', 'trackinginfo'),
    '%3 $5 flags ~3 $2 on $5 bcast $6 noloop $8 redirect :0 $8 prefixes *2 $3 bar $3 foo',
  );
  two.run('client', 'tracking', 'on', 'optin', 'redirect', '1');
  two.run('client', 'caching', 'yes');
  assert.match(
    two.run('client', 'trackinginfo'),
    /flags ~3 \$2 on \$5 optin \$11 caching-yes \$8 redirect :1 /,
  );
  assert.is(two.run('client', 'getredir'), ':1');
  three.run('client', 'tracking', 'on', 'optout');
  three.run('client', 'caching', 'no');
  assert.match(three.run('client', 'trackinginfo'), /flags ~3 \$2 on \$6 optout \$10 caching-no /);
});

test('CLIENT LIST says who is told in its place', () => {
  const { bench } = setUp();
  const [one, two] = [bench.client(3), bench.client(3)];
  const redirect = (): string => / redir=(\S+) /.exec(describeClient(two.client, 0))![1]!;
  assert.is(redirect(), '-1');
  two.run('client', 'tracking', 'on');
  assert.is(redirect(), '0');
  two.run('client', 'tracking', 'on', 'redirect', String(one.client.id));
  assert.is(redirect(), '1');
  two.run('client', 'tracking', 'off');
  assert.is(redirect(), '-1');
});

const BCAST_SWITCH =
  "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
const OPT_SWITCH =
  "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
const OVERLAPS = 'Prefixes for a single client must not overlap.';

/** What was said before, what is said, what comes of it: as Redis 7.0.15 does. */
const REFUSALS: readonly (readonly [before: string, said: string, error: string])[] = [
  ['', 'foo', 'syntax error'],
  ['', 'on foo', 'syntax error'],
  ['', 'on redirect', 'syntax error'],
  ['', 'on bcast prefix', 'syntax error'],
  ['', 'on redirect x', 'value is not an integer or out of range'],
  ['', 'on redirect 9999', 'The client ID you want redirect to does not exist'],
  ['', 'on redirect 0', 'The client ID you want redirect to does not exist'],
  ['', 'off redirect -5', 'The client ID you want redirect to does not exist'],
  ['', 'on redirect 1 redirect 1', 'A client can only redirect to a single other client'],
  ['', 'on prefix a', 'PREFIX option requires BCAST mode to be enabled'],
  ['on bcast', 'on prefix a', 'PREFIX option requires BCAST mode to be enabled'],
  ['', 'on bcast optin', 'OPTIN and OPTOUT are not compatible with BCAST'],
  ['', 'on optin optout', "You can't specify both OPTIN mode and OPTOUT mode"],
  ['on', 'on bcast', BCAST_SWITCH],
  ['on bcast', 'on optin', BCAST_SWITCH],
  ['on optin', 'on optout', OPT_SWITCH],
  ['on optout', 'on optin', OPT_SWITCH],
  [
    '',
    'on bcast prefix foo prefix fo',
    `Prefix 'foo' overlaps with another provided prefix 'fo'. ${OVERLAPS}`,
  ],
  [
    'on bcast prefix foo',
    'on bcast prefix f',
    `Prefix 'f' overlaps with an existing prefix 'foo'. ${OVERLAPS}`,
  ],
  ['on bcast', 'on bcast prefix f', `Prefix 'f' overlaps with an existing prefix ''. ${OVERLAPS}`],
];

for (const [before, said, error] of REFUSALS) {
  test(`CLIENT TRACKING ${said}${before && `, after ${before}`}: ${error.slice(0, 60)}`, () => {
    const { bench } = setUp();
    const one = bench.client(3);
    if (before) assert.is(one.run('client', 'tracking', ...before.split(' ')), '+OK');
    const info = one.run('client', 'trackinginfo');
    assert.is(one.run('client', 'tracking', ...said.split(' ')), `-ERR ${error}`);
    assert.is(one.run('client', 'trackinginfo'), info);
  });
}

test('CLIENT CACHING is refused where it makes no sense', () => {
  const { bench } = setUp();
  const one = bench.client(3);
  const needs =
    '-ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled';
  assert.is(one.run('client', 'caching', 'foo'), needs);
  one.run('client', 'tracking', 'on');
  assert.is(one.run('client', 'caching', 'maybe'), '-ERR syntax error');
  assert.is(
    one.run('client', 'caching', 'yes'),
    '-ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.',
  );
  assert.is(
    one.run('client', 'caching', 'no'),
    '-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.',
  );
});

test('CLIENT CACHING YES holds for the next command, and for all of a transaction', () => {
  const { bench, tracking, read, write } = setUp();
  const [one, two] = [bench.client(3), bench.client(3)];
  one.run('client', 'tracking', 'on', 'optin');
  read(one, 'a');
  one.run('client', 'caching', 'yes');
  read(one, 'b', 'c');
  read(one, 'd');
  assert.is(tracking.keys, 2);
  one.run('client', 'caching', 'yes');
  one.client.beginTransaction();
  write(one, 'x');
  one.client.endTransaction();
  one.client.executing = true;
  read(one, 'e');
  read(one, 'f');
  one.client.executing = false;
  write(one, 'x');
  read(one, 'g');
  assert.is(tracking.keys, 4);
  write(two, 'a', 'b', 'e', 'f', 'g');
  assert.equal(one.pushed, [changed('b'), changed('e'), changed('f')]);
});

test('only what a command reads is noted', () => {
  const { bench, tracking, write } = setUp();
  const one = bench.client(3);
  one.run('client', 'tracking', 'on');
  write(one, 'a');
  assert.is(tracking.keys, 0);
});

test('what changes in a NOLOOP client’s command is its own, and what changes after it is not', () => {
  const { bench, tracking, read, write } = setUp();
  const one = bench.client(3);
  one.run('client', 'tracking', 'on', 'noloop');
  read(one, 'a', 'b');
  write(one, 'a');
  tracking.changed('default', { soft: false, key: Buffer.from('b') });
  assert.equal(one.pushed, [changed('b')]);
});

test('after RESET a client is tracked no more, and may be again', () => {
  const { bench, tracking, read } = setUp();
  const one = bench.client(3);
  for (let i = 0; i < 2; i++) {
    one.run('client', 'tracking', 'on');
    read(one, 'a');
    one.client.reset();
    assert.equal([tracking.active, tracking.keys, one.client.tracks], [false, 0, false]);
  }
});

test('a client that ends is tracked no more', () => {
  const { bench, tracking, read } = setUp();
  const one = bench.client(3);
  one.run('client', 'tracking', 'on');
  read(one, 'a');
  one.client.ended();
  assert.not(tracking.active);
  assert.is(tracking.keys, 0);
});

test.run();
