// How long a daemon lives: from its start to the signal that ends it, and which exit code that makes.
// Supervisors and shells send the same signal twice; only one that comes clearly later means "now".

import { EXIT, exitCodeOfSignal } from './exit-codes.ts';
import type { Host } from './host.ts';

const DUPLICATE_WITHIN_MS = 1000;
const STOPPING = ['SIGTERM', 'SIGINT'] as const;

export interface Closable {
  close(): Promise<void>;
  /** Settles when the daemon is down, whoever asked for it. */
  readonly closed: Promise<void>;
}

/** Resolves with the exit code; rejects with what kept the daemon from starting or from closing in order. */
export function lifetime(
  start: () => Promise<Closable>,
  host: Pick<Host, 'nowMs' | 'onSignal'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    let daemon: Closable | undefined;
    let toldAtMs: number | undefined;

    const stop = (signal: NodeJS.Signals): void => {
      if (toldAtMs !== undefined) {
        if (host.nowMs() - toldAtMs > DUPLICATE_WITHIN_MS) resolve(exitCodeOfSignal(signal));
        return;
      }
      toldAtMs = host.nowMs();
      // Still starting: nobody was promised an answer yet, so there is nothing to drain.
      if (daemon === undefined) resolve(EXIT.ok);
      else daemon.close().then(() => resolve(EXIT.ok), reject);
    };

    for (const signal of STOPPING) host.onSignal(signal, () => stop(signal));
    start().then((started) => {
      daemon = started;
      // Asked to close, it is close() that says whether all went well.
      started.closed.then(() => toldAtMs === undefined && resolve(EXIT.ok), reject);
    }, reject);
  });
}
