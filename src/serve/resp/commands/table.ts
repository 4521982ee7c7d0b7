// All commands, family by family: a family is one line. One that needs a part of its own is a function of it.

import type { Command } from '../command.ts';
import type { PubSub } from '../pubsub.ts';
import type { Tracking } from '../tracking.ts';
import type { Watches } from '../watches.ts';
import { basicCommands } from './basics.ts';
import { clientCommands } from './client.ts';
import { commandCommands } from './command.ts';
import { connectionCommands } from './connection.ts';
import { expiryCommands } from './expiry.ts';
import { keyCommands } from './keys.ts';
import { numberCommands } from './numbers.ts';
import { pubsubCommands } from './pubsub.ts';
import { scanCommands } from './scan.ts';
import { serverCommands } from './server.ts';
import { sidecacheCommands } from './sidecache.ts';
import { stringRangeCommands } from './string-ranges.ts';
import { stringCommands } from './strings.ts';
import { trackingCommands } from './tracking.ts';
import { type Execute, transactionCommands } from './transactions.ts';

export interface TableParts {
  readonly pubsub: PubSub;
  readonly tracking: Tracking;
  /** Told of the changes of all caches. */
  readonly watches: Watches;
  readonly execute: Execute;
  /** In [0, 1). */
  readonly random: () => number;
}

export function allCommands({ pubsub, tracking, watches, execute, random }: TableParts): Command[] {
  const commands: Command[] = [
    ...basicCommands,
    ...connectionCommands,
    ...clientCommands,
    ...stringCommands,
    ...stringRangeCommands,
    ...numberCommands,
    ...keyCommands,
    ...expiryCommands,
    ...scanCommands(random),
    ...transactionCommands(execute, watches),
    ...pubsubCommands(pubsub),
    ...trackingCommands(tracking),
    ...sidecacheCommands,
    ...serverCommands,
    ...commandCommands(() => commands),
  ];
  return commands;
}
