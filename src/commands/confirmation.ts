// What became of an invalidation or a refresh: asks for it, prints who confirmed, and gives the exit code.

import { CommandError } from '../errors.ts';
import { addressOf } from './address.ts';
import { type Fields, numberAt, readFields, rowsAt, textAt } from './answer.ts';
import { type Arguments, durationOption, flag } from './arguments.ts';
import { askForFields, codeIn, refusal, send } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printJson } from './host.ts';
import { counted } from './quantity.ts';
import type { SelectionRequest } from './selection.ts';
import { type Align, type Paint, paintFor, renderTable } from './table.ts';

/** The daemon answers when its own time-out has passed; it is given that, and the usual patience on top. */
const PATIENCE_MS = 30_000;
/** With --wait it answers when a thousand loads have ended. */
const LOADING_MS = 600_000;

const HEADING = ['INDEX', 'INSTANCE', 'STATUS', 'MS', 'ENTRIES'];
const ALIGN: readonly Align[] = ['left', 'left', 'left', 'right', 'right'];

export async function confirmEverywhere(
  request: SelectionRequest,
  args: Arguments,
  host: Host,
): Promise<number> {
  const ownMs = durationOption(args, 'timeout') ?? (flag(args, 'wait') ? LOADING_MS : 0);
  const reply = await send(addressOf(args, host.env), {
    method: 'POST',
    patienceMs: PATIENCE_MS + ownMs,
    ...request,
  });
  const status = reply.statusCode ?? 500;
  const outcome = await readFields(reply);
  // A refusal for want of confirmation carries the report that says whose.
  const hasReport = outcome !== undefined && Array.isArray(outcome.report);
  if (!hasReport && status >= 400) throw await namedRefusal(status, outcome, args, host);
  if (flag(args, 'json')) await printJson(host, outcome ?? {});
  else await print(host, rendered(outcome ?? {}, paintFor(host)));
  return status < 400 ? EXIT.ok : refusal(status, outcome).exitCode;
}

/** The daemon refuses an unknown cache as a bad query; who typed it named something that is not there, as elsewhere. */
async function namedRefusal(
  status: number,
  problem: Fields | undefined,
  args: Arguments,
  host: Host,
): Promise<CommandError> {
  const refused = refusal(status, problem);
  if (codeIn(problem) !== 'bad_query' || args.words.length === 0) return refused;
  const listing = await askForFields(addressOf(args, host.env), { method: 'GET', target: '/caches' });
  const known = rowsAt(listing, 'caches').map((cache) => textAt(cache, 'name'));
  if (args.words.every((name) => known.includes(name))) return refused;
  return new CommandError(EXIT.notFound, refused.message);
}

function rendered(outcome: Fields, paint: Paint): string {
  const rows = rowsAt(outcome, 'report').map(memberRow);
  const applied = numberAt(outcome, 'applied') ?? 0;
  const members = textAt(outcome, 'members') ?? '?';
  const everybody = String(applied) === members;
  const entries = counted(numberAt(outcome, 'entries') ?? 0, 'entry', 'entries');
  const sum = `${applied}/${members} instances confirmed, ${entries} here`;
  return `${renderTable(HEADING, rows, ALIGN, paint)}${everybody ? paint.good(sum) : paint.bad(sum)}\n`;
}

function memberRow(member: Fields): string[] {
  return ['index', 'instance_id', 'status', 'ms', 'entries'].map((name) => textAt(member, name) ?? '-');
}
