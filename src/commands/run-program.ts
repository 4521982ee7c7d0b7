// Runs a program as if it stood here itself: same streams, same environment, its signals, its exit code.

import { spawn } from 'node:child_process';
import { CommandError } from '../errors.ts';
import { exitCodeOfSignal } from './exit-codes.ts';
import type { Host } from './host.ts';

const PASSED_ON = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
/** What a terminal sends goes to everybody in front of it; passed on, the program would get it twice. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT', 'SIGHUP']);

/** As shells have it. */
const CANNOT_RUN = 126;
const NOT_FOUND = 127;

export function runProgram(program: string, args: readonly string[], host: Host): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit', env: host.env });
    const undo = PASSED_ON.map((signal) =>
      host.onSignal(signal, () => {
        if (!host.terminal.stdin || !FROM_TERMINAL.has(signal)) child.kill(signal);
      }),
    );
    const done = (): void => {
      for (const end of undo) end();
    };
    child.on('error', (error: NodeJS.ErrnoException) => {
      done();
      reject(
        new CommandError(error.code === 'ENOENT' ? NOT_FOUND : CANNOT_RUN, cannotRun(program, error), {
          cause: error,
        }),
      );
    });
    child.on('exit', (code, signal) => {
      done();
      resolve(signal === null ? (code ?? 0) : exitCodeOfSignal(signal));
    });
  });
}

function cannotRun(program: string, error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return `${program}: no such program`;
  return error.code === 'EACCES' ? `${program}: not allowed to run it` : `${program}: ${error.message}`;
}
