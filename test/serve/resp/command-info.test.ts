// COMMAND: what it says of commands, as Redis 7 does.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CommandLab } from './command-lab.ts';
import type { Said } from './reply-value.ts';

const test = suite('COMMAND');

/** Name, arity, flags, keys, and categories, as Redis 7.0 answers them. */
const AS_REDIS = `
  get 2 readonly fast 1 1 1 @read @string @fast
  set -3 write denyoom 1 1 1 @write @string @slow
  del -2 write 1 -1 1 @keyspace @write @slow
  mset -3 write denyoom 1 -1 2 @write @string @slow
  keys 2 readonly 0 0 0 @keyspace @read @slow @dangerous
  exec 1 noscript loading stale skip_slowlog 0 0 0 @slow @transaction
  watch -2 noscript loading stale fast allow_busy 1 -1 1 @fast @transaction
  flushall -1 write 0 0 0 @keyspace @write @slow @dangerous
  dbsize 1 readonly fast 0 0 0 @keyspace @read @fast
  wait 3 noscript 0 0 0 @slow @connection
  info -1 loading stale 0 0 0 @slow @dangerous
  time 1 loading stale fast 0 0 0 @fast
  memory|usage -3 readonly 2 2 1 @read @slow
  object|encoding 3 readonly 2 2 1 @keyspace @read @slow
  config|get -3 admin noscript loading stale 0 0 0 @admin @slow @dangerous
  command -1 loading stale 0 0 0 @slow @connection
`;

function shown(row: Said): string {
  const [name, arity, flags, first, last, step, categories] = row as [
    ...[string, number, string[], number, number, number, string[]],
  ];
  return [name, arity, ...flags, first, last, step, ...categories].join(' ');
}

test('says arity, flags, keys and categories as Redis does', () => {
  const lab = new CommandLab();
  const rows = AS_REDIS.trim()
    .split('\n')
    .map((line) => line.trim());
  const names = rows.map((row) => row.slice(0, row.indexOf(' ')));
  const said = lab.say('COMMAND', 'INFO', ...names) as Said[];
  assert.equal(said.map(shown), rows);
  lab.end();
});

test('a command with parts shows them, and is of no category itself', () => {
  const lab = new CommandLab();
  const [row] = lab.say('COMMAND', 'INFO', 'object') as Said[][];
  assert.equal(row![6], ['@slow']);
  const parts = (row![9] as Said[][]).map(([name]) => name);
  assert.equal(parts, ['object|encoding', 'object|freq', 'object|idletime', 'object|refcount']);
  assert.equal(lab.say('COMMAND', 'INFO', 'nosuch'), [null]);
  lab.end();
});

test('LIST tells those of a category, or whose names match', () => {
  const lab = new CommandLab();
  const of = (category: string): Said => lab.say('COMMAND', 'LIST', 'FILTERBY', 'ACLCAT', category);
  assert.equal(of('transaction'), ['multi', 'exec', 'discard', 'watch', 'unwatch']);
  assert.equal(of('TRANSACTION'), of('transaction'));
  assert.equal(of('nosuch'), []);
  assert.equal(lab.say('COMMAND', 'LIST', 'FILTERBY', 'PATTERN', 'mget*'), ['mget']);
  lab.end();
});

test('counts and lists the same commands, and lists their parts', () => {
  const lab = new CommandLab();
  const names = lab.say('COMMAND', 'LIST') as string[];
  const whole = names.filter((name) => !name.includes('|'));
  assert.ok(names.includes('config|get') && !whole.includes('config|get'));
  assert.is(lab.say('COMMAND', 'COUNT'), whole.length);
  assert.is(new Set(names).size, names.length);
  assert.is((lab.say('COMMAND') as Said[]).length, whole.length);
  assert.equal(lab.say('COMMAND', 'INFO', 'get|set', 'config|get|key', 'config|'), [null, null, null]);
  lab.end();
});

test('DOCS says what a command is about', () => {
  const lab = new CommandLab();
  const [name, docs] = lab.say('COMMAND', 'DOCS', 'watch') as [string, Said[]];
  assert.is(name, 'watch');
  assert.is(docs[docs.indexOf('group') + 1], 'transactions');
  lab.end();
});

test.run();
