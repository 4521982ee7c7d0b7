// The daemon as a whole: INFO CONFIG DBSIZE TIME FLUSHDB FLUSHALL WAIT MEMORY OBJECT SLOWLOG, and what there is none of.

import type { Cache } from '../../../cache/cache.ts';
import { RequestError } from '../../../errors.ts';
import type { Call } from '../call.ts';
import { type Command, type CommandFlag, type KeyPlaces, NO_KEYS } from '../command.ts';
import type { CommandContext } from '../context.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../error-text.ts';
import { describeServer } from '../info.ts';
import { NO_SLOT } from '../keyspace.ts';
import { integerOf, parseInteger } from '../numbers.ts';
import type { Reply } from '../reply.ts';
import { getConfig, setConfig } from '../settings.ts';

const SAFE: readonly CommandFlag[] = ['loading', 'stale'];
const ADMIN: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];
const SLOWLOG: readonly CommandFlag[] = ['admin', 'loading', 'stale'];
/** The key of a part's row. */
const THIRD: KeyPlaces = [2, 2, 1];

export const serverCommands: readonly Command[] = [
  { name: 'info', arity: -1, flags: SAFE, keys: NO_KEYS, run: info },
  { name: 'config|get', arity: -3, flags: ADMIN, keys: NO_KEYS, run: getConfig },
  { name: 'config|set', arity: -4, flags: ADMIN, keys: NO_KEYS, run: setConfig },
  { name: 'config|resetstat', arity: 2, flags: ADMIN, keys: NO_KEYS, run: resetStats },
  { name: 'dbsize', arity: 1, flags: ['readonly', 'fast'], keys: NO_KEYS, run: dbsize },
  { name: 'time', arity: 1, flags: ['loading', 'stale', 'fast'], keys: NO_KEYS, run: time },
  { name: 'flushdb', arity: -1, flags: ['write'], keys: NO_KEYS, run: flush },
  { name: 'flushall', arity: -1, flags: ['write'], keys: NO_KEYS, run: flush },
  { name: 'wait', arity: 3, flags: ['noscript'], keys: NO_KEYS, run: wait },
  { name: 'memory|usage', arity: -3, flags: ['readonly'], keys: THIRD, run: memoryUsage },
  { name: 'object|encoding', arity: 3, flags: ['readonly'], keys: THIRD, run: encoding },
  { name: 'object|freq', arity: 3, flags: ['readonly'], keys: THIRD, run: frequency },
  { name: 'object|idletime', arity: 3, flags: ['readonly'], keys: THIRD, run: idleTime },
  { name: 'object|refcount', arity: 3, flags: ['readonly'], keys: THIRD, run: references },
  { name: 'slowlog|get', arity: -2, flags: SLOWLOG, keys: NO_KEYS, run: slowlogGet },
  { name: 'slowlog|len', arity: 2, flags: SLOWLOG, keys: NO_KEYS, run: slowlogLen },
  { name: 'slowlog|reset', arity: 2, flags: SLOWLOG, keys: NO_KEYS, run: slowlogReset },
  { name: 'function|flush', arity: -2, flags: ['write', 'noscript'], keys: NO_KEYS, run: flushNone },
  { name: 'script|flush', arity: -2, flags: ['noscript'], keys: NO_KEYS, run: flushNone },
  { name: 'debug', arity: -2, flags: ADMIN, keys: NO_KEYS, run: debug },
];

/** What RESP counts; what caches count goes to metrics, too, and is never less than before. */
function resetStats({ server }: CommandContext, _call: Call, reply: Reply): void {
  Object.assign(server, { commands: 0, connections: 0, netInputBytes: 0, netOutputBytes: 0 });
  reply.ok();
}

function info(context: CommandContext, call: Call, reply: Reply): void {
  const wanted: string[] = [];
  for (let i = 1; i < call.count; i++) wanted.push(call.text(i).toLowerCase());
  reply.verbatim(describeServer(context, wanted));
}

function dbsize({ keyspace }: CommandContext, _call: Call, reply: Reply): void {
  reply.integer(keyspace.entries);
}

function time({ clock }: CommandContext, _call: Call, reply: Reply): void {
  const nowMs = clock.now();
  const seconds = Math.floor(nowMs / 1000);
  reply.array(2);
  reply.bulkText(String(seconds));
  reply.bulkText(String(Math.floor((nowMs - seconds * 1000) * 1000)));
}

// --- emptying

/** For the others to confirm; nobody waits for it. */
const TOLD_WITHIN_MS = 2000;

function flush(context: CommandContext, call: Call, reply: Reply): void {
  const isHow = call.count === 2 && (call.is(1, 'ASYNC') || call.is(1, 'SYNC'));
  if (call.count > 1 && !isHow) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const selection = { caches: flushed(context), keys: [], tags: [], prefixes: [] };
  void context.keyspace.changedBy(context.client, () =>
    context.changes.call({
      ...{ kind: 'invalidate', selection, scope: 'fleet', notify: 'all', timeoutMs: TOLD_WITHIN_MS },
      ...{ body: undefined, repeats: undefined },
    }),
  );
  reply.ok();
}

