// CONFIG GET and SET: all of it or nothing, and an error that says why not.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLab } from './command-lab.ts';

const test = suite('CONFIG');

test('what cannot be set says why, as Redis does', () => {
  const lab = new CommandLab();
  const failed = (name: string): string =>
    `-ERR CONFIG SET failed (possibly related to argument '${name}') - `;
  const cases: readonly (readonly [string, string])[] = [
    ['maxmemory 1', `${failed('maxmemory')}can't set immutable config`],
    ['daemonize yes', `${failed('daemonize')}can't set immutable config`],
    ['maxmemory 1 maxclients 2 MAXMEMORY 3', `${failed('maxmemory')}duplicate parameter`],
    ['slowlog-max-len 5 None 1', "-ERR Unknown option or number of arguments for CONFIG SET - 'None'"],
    ['slowlog-max-len x', `${failed('slowlog-max-len')}argument couldn't be parsed into an integer`],
    ['slowlog-max-len -1', `${failed('slowlog-max-len')}argument must be between 0 and 1024 inclusive`],
    ['slowlog-max-len 1025', `${failed('slowlog-max-len')}argument must be between 0 and 1024 inclusive`],
    ['slowlog-max-len', "-ERR wrong number of arguments for 'config|set' command"],
    ['slowlog-max-len 1 save', '-ERR syntax error'],
  ];
  for (const [words, error] of cases) assert.is(lab.say('CONFIG', 'SET', ...words.split(' ')), error, words);
  lab.end();
});

test('of several none is set where one cannot be', () => {
  const lab = new CommandLab();
  lab.say('CONFIG', 'SET', 'slowlog-max-len', '7', 'maxmemory', '1');
  assert.equal(lab.say('CONFIG', 'GET', 'slowlog-max-len'), ['slowlog-max-len', '128']);
  assert.is(lab.say('CONFIG', 'SET', 'SLOWLOG-max-len', '7', 'slowlog-log-slower-than', '5'), 'OK');
  assert.equal(lab.say('CONFIG', 'GET', 'slowlog-*'), [
    ...['slowlog-log-slower-than', '5'],
    ...['slowlog-max-len', '7'],
  ]);
});

test('RESETSTAT begins to count anew', () => {
  const lab = new CommandLab();
  const counted = (): number => Number(/total_commands_processed:(\d+)/.exec(String(lab.say('INFO')))![1]);
  for (let i = 0; i < 9; i++) lab.say('GET', 'k');
  assert.is(counted(), 10);
  lab.say('CONFIG', 'RESETSTAT');
  assert.is(counted(), 1);
  lab.end();
});

test('scripts and functions are flushed, as there are none', () => {
  const lab = new CommandLab();
  for (const name of ['FUNCTION', 'SCRIPT'])
    for (const how of [[], ['SYNC'], ['async']]) assert.is(lab.say(name, 'FLUSH', ...how), 'OK');
  assert.is(lab.say('FUNCTION', 'FLUSH', 'x'), '-ERR FUNCTION FLUSH only supports SYNC|ASYNC option');
  assert.is(lab.say('SCRIPT', 'FLUSH', 'x'), '-ERR SCRIPT FLUSH only support SYNC|ASYNC option');
  lab.end();
});

test.run();
