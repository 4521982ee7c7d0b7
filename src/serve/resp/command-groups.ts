// What commands are about: the group that COMMAND DOCS says, and the categories of COMMAND INFO. Source: Redis 7's COMMAND.

import type { CommandFlag } from './command.ts';

/** Of commands with parts their first word. */
const GROUPS = {
  string:
    'append decr decrby get getdel getex getrange getset incr incrby incrbyfloat lcs mget mset msetnx psetex set setex setnx setrange strlen substr',
  generic:
    'copy del exists expire expireat expiretime keys object persist pexpire pexpireat pexpiretime pttl randomkey rename renamenx scan touch ttl type unlink wait',
  connection: 'auth client echo hello ping quit reset select',
  transactions: 'discard exec multi unwatch watch',
  pubsub: 'psubscribe publish pubsub punsubscribe subscribe unsubscribe',
  scripting: 'function script',
  server: 'command config dbsize debug flushall flushdb info memory slowlog time',
} as const;

export type CommandGroup = keyof typeof GROUPS | 'module';

const groupByWord = new Map<string, CommandGroup>();
for (const [group, words] of Object.entries(GROUPS))
  for (const word of words.split(' ')) groupByWord.set(word, group as CommandGroup);

export function groupOf(name: string): CommandGroup {
  return groupByWord.get(firstWord(name)) ?? 'module';
}

/** Of commands that are about keys of any type, though another group has them. */
const KEYSPACE = ['dbsize', 'flushall', 'flushdb'];
const CONNECTION = ['command', 'wait'];
const DANGEROUS = ['flushall', 'flushdb', 'info', 'keys'];

/** `isWhole`: it has parts, and is nothing without one. */
export function categoriesOf(name: string, flags: readonly CommandFlag[], isWhole: boolean): string[] {
  if (isWhole) return ['@slow'];
  const [word, group] = [firstWord(name), groupOf(name)];
  const is = {
    '@keyspace': (group === 'generic' && word !== 'wait') || KEYSPACE.includes(word),
    '@read': flags.includes('readonly'),
    '@write': flags.includes('write'),
    '@string': group === 'string',
    '@pubsub': flags.includes('pubsub'),
    '@admin': flags.includes('admin'),
    '@fast': flags.includes('fast'),
    '@slow': !flags.includes('fast'),
    '@dangerous': flags.includes('admin') || DANGEROUS.includes(word),
    '@connection': group === 'connection' || CONNECTION.includes(word),
    '@transaction': group === 'transactions',
    '@scripting': group === 'scripting',
  };
  return Object.entries(is).flatMap(([category, isOfIt]) => (isOfIt ? [category] : []));
}

function firstWord(name: string): string {
  return name.split('|', 1)[0]!;
}
