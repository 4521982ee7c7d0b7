// From a command's name to its row, and what holds for all of them before they are run: arguments, AUTH, MULTI.
// The texts of errors are those of Redis 7.

import { SidecacheError } from '../../errors.ts';
import type { Call } from './call.ts';
import type { Client } from './client.ts';
import type { Command } from './command.ts';
import type { CommandContext } from './context.ts';
import { errorText, shownText, wrongArity } from './error-text.ts';
import { whyUnknown } from './other-types.ts';
import type { Reply } from './reply.ts';
import type { Tracking } from './tracking.ts';
import { beginTracked, endTracked, leaveTracked, waitTracked } from './tracking-commands.ts';

/** Of a command that is not known so much is shown. */
const SHOWN_BYTES = 128;
/** What is queued from MULTI to EXEC, by one client. */
const MOST_QUEUED = 65_536;
const QUEUED_COST_BYTES = 512;
const MOST_QUEUED_BYTES = MOST_QUEUED * QUEUED_COST_BYTES + (8 << 20);

const PLACES = 4096;

export interface DispatchParts {
  readonly commands: readonly Command[];
  /** For what no command foresaw. */
  readonly defect: (error: unknown) => void;
  readonly tracking: Tracking;
}

interface Row {
  /** In capitals, as `Call.is` wants it. */
  readonly word: string;
  readonly command: Command | undefined;
  /** Of a command with parts, by their words in capitals. */
  readonly parts: Row[];
}

export class Dispatch {
  readonly #parts: DispatchParts;
  /** A name's place is its hash, or one behind it. */
  readonly #rows: (Row | undefined)[] = new Array(PLACES).fill(undefined);
  readonly commands: readonly Command[];

  constructor(parts: DispatchParts) {
    this.#parts = parts;
    this.commands = parts.commands;
    const rows = new Map<string, Row>();
    for (const command of parts.commands) addRow(rows, command);
    for (const row of rows.values()) this.#place(row);
  }

  /** The row of the call's command, of its part where it has such; undefined where there is none. */
  find(call: Call): Command | undefined {
    const row = this.#find(call);
    if (!row) return undefined;
    return row.parts.length > 0 && call.count > 1 ? partOf(row, call) : row.command;
  }

  /** Some client tracks what it reads. */
  get isTracked(): boolean {
    return this.#parts.tracking.active;
  }

  /** Whether the call may be run although one of before waits for a load. */
  overtakes(call: Call): boolean {
    return this.find(call)?.flags.includes('overtakes') ?? false;
  }

  /**
   * Checks and runs the call, or queues it. Appends one reply, or none where the client wants none; a promise where
   * the reply is to come.
   */
  run(context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
    const { client } = context;
    const { mark } = reply;
    const row = this.#find(call);
    const command = row && (row.parts.length > 0 && call.count > 1 ? partOf(row, call) : row.command);
    context.server.commands++;
    reply.proto = client.proto;
    if (!command) return this.#runUnknown(client, row, call, reply, mark);
    if (command.arity > 0 ? call.count !== command.arity : call.count < -command.arity)
      return this.#refuse(client, reply, mark, wrongArity(command.name), command);
    client.lastCommand = command.name;
    if (client.isPlain) return this.execute(command, context, call, reply);
    return this.#runOdd(command, context, call, reply, mark);
  }

  /** Runs the command, whatever its client is in the middle of. Never throws; a promise is never rejected. */
  execute(command: Command, context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
    if (context.server.slowLog.isOn) return this.#executeTimed(command, context, call, reply);
    return this.#execute(command, context, call, reply);
  }

