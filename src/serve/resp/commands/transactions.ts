// MULTI EXEC DISCARD WATCH UNWATCH. Commands are queued by the dispatch; here they are run.
//
// What is queued runs in one go as long as nothing of it waits: a read of what must be loaded, or what is done in turns,
// lets other clients' commands come between.

import type { Call } from '../call.ts';
import type { QueuedCall, WatchedKey } from '../client.ts';
import type { Command, CommandFlag } from '../command.ts';
import type { CommandContext } from '../context.ts';
import type { Reply } from '../reply.ts';
import { WatchedEntry, type Watches } from '../watches.ts';

/** Runs a command whatever its client is in the middle of; never throws, and a promise is never rejected. */
export type Execute = (
  command: Command,
  context: CommandContext,
  call: Call,
  reply: Reply,
) => void | Promise<void>;

const QUICK: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'allow_busy', 'unqueued'];

/** `watches`: told of the changes of all caches. */
export function transactionCommands(execute: Execute, watches: Watches): readonly Command[] {
  return [
    {
      name: 'multi',
      arity: 1,
      flags: QUICK,
      keys: [0, 0, 0],
      run: multi,
    },
    {
      name: 'exec',
      arity: 1,
      flags: ['noscript', 'loading', 'stale', 'skip_slowlog', 'unqueued'],
      keys: [0, 0, 0],
      run: (context, _call, reply) => exec(context, execute, watches, reply),
    },
    {
      name: 'discard',
      arity: 1,
      flags: QUICK,
      keys: [0, 0, 0],
      run: (context, _call, reply) => discard(context, watches, reply),
    },
    {
      name: 'watch',
      arity: -2,
      flags: QUICK,
      keys: [1, -1, 1],
      run: (context, call, reply) => watch(context, call, watches, reply),
    },
    {
      name: 'unwatch',
      arity: 1,
      flags: ['noscript', 'loading', 'stale', 'fast', 'allow_busy'],
      keys: [0, 0, 0],
      run: (context, _call, reply) => unwatch(context, watches, reply),
    },
  ];
}

/** Keys that one client may watch, and their bytes. */
const MOST_WATCHED = 10_000;
const MOST_WATCHED_BYTES = 1 << 20;

function multi({ client }: CommandContext, _call: Call, reply: Reply): void {
  if (client.transaction) {
    reply.error('ERR MULTI calls can not be nested');
    return;
  }
  client.beginTransaction();
  reply.ok();
}

function discard({ client }: CommandContext, watches: Watches, reply: Reply): void {
  if (!client.transaction) {
    reply.error('ERR DISCARD without MULTI');
    return;
  }
  client.endTransaction();
  watches.end(client);
  reply.ok();
}

function exec(
  context: CommandContext,
  execute: Execute,
  watches: Watches,
  reply: Reply,
): void | Promise<void> {
  const { client, clock } = context;
  const { transaction, watched } = client;
  if (!transaction) {
    reply.error('ERR EXEC without MULTI');
    return;
  }
  client.leaveTransaction();
  const isUnchanged = watched.every((entry) => isAsItWas(entry, clock.now()));
  watches.end(client);
  const done = (): void => client.port.account.release(transaction.bytes);
  try {
    if (transaction.failed) reply.error('EXECABORT Transaction discarded because of previous errors.');
    else if (!isUnchanged) reply.nullArray();
    else {
      const waits = runQueued(context, execute, transaction.queued, reply);
      if (waits) return waits.finally(done);
    }
  } catch (error) {
    done();
    throw error;
  }
  done();
}

function isAsItWas(entry: WatchedKey, nowMs: number): boolean {
  return entry instanceof WatchedEntry && entry.isUnchanged(nowMs);
}

/** In order, each with one reply; waits only where one of them waits. */
function runQueued(
  context: CommandContext,
  execute: Execute,
  queued: readonly QueuedCall[],
  reply: Reply,
): void | Promise<void> {
  const { client } = context;
  reply.array(queued.length);
  client.executing = true;
  let next = 0;
  const runUntilWait = (): Promise<void> | undefined => {
    while (next < queued.length) {
      const { command, call } = queued[next++]!;
      const waits = execute(command, context, call, reply);
      if (waits) return waits;
    }
    client.executing = false;
    return undefined;
  };
  const waits = runUntilWait();
  return waits && runRest(waits, runUntilWait);
}

async function runRest(waits: Promise<void>, go: () => Promise<void> | undefined): Promise<void> {
  for (let waiting: Promise<void> | undefined = waits; waiting; waiting = go()) await waiting;
}

// --- WATCH

function watch(context: CommandContext, call: Call, watches: Watches, reply: Reply): void {
  const { client, clock, keyspace } = context;
  if (client.transaction) {
    reply.error('ERR WATCH inside MULTI is not allowed');
    return;
  }
  const count = client.watched.length + call.count - 1;
  const bytes = client.watched.reduce((sum, { key }) => sum + key.length, call.argumentBytes);
  if (count > MOST_WATCHED || bytes > MOST_WATCHED_BYTES) {
    reply.error(`ERR a client watches at most ${MOST_WATCHED} keys of ${MOST_WATCHED_BYTES} bytes in all`);
    return;
  }
  // None is watched where one belongs to no cache.
  for (let i = 1; i < call.count; i++) keyspace.locate(call.bytes, call.start(i), call.end(i));
  for (let i = 1; i < call.count; i++) {
    const key = keyspace.key(call, i);
    if (!watches.begin(client, keyspace.cache, key, clock.now())) {
      // What is watched already stays so: a transaction is rather refused than run.
      reply.error('OOM there is no memory to watch so many keys');
      return;
    }
  }
  reply.ok();
}

function unwatch({ client }: CommandContext, watches: Watches, reply: Reply): void {
  watches.end(client);
  reply.ok();
}
