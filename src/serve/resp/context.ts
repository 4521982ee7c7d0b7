// What every command is given: its client, and what all clients share. No command decides about caching.

import type { Clock } from '../../cache/clock.ts';
import type { Changes } from '../../changes/changes.ts';
import type { Client } from './client.ts';
import type { Keyspace } from './keyspace.ts';
import type { ServerFacts } from './server-facts.ts';

export interface CommandContext {
  readonly client: Client;
  readonly keyspace: Keyspace;
  readonly clock: Clock;
  readonly server: ServerFacts;
  readonly changes: Changes;
  /** Lets others have their turn; for commands that take long. */
  readonly turn: () => Promise<void>;
}