  /** Apart, as a closure would cost each command something. */
  #executeTimed(command: Command, context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
    const run = (): void | Promise<void> => this.#execute(command, context, call, reply);
    return command.flags.includes('skip_slowlog')
      ? run()
      : context.server.slowLog.time(command, context.client, call, run);
  }

  #execute(command: Command, context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
    if (this.#parts.tracking.active) return this.#executeTracked(command, context, call, reply);
    const { mark } = reply;
    try {
      const waits = command.run(context, call, reply);
      if (waits) return waits.catch((error: unknown) => this.#fail(reply, mark, error));
    } catch (error) {
      this.#fail(reply, mark, error);
    }
  }

  /** The same while some client tracks what it reads. */
  #executeTracked(command: Command, context: CommandContext, call: Call, reply: Reply): void | Promise<void> {
    const { tracking } = this.#parts;
    const { client } = context;
    const { mark } = reply;
    const names = beginTracked(tracking, client, command, call);
    try {
      const waits = command.run(context, call, reply);
      if (waits) {
        const read = waitTracked(tracking, names);
        return waits
          .catch((error: unknown) => this.#fail(reply, mark, error))
          .then(() => endTracked(tracking, client, command, read));
      }
    } catch (error) {
      this.#fail(reply, mark, error);
    } finally {
      leaveTracked(tracking);
    }
    endTracked(tracking, client, command, names);
  }

  // --- the inside

  /** For clients that are not known, in a transaction, subscribers, or want no replies. */
  #runOdd(
    command: Command,
    context: CommandContext,
    call: Call,
    reply: Reply,
    mark: number,
  ): void | Promise<void> {
    const { client } = context;
    const { flags, name } = command;
    if (!client.authenticated && !flags.includes('noauth'))
      return this.#refuse(client, reply, mark, 'NOAUTH Authentication required.', command);
    if (client.transaction && flags.includes('no_multi'))
      return this.#refuse(client, reply, mark, 'ERR Command not allowed inside a transaction', command);
    if (client.isSubscriber && client.proto === 2 && !flags.includes('pubsub-mode'))
      return this.#refuse(client, reply, mark, onlySubscribing(name), command);
    if (client.transaction && !flags.includes('unqueued')) {
      this.#queue(client, command, call, reply, mark);
      return this.#quieten(client, reply, mark);
    }
    const waits = this.execute(command, context, call, reply);
    if (!waits) return this.#quieten(client, reply, mark);
    return waits.then(() => this.#quieten(client, reply, mark));
  }

  /** What keeps EXEC from being run ends the transaction, too. */
  #refuse(client: Client, reply: Reply, mark: number, text: string, command?: Command): void {
    if (command?.name === 'exec') {
      client.endTransaction();
      client.unwatch();
      reply.error(`EXECABORT Transaction discarded because of: ${text.replace(/^ERR /, '')}`);
    } else {
      if (client.transaction) client.transaction.failed = true;
      reply.error(text);
    }
    this.#quieten(client, reply, mark);
  }

  #runUnknown(client: Client, row: Row | undefined, call: Call, reply: Reply, mark: number): void {
    const isHelp = row !== undefined && row.parts.length > 0 && call.count === 2 && call.is(1, 'HELP');
    if (!isHelp || !client.isPlain) {
      this.#refuse(client, reply, mark, unknown(row, call));
      return;
    }
    reply.array(row.parts.length + 2);
    reply.simple(`${row.word} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`);
    for (const { word } of row.parts) reply.simple(word);
    reply.simple('HELP');
  }

  #queue(client: Client, command: Command, call: Call, reply: Reply, mark: number): void {
    const { queued } = client.transaction!;
    const bytes = QUEUED_COST_BYTES + call.keptBytes;
    const isOver = queued.length >= MOST_QUEUED || client.transaction!.bytes + bytes > MOST_QUEUED_BYTES;
    if (isOver || !client.port.account.charge(bytes)) {
      this.#refuse(client, reply, mark, 'OOM command not allowed: the transaction is too large');
      return;
    }
    client.transaction!.bytes += bytes;
    queued.push({ command, call: call.keep() });
    reply.simple('QUEUED');
  }

  /** CLIENT REPLY: takes the reply back where the client wants none. */
  #quieten(client: Client, reply: Reply, mark: number): void {
    const { replyMode } = client;
    if (replyMode === 'on') return;
    reply.truncate(mark);
    if (replyMode === 'skip') client.replyMode = 'on';
  }

  #fail(reply: Reply, mark: number, error: unknown): void {
    reply.truncate(mark);
    if (error instanceof SidecacheError) {
      reply.error(errorText(error));
      return;
    }
    this.#parts.defect(error);
    reply.error('ERR an internal error; the log of the daemon says more');
  }

  #find(call: Call): Row | undefined {
    const { bytes } = call;
    const end = call.end(0);
    let hash = end - call.start(0);
    for (let at = call.start(0); at < end; at++) hash = (Math.imul(hash, 31) + (bytes[at]! & 0xdf)) | 0;
    for (let place = hash & (PLACES - 1); ; place = (place + 1) & (PLACES - 1)) {
      const row = this.#rows[place];
      if (row === undefined || call.is(0, row.word)) return row;
    }
  }

  #place(row: Row): void {
    let hash = row.word.length;
    for (let at = 0; at < row.word.length; at++)
      hash = (Math.imul(hash, 31) + (row.word.charCodeAt(at) & 0xdf)) | 0;
    let place = hash & (PLACES - 1);
    while (this.#rows[place]) place = (place + 1) & (PLACES - 1);
    this.#rows[place] = row;
  }
}

function addRow(rows: Map<string, Row>, command: Command): void {
  const [word, part] = command.name.toUpperCase().split('|') as [string, string | undefined];
  const row = rows.get(word) ?? { word, command: undefined, parts: [] };
  if (part === undefined) rows.set(word, { ...row, command });
  else {
    row.parts.push({ word: part, command, parts: [] });
    rows.set(word, row);
  }
}

/** A command with parts is one of them, unless it is known alone, too. */
function partOf(row: Row, call: Call): Command | undefined {
  for (const part of row.parts) if (call.is(1, part.word)) return part.command;
  return undefined;
}

function unknown(row: Row | undefined, call: Call): string {
  if (row && call.count === 1) return wrongArity(row.word.toLowerCase());
  if (row) {
    const shown = shownText(call, 1, SHOWN_BYTES);
    return `ERR unknown subcommand '${shown}'. Try ${row.word} HELP.`;
  }
  let shown = '';
  for (let i = 1; i < call.count && shown.length < SHOWN_BYTES; i++)
    shown += `'${shownText(call, i, SHOWN_BYTES - shown.length)}' `;
  const name = shownText(call, 0, SHOWN_BYTES);
  return `ERR unknown command '${name}'${whyUnknown(name)}, with args beginning with: ${shown}`;
}

function onlySubscribing(name: string): string {
  const allowed = '(P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET';
  return `ERR Can't execute '${name}': only ${allowed} are allowed in this context`;
}
