// What a command's exit code says. docs/command-line.md lists them for users.

export const EXIT = {
  ok: 0,
  /** The daemon said no, or something broke on the way. */
  failed: 1,
  /** The command line or the configuration cannot be used. */
  usage: 2,
  /** There is no such entry or cache. */
  notFound: 3,
  /** No daemon answers. */
  unreachable: 4,
  /** Not ready, or not confirmed by every instance, in the time given. */
  notInTime: 5,
} as const;

/** Signals' numbers as Linux has them; a process that one ended is reported as 128 + number. */
const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGTERM: 15,
};

export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + (SIGNAL_NUMBERS[signal] ?? 0);
}
