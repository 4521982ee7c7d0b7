// What tracking is told around each command, while some client tracks: whose it is, what it reads, and that it is done.

import type { Call } from './call.ts';
import type { Client } from './client.ts';
import type { Command } from './command.ts';
import type { Tracking } from './tracking.ts';
import type { WaitedRead } from './tracking-waits.ts';

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

/** It has returned, and its reply is to come: what it gives is to be handed to `endTracked` in place of the names. */
export function waitTracked(
  tracking: Tracking,
  names: readonly string[] | undefined,
): WaitedRead | undefined {
  return names && tracking.wait(names);
}

/** Its reply stands; so what is said of what it read comes behind it. */
export function endTracked(
  tracking: Tracking,
  client: Client,
  command: Command,
  read: readonly string[] | WaitedRead | undefined,
): void {
  if (read && 'costBytes' in read) tracking.noteWaited(client, read);
  else if (read) for (const name of read) tracking.note(client, name);
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
