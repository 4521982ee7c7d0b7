// `sidecache wait [-- COMMAND…]`: blocks until the daemon is ready, then runs COMMAND in its place.

import { CommandError } from '../errors.ts';
import { addressOf } from './address.ts';
import { type Arguments, durationOption, flag } from './arguments.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, printError, printJson } from './host.ts';
import { type NotReady, untilReady } from './readiness.ts';
import { runProgram } from './run-program.ts';

const DEFAULT_TIMEOUT_MS = 30_000;

export async function wait(args: Arguments, host: Host): Promise<number> {
  const timeoutMs = durationOption(args, 'timeout') ?? DEFAULT_TIMEOUT_MS;
  const [program, ...programArgs] = args.words;
  const startMs = host.nowMs();
  const notReady = await untilReady(addressOf(args, host.env), timeoutMs, host.nowMs);
  if (notReady !== undefined) {
    const error = failure(notReady, timeoutMs);
    if (program === undefined || !flag(args, 'or-run')) throw error;
    await printError(host, `sidecache: ${error.message}; running ${program} without it`);
  }
  if (program !== undefined) return runProgram(program, programArgs, host);
  if (flag(args, 'json'))
    await printJson(host, { ready: true, waited_ms: Math.round(host.nowMs() - startMs) });
  return EXIT.ok;
}

function failure({ reason, forGood }: NotReady, timeoutMs: number): CommandError {
  if (forGood) {
    return new CommandError(
      EXIT.usage,
      `the daemon cannot become ready, its configuration is bad: ${reason}`,
    );
  }
  return new CommandError(EXIT.notInTime, `not ready after ${timeoutMs / 1000} s: ${reason}`);
}
