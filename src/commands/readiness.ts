// Waits until the daemon answers /readyz with 200. A socket that appears is noticed at once, by a watch on its directory;
// a timer looks as well, since a watch can miss, a directory can be missing, and over TCP there is nothing to watch.

import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Address } from './address.ts';
import { readFields, textAt } from './answer.ts';
import { send } from './client.ts';

const POLL_MS = 50;
const TRY_MS = 2000;

/** Undefined when ready; the last reason why not when `timeoutMs` is over. */
export async function untilReady(
  address: Address,
  timeoutMs: number,
  nowMs: () => number,
): Promise<string | undefined> {
  const endMs = nowMs() + timeoutMs;
  const bell = createBell(address);
  try {
    for (;;) {
      const leftMs = endMs - nowMs();
      const reason = await reasonNotReady(address, Math.max(1, Math.min(TRY_MS, leftMs)));
      if (reason === undefined) return undefined;
      if (nowMs() >= endMs) return reason;
      await bell.next(Math.min(POLL_MS, endMs - nowMs()));
    }
  } finally {
    bell.close();
  }
}

async function reasonNotReady(address: Address, patienceMs: number): Promise<string | undefined> {
  try {
    const reply = await send(address, { method: 'GET', target: '/readyz', patienceMs });
    const fields = await readFields(reply);
    if (reply.statusCode === 200) return undefined;
    const said = fields && (textAt(fields, 'detail') ?? textAt(fields, 'reason') ?? textAt(fields, 'title'));
    return said ?? `the daemon answers ${reply.statusCode}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

interface Bell {
  /** Resolves at the next change in the socket's directory, or after `ms`. */
  next(ms: number): Promise<void>;
  close(): void;
}

function createBell(address: Address): Bell {
  let ring: () => void = () => {};
  const watcher =
    'socketPath' in address ? watchDirectory(dirname(address.socketPath), () => ring()) : undefined;
  return {
    next: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        ring = () => {
          clearTimeout(timer);
          resolve();
        };
      }),
    close: () => watcher?.close(),
  };
}

/** Undefined where there is nothing to watch (yet), or the system has no watches left. */
function watchDirectory(directory: string, changed: () => void): FSWatcher | undefined {
  try {
    return watch(directory, changed).on('error', () => {});
  } catch {
    return undefined;
  }
}
