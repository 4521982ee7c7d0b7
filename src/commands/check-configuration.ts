// `sidecache check` on the command line: hands flags, environment and output to the check itself.

import type { Arguments } from './arguments.ts';
import { runCheck } from './check.ts';
import type { Host } from './host.ts';

export function checkConfiguration(args: Arguments, host: Host): Promise<number> {
  const { json, ...flags } = args.options;
  return runCheck({
    flags,
    env: host.env,
    json: json === true,
    write: (text: string) => host.stdout.write(text),
    writeError: (text: string) => host.stderr.write(text),
  });
}
