// `sidecache status`: the instance, its memory, and a line for each cache.

import { addressOf } from './address.ts';
import { type Fields, fieldsAt, numberAt, rowsAt, textAt } from './answer.ts';
import { type Arguments, flag } from './arguments.ts';
import { askForFields } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printJson } from './host.ts';
import { formatBytes, formatField, formatShare, formatSpan } from './quantity.ts';
import { type Align, escapeControls, type Paint, paintFor, renderList, renderTable } from './table.ts';

const HEADING = ['CACHE', 'ENTRIES', 'BYTES', 'OVERHEAD', 'WINDOW', 'HITS', 'LOADS', 'FAILURES', 'EVICTED'];
const ALIGN: readonly Align[] = ['left', ...Array<Align>(HEADING.length - 1).fill('right')];
/** Results of a read for which nobody waited. All results together are the reads. */
const SERVED_AT_ONCE = ['hit', 'stale', 'negative'];

export async function status(args: Arguments, host: Host): Promise<number> {
  const answer = await askForFields(addressOf(args, host.env), { method: 'GET', target: '/caches' });
  if (flag(args, 'json')) await printJson(host, answer);
  else await print(host, rendered(answer, paintFor(host)));
  return EXIT.ok;
}

function rendered(answer: Fields, paint: Paint): string {
  const caches = rowsAt(answer, 'caches');
  const table = renderTable(HEADING, caches.map(cacheRow), ALIGN, paint);
  const troubles = caches.flatMap(troubleOf).map((line) => `${paint.bad(escapeControls(line))}\n`);
  return `${renderList(summary(answer), paint)}\n${table}${troubles.length > 0 ? '\n' : ''}${troubles.join('')}`;
}

/** What a cache's origin is failing with now; nothing while loads succeed. */
function troubleOf(cache: Fields): string[] {
  const paused = textAt(cache, 'breaker') === 'open' ? ['loads paused'] : [];
  const lastError = textAt(cache, 'last_error');
  const said = [...paused, ...(lastError === undefined ? [] : [`last error: ${lastError}`])];
  return said.length === 0 ? [] : [`${textAt(cache, 'name') ?? '?'}: ${said.join(', ')}`];
}

function summary(answer: Fields): (readonly [string, string])[] {
  const instance = fieldsAt(answer, 'instance');
  const memory = fieldsAt(answer, 'memory');
  const usedBytes = numberAt(memory, 'used_bytes') ?? 0;
  const limitBytes = numberAt(memory, 'limit_bytes') ?? 0;
  return [
    ['instance', `${formatField('', instance.index)} ${formatField('', instance.instance_id)}`],
    ['state', formatField('', instance.state)],
    ['version', formatField('', instance.version)],
    ['up', formatSpan(numberAt(instance, 'uptime_ms') ?? 0)],
    [
      'memory',
      `${formatBytes(usedBytes)} of ${formatBytes(limitBytes)} (${formatShare(usedBytes, limitBytes)})`,
    ],
  ];
}

function cacheRow(cache: Fields): string[] {
  const reads = fieldsAt(cache, 'reads');
  const bytes = numberAt(cache, 'bytes') ?? 0;
  return [
    textAt(cache, 'name') ?? '?',
    textAt(cache, 'entries') ?? '-',
    formatBytes(bytes),
    formatShare(numberAt(cache, 'overhead_bytes') ?? 0, bytes),
    formatShare(numberAt(cache, 'window_share') ?? 0, 1),
    formatShare(sum(reads, SERVED_AT_ONCE), sum(reads, Object.keys(reads))),
    textAt(cache, 'loads') ?? '-',
    textAt(cache, 'load_failures') ?? '-',
    evicted(fieldsAt(cache, 'evictions')),
  ];
}

/** How many entries went, by reason. */
function evicted(evictions: Fields): string {
  const reasons = Object.keys(evictions).filter((reason) => (numberAt(evictions, reason) ?? 0) > 0);
  return reasons.map((reason) => `${reason} ${textAt(evictions, reason)}`).join(', ') || '0';
}

function sum(counts: Fields, names: readonly string[]): number {
  return names.reduce((total, name) => total + (numberAt(counts, name) ?? 0), 0);
}
