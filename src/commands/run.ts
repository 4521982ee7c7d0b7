// argv → exit code. A bare `serve` never loads the parser of command lines: a daemon's memory is its users'.

import { reportFailure } from './failure.ts';
import type { Host } from './host.ts';
import { serve } from './serve.ts';

export async function run(argv: readonly string[], host: Host): Promise<number> {
  try {
    return await dispatch(argv, host);
  } catch (error) {
    return reportFailure(error, host, wantsJson(argv));
  }
}

async function dispatch(argv: readonly string[], host: Host): Promise<number> {
  if (argv.length === 1 && argv[0] === 'serve') return serve({}, host);
  const { runCommandLine } = await import('./command-line.ts');
  return runCommandLine(argv, host);
}

/** Asked before parsing has succeeded: a script that wants JSON gets its errors as JSON, too. */
function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end === -1 ? argv.length : end).includes('--json');
}
