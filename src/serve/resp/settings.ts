// CONFIG GET and SET: the few of Redis's settings that mean something here, and those that clients look for. Some can be
// set while the daemon runs; with it that ends.

import type { Call } from './call.ts';
import type { CommandContext } from './context.ts';
import { SYNTAX_ERROR } from './error-text.ts';
import { Glob, MAX_PATTERN_BYTES } from './glob.ts';
import { integerOf } from './numbers.ts';
import type { Reply } from './reply.ts';

/** A whole number that can be set. */
export interface Setting {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  get(): number;
  set(value: number): void;
}

/** Said as they are; who sets one to what it is, is obeyed. */
function settingsOf({ server }: CommandContext): ReadonlyMap<string, string> {
  const { parts, maxBulkBytes } = server;
  return new Map([
    ['maxmemory', String(parts.memoryBytes)],
    ['maxmemory-policy', 'allkeys-lru'],
    ['maxclients', String(parts.mostClients)],
    ['proto-max-bulk-len', String(maxBulkBytes)],
    ['databases', '1'],
    ['timeout', '0'],
    ['save', ''],
    ['appendonly', 'no'],
    ['notify-keyspace-events', ''],
    ['unixsocket', parts.socket],
    ['port', String(parts.port())],
    ['daemonize', 'no'],
    ['replicaof', ''],
    ['slaveof', ''],
    ...server.settings.map((one): [string, string] => [one.name, String(one.get())]),
  ]);
}

export function getConfig(context: CommandContext, call: Call, reply: Reply): void {
  const settings = settingsOf(context);
  const found = new Map<string, string>();
  for (let i = 2; i < call.count; i++) {
    for (const name of matching([...settings.keys()], call, i)) found.set(name, settings.get(name)!);
  }
  reply.map(found.size);
  for (const [name, value] of found) {
    reply.bulkText(name);
    reply.bulk(Buffer.from(value));
  }
}

function matching(names: readonly string[], call: Call, i: number): string[] {
  if (call.length(i) > MAX_PATTERN_BYTES) return [];
  const glob = new Glob(Buffer.from(call.text(i).toLowerCase(), 'latin1'));
  return names.filter((name) => {
    const bytes = Buffer.from(name);
    return glob.matches(bytes, 0, bytes.length);
  });
}

/** All or none: the rest are those of the daemon's configuration. */
export function setConfig(context: CommandContext, call: Call, reply: Reply): void {
  const changes: (() => void)[] = [];
  const problem = call.count % 2 === 0 ? parseChanges(context, call, changes) : SYNTAX_ERROR;
  if (problem !== undefined) {
    reply.error(problem);
    return;
  }
  for (const change of changes) change();
  reply.ok();
}

/** An error text where one of them cannot be. */
function parseChanges(context: CommandContext, call: Call, changes: (() => void)[]): string | undefined {
  const settings = settingsOf(context);
  const names = Array.from({ length: call.count / 2 - 1 }, (_, i) => call.text(2 + 2 * i).toLowerCase());
  for (const [i, name] of names.entries()) {
    if (!settings.has(name))
      return `ERR Unknown option or number of arguments for CONFIG SET - '${call.text(2 + 2 * i)}'`;
    if (names.indexOf(name) !== i) return failed(name, 'duplicate parameter');
  }
  for (const [i, name] of names.entries()) {
    const setting = context.server.settings.find((one) => one.name === name);
    const given = integerOf(call, 3 + 2 * i);
    if (!setting) {
      if (settings.get(name) !== call.text(3 + 2 * i)) return failed(name, "can't set immutable config");
    } else if (given === undefined) {
      return failed(name, "argument couldn't be parsed into an integer");
    } else if (given < setting.least || given > setting.most) {
      return failed(name, `argument must be between ${setting.least} and ${setting.most} inclusive`);
    } else {
      changes.push(() => setting.set(Number(given)));
    }
  }
  return undefined;
}

function failed(name: string, why: string): string {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
}
