// `sidecache serve`: runs the daemon in the foreground until it is told to stop.

import { startDaemon } from '../daemon.ts';
import type { Host } from './host.ts';
import { lifetime } from './lifetime.ts';

export function serve(flags: Record<string, unknown>, host: Host): Promise<number> {
  host.outlive();
  const start = () =>
    startDaemon({
      flags,
      env: host.env,
      log: (line: string) => host.stdout.write(line),
      show: host.terminal.stdout ? (line) => host.stderr.write(`${line}\n`) : undefined,
    });
  return lifetime(start, host);
}
