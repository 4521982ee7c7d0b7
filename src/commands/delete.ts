// `sidecache delete CACHE KEY…`: forgets entries, on every instance.

import { addressOf } from './address.ts';
import { type Arguments, flag } from './arguments.ts';
import { expectOk } from './client.ts';
import { entryTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, printJson } from './host.ts';

export async function deleteEntries(args: Arguments, host: Host): Promise<number> {
  const [cache, ...keys] = args.words;
  const address = addressOf(args, host.env);
  // All names are checked before the first one is deleted.
  const targets = keys.map((key) => entryTarget(args, key));
  for (const target of targets) (await expectOk(address, { method: 'DELETE', target })).resume();
  if (flag(args, 'json')) await printJson(host, { cache, deleted: targets.length });
  return EXIT.ok;
}
