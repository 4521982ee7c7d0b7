// `sidecache peers`: who is in the fleet, how far behind each is, what is wrong with the ways between, and what mends it.

import { addressOf } from './address.ts';
import { type Fields, fieldsAt, rowsAt, textAt } from './answer.ts';
import { type Arguments, choiceOption, flag } from './arguments.ts';
import { askForFields } from './client.ts';
import { EXIT } from './exit-codes.ts';
import { type Host, print, printJson } from './host.ts';
import { formatField } from './quantity.ts';
import { type Align, escapeControls, type Paint, paintFor, renderList, renderTable } from './table.ts';

const HEADING = ['INDEX', 'INSTANCE', 'VERSION', 'STATUS', 'HEARD', 'LAG', 'UNCONFIRMED', 'PLACE'];
const ALIGN: readonly Align[] = ['left', 'left', 'left', 'left', 'right', 'right', 'right', 'left'];

export async function peers(args: Arguments, host: Host): Promise<number> {
  const mustBeWhole = choiceOption(args, 'require', ['all']) !== undefined;
  const answer = await askForFields(addressOf(args, host.env), { method: 'GET', target: '/peers' });
  if (flag(args, 'json')) await printJson(host, answer);
  else await print(host, rendered(answer, paintFor(host)));
  return mustBeWhole && !isWhole(answer) ? EXIT.notInTime : EXIT.ok;
}

/** Every peer is reached, and nothing is known to be wrong. */
function isWhole(answer: Fields): boolean {
  const areUp = rowsAt(answer, 'peers').every(isUp);
  return areUp && rowsAt(answer, 'problems').length === 0 && typeof answer.members === 'number';
}

function isUp(peer: Fields): boolean {
  return textAt(peer, 'status') === 'up';
}

function rendered(answer: Fields, paint: Paint): string {
  const rows = rowsAt(answer, 'peers');
  const table = rows.length === 0 ? '' : `\n${renderTable(HEADING, rows.map(peerRow), ALIGN, paint)}`;
  const troubles = [...rows.flatMap(troubleOf), ...rowsAt(answer, 'problems').flatMap(problemOf)];
  const lines = troubles.map(({ text, isBad }) => {
    const line = escapeControls(text);
    return `${isBad ? paint.bad(line) : line}\n`;
  });
  return `${renderList(summary(answer), paint)}${table}${lines.length > 0 ? '\n' : ''}${lines.join('')}`;
}

function summary(answer: Fields): (readonly [string, string])[] {
  const self = fieldsAt(answer, 'self');
  return [
    ['instance', `${formatField('', self.index)} ${formatField('', self.instance_id)}`],
    ['state', formatField('', self.state)],
    ['version', formatField('', self.version)],
    ['transport', formatField('', answer.transport)],
    ['members', formatField('', answer.members)],
  ];
}

function peerRow(peer: Fields): string[] {
  return [
    formatField('', peer.index),
    formatField('', peer.instance_id),
    formatField('', peer.version),
    formatField('', peer.status),
    formatField('_ms', peer.last_heard_ms),
    formatField('_ms', peer.lag_ms),
    formatField('', peer.unconfirmed),
    formatField('', peer.place),
  ];
}

interface Line {
  text: string;
  isBad: boolean;
}

/** Why a peer is not reached. */
function troubleOf(peer: Fields): Line[] {
  const why = textAt(peer, 'why');
  if (isUp(peer) || !why) return [];
  return [{ text: `${formatField('', peer.index)}: ${formatField('', peer.status)}: ${why}`, isBad: true }];
}

/** What mends it stands on a line of its own, to be copied from. */
function problemOf(problem: Fields): Line[] {
  const mend = textAt(problem, 'mend');
  const what = { text: formatField('', problem.problem), isBad: true };
  return mend ? [what, { text: `  ${mend}`, isBad: false }] : [what];
}
