// `sidecache check` on the command line: hands flags, environment and output to the check itself.

import { readConfig } from '../config/read.ts';
import type { Address } from './address.ts';
import { rowsAt, textAt } from './answer.ts';
import { type Arguments, flag } from './arguments.ts';
import { runCheck } from './check.ts';
import { askForFields } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print } from './host.ts';
import { escapeControls } from './table.ts';

export async function checkConfiguration(args: Arguments, host: Host): Promise<number> {
  const { json, fleet: asked, ...others } = args.options;
  // What else begins so are settings: --fleet.listen and the like.
  const flags = typeof asked === 'object' ? { ...others, fleet: asked } : others;
  const checked = await runCheck({
    flags,
    env: host.env,
    json: json === true,
    write: (text: string) => host.stdout.write(text),
    writeError: (text: string) => host.stderr.write(text),
  });
  if (checked !== EXIT.ok || asked !== true) return checked;
  const { config } = await readConfig({ argvFlags: flags, env: host.env });
  return await checkFleet({ socketPath: config.socket, shown: config.socket }, flag(args, 'json'), host);
}

/** The running daemon asks for itself through the route, as its peers do. Exit 1 where it does not arrive. */
async function checkFleet(daemon: Address, json: boolean, host: Host): Promise<number> {
  const answer = await askForFields(daemon, { method: 'GET', target: '/peers?probe=1' });
  const problems = rowsAt(answer, 'problems');
  const lines = problems.flatMap((row) => [
    textAt(row, 'problem') ?? '',
    ...(textAt(row, 'mend') ? [`  ${textAt(row, 'mend')}`] : []),
  ]);
  const fine = [`fleet: nothing is wrong with the way to this instance (${textAt(answer, 'transport')})`];
  const text = `${(lines.length > 0 ? lines : fine).map(escapeControls).join('\n')}\n`;
  await (json ? host.stderr.write(text) : print(host, `\n${text}`));
  return problems.length > 0 ? EXIT.failed : EXIT.ok;
}
