// CONFIG GET and SET: the few of Redis's settings that mean something here, and those that clients look for.

import type { Call } from './call.ts';
import type { CommandContext } from './context.ts';
import { SYNTAX_ERROR } from './error-text.ts';
import { Glob, MAX_PATTERN_BYTES } from './glob.ts';
import type { Reply } from './reply.ts';

/** Said as they are; who sets one to what it is, is obeyed. */
function settingsOf({ server: { parts, maxBulkBytes } }: CommandContext): ReadonlyMap<string, string> {
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

/** Nothing can be set while the daemon runs: its settings are those of its configuration. */
export function setConfig(context: CommandContext, call: Call, reply: Reply): void {
  if (call.count % 2 !== 0) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const settings = settingsOf(context);
  for (let i = 2; i < call.count; i += 2) {
    const name = call.text(i);
    const value = settings.get(name.toLowerCase());
    if (value === undefined) {
      reply.error(`ERR Unknown option or number of arguments for CONFIG SET - '${name}'`);
      return;
    }
    if (value === call.text(i + 1)) continue;
    reply.error(
      `ERR CONFIG SET failed (possibly related to argument '${name}') - can't set immutable config`,
    );
    return;
  }
  reply.ok();
}
