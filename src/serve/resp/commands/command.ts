// COMMAND: the table of commands, as clients ask for it: COMMAND, COMMAND COUNT, DOCS, INFO, LIST, GETKEYS.

import type { Call } from '../call.ts';
import { type Command, type CommandFlag, NO_KEYS } from '../command.ts';
import { categoriesOf, groupOf } from '../command-groups.ts';
import type { CommandContext } from '../context.ts';
import { SYNTAX_ERROR } from '../error-text.ts';
import { Glob, MAX_PATTERN_BYTES } from '../glob.ts';
import type { Reply } from '../reply.ts';

const FLAGS: readonly CommandFlag[] = ['loading', 'stale'];

/** What these mean is of this daemon only. */
const NOT_SHOWN: readonly CommandFlag[] = ['overtakes', 'unqueued', 'pubsub-mode', 'hidden'];

/** A command as it is shown: with its parts, and without a `run` where it has only these. */
interface Shown {
  readonly name: string;
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys: Command['keys'];
  readonly parts: readonly Shown[];
}

export function commandCommands(all: () => readonly Command[]): readonly Command[] {
  const shown = (): Map<string, Shown> => (table ??= tableOf(all()));
  let table: Map<string, Shown> | undefined;
  const row = (part: string, arity: number, run: Command['run']): Command => {
    return { name: part === '' ? 'command' : `command|${part}`, arity, flags: FLAGS, keys: NO_KEYS, run };
  };
  return [
    row('', -1, (_context, _call, reply) => replyAll(shown(), reply)),
    row('count', 2, (_context, _call, reply) => reply.integer(shown().size)),
    row('info', -2, (_context, call, reply) => info(shown(), call, reply)),
    row('docs', -2, (_context, call, reply) => docs(shown(), call, reply)),
    row('list', -2, (_context, call, reply) => list(shown(), call, reply)),
    row('getkeys', -4, (context, call, reply) => getKeys(all(), context, call, reply)),
  ];
}

function tableOf(commands: readonly Command[]): Map<string, Shown> {
  const table = new Map<string, Shown>();
  for (const command of commands.filter(({ flags }) => !flags.includes('hidden'))) {
    const [name, part] = command.name.split('|') as [string, string | undefined];
    const before = table.get(name);
    if (part === undefined) {
      table.set(name, { ...command, parts: before?.parts ?? [] });
    } else {
      const whole = before ?? { name, arity: -2, flags: [], keys: NO_KEYS, parts: [] };
      table.set(name, { ...whole, parts: [...whole.parts, { ...command, parts: [] }] });
    }
  }
  return table;
}

/** The row of argument `i`, also of a part: `client|id`. */
function find(table: Map<string, Shown>, call: Call, i: number): Shown | undefined {
  const name = call.text(i).toLowerCase();
  const found = table.get(name.split('|', 1)[0]!);
  return found?.name === name ? found : found?.parts.find((shown) => shown.name === name);
}

function replyAll(table: Map<string, Shown>, reply: Reply): void {
  reply.array(table.size);
  for (const shown of table.values()) replyOne(shown, reply);
}

function info(table: Map<string, Shown>, call: Call, reply: Reply): void {
  if (call.count === 2) {
    replyAll(table, reply);
    return;
  }
  reply.array(call.count - 2);
  for (let i = 2; i < call.count; i++) {
    const shown = find(table, call, i);
    if (shown) replyOne(shown, reply);
    else reply.null();
  }
}

function replyOne({ name, arity, flags, keys, parts }: Shown, reply: Reply): void {
  reply.array(10);
  reply.bulkText(name);
  reply.integer(arity);
  replyFlags(flags, reply);
  for (const place of keys) reply.integer(place);
  const categories = categoriesOf(name, flags, isWhole(parts, name));
  reply.set(categories.length);
  for (const category of categories) reply.simple(category);
  // Tips and key specifications: there are none.
  reply.set(0);
  reply.set(0);
  if (parts.length === 0) reply.set(0);
  else reply.array(parts.length);
  for (const part of parts) replyOne(part, reply);
}

function replyFlags(flags: readonly CommandFlag[], reply: Reply): void {
  const shown = flags.filter((flag) => !NOT_SHOWN.includes(flag));
  reply.set(shown.length);
  for (const flag of shown) reply.simple(flag === 'noauth' ? 'no_auth' : flag);
}

/** COMMAND alone is a command. */
function isWhole(parts: readonly Shown[], name: string): boolean {
  return parts.length > 0 && name !== 'command';
}

/** Of what a client's help needs, what is known. */
function docs(table: Map<string, Shown>, call: Call, reply: Reply): void {
  const chosen: Shown[] = [];
  for (let i = 2; i < call.count; i++) {
    const shown = find(table, call, i);
    if (shown) chosen.push(shown);
  }
  const listed = call.count === 2 ? [...table.values()] : chosen;
  reply.map(listed.length);
  for (const shown of listed) replyDocs(shown, reply);
}

function replyDocs({ name, parts }: Shown, reply: Reply): void {
  reply.bulkText(name);
  reply.map(parts.length > 0 ? 3 : 2);
  reply.bulkText('since');
  reply.bulkText('1.0.0');
  reply.bulkText('group');
  reply.bulkText(groupOf(name));
  if (parts.length === 0) return;
  reply.bulkText('subcommands');
  reply.map(parts.length);
  for (const part of parts) replyDocs(part, reply);
}

function list(table: Map<string, Shown>, call: Call, reply: Reply): void {
  const isFilter = call.count === 5 && call.is(2, 'FILTERBY');
  if (call.count !== 2 && !isFilter) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const rows = [...table.values()].flatMap((shown) => [shown, ...shown.parts]);
  const names = isFilter ? filtered(rows, call) : rows.map(({ name }) => name);
  if (typeof names === 'string') {
    reply.error(names);
    return;
  }
  reply.array(names.length);
  for (const name of names) reply.bulkText(name);
}

function filtered(rows: readonly Shown[], call: Call): string[] | string {
  if (call.is(3, 'MODULE')) return [];
  if (call.is(3, 'ACLCAT')) return inCategory(rows, `@${call.text(4).toLowerCase()}`);
  if (!call.is(3, 'PATTERN') || call.length(4) > MAX_PATTERN_BYTES) return SYNTAX_ERROR;
  const glob = new Glob(call.copy(4));
  return rows.map(({ name }) => name).filter((name) => glob.matches(Buffer.from(name)));
}

function inCategory(rows: readonly Shown[], category: string): string[] {
  const isOfIt = ({ name, flags, parts }: Shown): boolean =>
    categoriesOf(name, flags, isWhole(parts, name)).includes(category);
  return rows.filter(isOfIt).map(({ name }) => name);
}

function getKeys(commands: readonly Command[], _context: CommandContext, call: Call, reply: Reply): void {
  const command = commands.find(({ name }) => {
    const [word = '', part] = name.toUpperCase().split('|', 2);
    return call.is(2, word) && (part === undefined || call.is(3, part));
  });
  const count = call.count - 2;
  if (!command) {
    reply.error('ERR Invalid command specified');
    return;
  }
  if (command.arity > 0 ? count !== command.arity : count < -command.arity) {
    reply.error('ERR Invalid number of arguments specified for command');
    return;
  }
  const [first, last, step] = command.keys;
  if (first === 0) {
    reply.error('ERR The command has no key arguments');
    return;
  }
  const to = last < 0 ? count + last : last;
  reply.array(Math.floor((to - first) / step) + 1);
  for (let i = first; i <= to; i += step) reply.bulk(call.bytes, call.start(i + 2), call.end(i + 2));
}
