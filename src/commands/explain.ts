// `sidecache explain CACHE KEY`: everything the daemon knows of an entry, one field a line.

import { addressOf } from './address.ts';
import { type Arguments, flag } from './arguments.ts';
import { askForFields } from './client.ts';
import { entryTarget } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printJson } from './host.ts';
import { formatField } from './quantity.ts';
import { paintFor, renderList } from './table.ts';

/** What a field of the daemon's answer is called for people. One that is not here is shown under its own name. */
export const LABELS: ReadonlyMap<string, string> = new Map([
  ['cost_bytes', 'memory charged'],
  ['stored_at', 'loaded at'],
  ['read_at', 'last read at'],
  ['refresh_at', 'gets old at'],
  ['waits_from', 'a read waits from'],
  ['stale_if_error_until', 'served if the origin fails until'],
  ['expires_at', 'dropped if not read until'],
  ['dies_at', 'never served from'],
  ['loading', 'loading now'],
  ['failures', 'failed loads in a row'],
  ['next_retry_in_ms', 'next load in'],
  ['breaker', 'breaker of the cache'],
]);

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
    ([name, value]) => [labelOf(name), formatField(name, value)] as const,
  );
  await print(host, renderList(lines, paintFor(host)));
  return EXIT.ok;
}

function labelOf(name: string): string {
  return LABELS.get(name) ?? name.replace(UNIT, '').replaceAll('_', ' ');
}
