// `sidecache explain CACHE KEY`: everything the daemon knows of an entry, one field a line.

import { addressOf } from './address.ts';
import { type Arguments, flag } from './arguments.ts';
import { askForFields } from './client.ts';
import { entryTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printJson } from './host.ts';
import { formatField } from './quantity.ts';
import { paintFor, renderList } from './table.ts';

/** `age_ms` is shown as `age`: the value says its unit itself. */
const UNIT = /_(ms|bytes)$/;

export async function explain(args: Arguments, host: Host): Promise<number> {
  const target = `${entryTarget(args, args.words[1] ?? '')}?explain=1`;
  const fields = await askForFields(addressOf(args, host.env), { method: 'GET', target });
  if (flag(args, 'json')) {
    await printJson(host, fields);
    return EXIT.ok;
  }
  const lines = Object.entries(fields).map(
    ([name, value]) => [name.replace(UNIT, '').replaceAll('_', ' '), formatField(name, value)] as const,
  );
  await print(host, renderList(lines, paintFor(host)));
  return EXIT.ok;
}
