// A row of the table of commands: what dispatch checks before a command is run, and what COMMAND says of it.

import type { Call } from './call.ts';
import type { CommandContext } from './context.ts';
import type { Reply } from './reply.ts';

/**
 * As COMMAND shows them. Of them these mean something here: `overtakes` (not shown): may be run while an earlier
 * command of the connection waits for a load; `noauth`: before AUTH, too; `noscript`-like ones are only shown;
 * `no-multi`: refused in MULTI; `unqueued` (not shown): run at once in MULTI; `pubsub-mode` (not shown): for
 * subscribers in RESP2, too; `hidden`: COMMAND does not tell of it.
 */
export type CommandFlag =
  | 'readonly'
  | 'write'
  | 'denyoom'
  | 'admin'
  | 'pubsub'
  | 'noscript'
  | 'loading'
  | 'stale'
  | 'fast'
  | 'blocking'
  | 'noauth'
  | 'no_multi'
  | 'movablekeys'
  | 'allow_busy'
  | 'skip_slowlog'
  | 'hidden'
  | 'overtakes'
  | 'unqueued'
  | 'pubsub-mode';

/** First and last argument that is a key (from the end below 0), and the step from one to the next; 0, 0, 0: none. */
export type KeyPlaces = readonly [first: number, last: number, step: number];

export const NO_KEYS: KeyPlaces = [0, 0, 0];

export interface Command {
  /** In small letters; of a command with parts: `client|setname`. A row `client` without `run` need not be there. */
  readonly name: string;
  /** Arguments with the name (of a part: with both); below 0: at least so many. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys: KeyPlaces;
  /**
   * Appends exactly one reply. Returns a promise only where it must wait: its reply keeps its place. What it throws as
   * SidecacheError becomes an error reply in place of what it appended.
   */
  readonly run: (context: CommandContext, call: Call, reply: Reply) => void | Promise<void>;
}
