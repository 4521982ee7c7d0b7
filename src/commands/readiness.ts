// Waits until the daemon answers /readyz with 200. A socket that appears is noticed at once, by a watch on its directory;
// a timer looks as well, since a watch can miss, a directory can be missing, and over TCP there is nothing to watch.

import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Address } from './address.ts';
import { readFields, textAt } from './answer.ts';
import { codeIn, reasonIn, send } from './client.ts';

const POLL_MS = 50;
const TRY_MS = 2000;

export interface NotReady {
  reason: string;
  /** It cannot become ready: its configuration is bad, and is read at start only. */
  forGood: boolean;
}

/** Undefined when ready; why not as soon as that is for good, else the last reason when `timeoutMs` is over. */
export async function untilReady(
  address: Address,
  timeoutMs: number,
  nowMs: () => number,
): Promise<NotReady | undefined> {
  const endMs = nowMs() + timeoutMs;
  const bell = createBell(address);
  try {
    for (;;) {
      const patienceMs = Math.max(POLL_MS, Math.min(TRY_MS, endMs - nowMs()));
      const notReady = await askReadiness(address, patienceMs);
      if (notReady === undefined || notReady.forGood) return notReady;
      await bell.next(Math.min(POLL_MS, endMs - nowMs()));
      // A last try with no time left would only replace the reason by "too slow".
      if (nowMs() >= endMs) return notReady;
    }
  } finally {
    bell.close();
  }
}

async function askReadiness(address: Address, patienceMs: number): Promise<NotReady | undefined> {
  try {
    const reply = await send(address, { method: 'GET', target: '/readyz', patienceMs });
    const fields = await readFields(reply);
    if (reply.statusCode === 200) return undefined;
    const reason =
      reasonIn(fields) ?? textAt(fields ?? {}, 'reason') ?? `the daemon answers ${reply.statusCode}`;
    return { reason, forGood: codeIn(fields) === 'bad_config' };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error), forGood: false };
  }
}

interface Bell {
  /** Resolves at the next change in the socket's directory, or after `ms`. */
  next(ms: number): Promise<void>;
  close(): void;
}

function createBell(address: Address): Bell {
  let ring: () => void = () => {};
  const watcher = 'socketPath' in address ? watchFor(address.socketPath, () => ring()) : undefined;
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
function watchFor(file: string, changed: () => void): FSWatcher | undefined {
  try {
    // Others' files come and go in /tmp all the time.
    const name = basename(file);
    return watch(dirname(file), (_, changedName) => {
      if (changedName === null || changedName === name) changed();
    }).on('error', () => {});
  } catch {
    return undefined;
  }
}