function flushed({ keyspace, server }: CommandContext): readonly Cache[] {
  if (server.parts.flushall === 'all') return keyspace.caches.all;
  if (keyspace.defaultCache) return [keyspace.defaultCache];
  throw new RequestError('unknown_cache', "no cache is called 'default', and resp.flushall is not 'all'");
}

/** Nobody replicates this: what others are to confirm, SIDECACHE.INVALIDATE waits for. */
function wait(_context: CommandContext, call: Call, reply: Reply): void {
  const timeoutMs = integerOf(call, 2);
  if (integerOf(call, 1) === undefined) reply.error(NOT_AN_INTEGER);
  else if (timeoutMs === undefined) reply.error('ERR timeout is not an integer or out of range');
  else if (timeoutMs < 0n) reply.error('ERR timeout is negative');
  else reply.integer(0);
}

// --- about one entry

function memoryUsage({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  const isSamples = call.count === 5 && call.is(3, 'SAMPLES');
  if (call.count !== 3 && !isSamples) {
    reply.error(SYNTAX_ERROR);
  } else if (isSamples && integerOf(call, 4) === undefined) {
    reply.error(NOT_AN_INTEGER);
  } else if (isSamples && integerOf(call, 4)! < 0n) {
    reply.error(SYNTAX_ERROR);
  } else if (keyspace.find(call, 2) === NO_SLOT) {
    reply.null();
  } else {
    reply.integer(keyspace.cache.shelf.store.costOf(keyspace.slot));
  }
}

/** As long as Redis keeps a string in one piece with its head. */
const EMBEDDED_BYTES = 44;
const LONGEST_INTEGER = 20;

const integerBytes = Buffer.alloc(LONGEST_INTEGER);

function encoding({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  const slot = keyspace.find(call, 2);
  if (slot === NO_SLOT) reply.null();
  else if (isInteger(keyspace.cache, slot)) reply.bulkText('int');
  else reply.bulkText(keyspace.cache.shelf.store.valueLength(slot) <= EMBEDDED_BYTES ? 'embstr' : 'raw');
}

function isInteger({ shelf: { store } }: Cache, slot: number): boolean {
  const length = store.valueLength(slot);
  if (length > LONGEST_INTEGER) return false;
  store.copyValue(slot, 0, integerBytes, 0, length);
  return parseInteger(integerBytes, 0, length) !== undefined;
}

const NO_FREQUENCY =
  'ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.';

function frequency({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  if (keyspace.find(call, 2) === NO_SLOT) reply.null();
  else reply.error(NO_FREQUENCY);
}

/** When entries were read is known to so much: what was in use within it is not idle. */
const READ_TO_MS = 4000;

function idleTime({ keyspace, clock }: CommandContext, call: Call, reply: Reply): void {
  const slot = keyspace.find(call, 2);
  if (slot === NO_SLOT) {
    reply.null();
    return;
  }
  const idleMs = keyspace.cache.shelf.idleMs(slot, clock.now());
  reply.integer(idleMs <= READ_TO_MS ? 0 : Math.floor(idleMs / 1000));
}

function references({ keyspace }: CommandContext, call: Call, reply: Reply): void {
  if (keyspace.find(call, 2) === NO_SLOT) reply.null();
  else reply.integer(1);
}

// --- what was slow

function slowlogGet({ server }: CommandContext, call: Call, reply: Reply): void {
  const count = call.count === 3 ? integerOf(call, 2) : 10n;
  if (call.count > 3)
    reply.error("ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.");
  else if (count === undefined || count < -1n) reply.error('ERR count should be greater than or equal to -1');
  else server.slowLog.reply(count === -1n ? server.slowLog.size : Number(count), reply);
}

function slowlogLen({ server }: CommandContext, _call: Call, reply: Reply): void {
  reply.integer(server.slowLog.size);
}

function slowlogReset({ server }: CommandContext, _call: Call, reply: Reply): void {
  server.slowLog.reset();
  reply.ok();
}

// --- what there is none of, and what is not allowed

/** There are no scripts and no functions: what wants to begin without any may. */
function flushNone(_context: CommandContext, call: Call, reply: Reply): void {
  const isFunction = call.is(0, 'FUNCTION');
  const isHow = call.count === 3 && (call.is(2, 'ASYNC') || call.is(2, 'SYNC'));
  if (call.count === 2 || isHow) reply.ok();
  else
    reply.error(
      `ERR ${isFunction ? 'FUNCTION FLUSH only supports' : 'SCRIPT FLUSH only support'} SYNC|ASYNC option`,
    );
}

function debug(_context: CommandContext, _call: Call, reply: Reply): void {
  reply.error(
    'ERR DEBUG command not allowed. If the enable-debug-command option is set to "local", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.',
  );
}
