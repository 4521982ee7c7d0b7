// What tracking is told around each command, while some client tracks: whose it is, what it reads, and that it is done.

import type { Call } from './call.ts';
import type { Client } from './client.ts';
import type { Command } from './command.ts';
import type { Tracking } from './tracking.ts';

/** Before the command is run. Returns the names it reads where they are to be noted: its arguments do not last. */
export function beginTracked(
  tracking: Tracking,
  client: Client,
  command: Command,
  call: Call,
): readonly string[] | undefined {
  tracking.by = client.id;
  if (!client.tracks || !command.flags.includes('readonly') || !tracking.isNoting(client)) return undefined;
  return namesIn(command, call);
}

/** It has returned; its reply may be to come. What changes from now on is not by it. */
export function leaveTracked(tracking: Tracking): void {
  tracking.by = 0;
}

/** Its reply stands; so what is said of what it read comes behind it. */
export function endTracked(
  tracking: Tracking,
  client: Client,
  command: Command,
  names: readonly string[] | undefined,
): void {
  if (names) for (const name of names) tracking.note(client, name);
  // Of a transaction it holds to the end.
  const isOver = !client.executing && !client.transaction && !command.name.startsWith('client|');
  if (client.tracks && isOver) tracking.commandDone(client);
}

function namesIn({ keys: [first, last, step] }: Command, call: Call): readonly string[] | undefined {
  if (first === 0) return undefined;
  const names: string[] = [];
  const end = last < 0 ? call.count + last : last;
  for (let i = first; i <= end; i += step) names.push(call.text(i));
  return names;
}
