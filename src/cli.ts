// The program: hands argv and the process to a command. The only file that touches signals and process.exit.

import './heap.ts';
import type { Host } from './commands/host.ts';
import { run } from './commands/run.ts';
import { describeDefect, Log } from './log.ts';

const DEFAULT_COLUMNS = 80;
const IGNORED_BY_A_DAEMON = ['SIGHUP', 'SIGUSR1', 'SIGPIPE'] as const;

const ignore = (): void => {};

/** Whoever prints hears of a broken pipe from its own write; without a listener Node would end the process. */
function keepStreamErrorsOut(): void {
  process.stdout.on('error', ignore);
  process.stderr.on('error', ignore);
}

/** Promise 6: nothing a client, peer or origin does ends the process. A listener on SIGUSR1 also keeps the inspector shut. */
function outlive(): void {
  for (const signal of IGNORED_BY_A_DAEMON) process.on(signal, ignore);
  process.on('uncaughtException', (error, origin) => logStray(error, origin));
  process.on('unhandledRejection', (reason) => logStray(reason, 'unhandledRejection'));
}

function logStray(error: unknown, origin: string): void {
  const log = new Log((line) => process.stdout.write(line), 'error');
  log.error('a defect was survived', { origin, ...describeDefect(error) });
}

function onSignal(signal: NodeJS.Signals, listener: () => void): () => void {
  process.on(signal, listener);
  return () => process.off(signal, listener);
}

const host: Host = {
  // Getters: opening standard input makes a stream and a handle that a daemon never needs.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  terminal: {
    get stdin() {
      return process.stdin.isTTY === true;
    },
    get stdout() {
      return process.stdout.isTTY === true;
    },
    get columns() {
      return process.stdout.columns ?? DEFAULT_COLUMNS;
    },
  },
  nowMs: () => performance.now(),
  onSignal,
  outlive,
};

keepStreamErrorsOut();
// Pipes, files and terminals are written synchronously on POSIX: nothing is lost by leaving here and now.
run(process.argv.slice(2), host).then((exitCode) => process.exit(exitCode));
