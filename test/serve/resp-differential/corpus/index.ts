// All families of cases.

import type { Family } from '../step.ts';
import { connection } from './connection.ts';
import { expiry } from './expiry.ts';
import { keys } from './keys.ts';
import { numbers } from './numbers.ts';
import { pubsub } from './pubsub.ts';
import { ranges } from './ranges.ts';
import { scan } from './scan.ts';
import { server } from './server.ts';
import { strings } from './strings.ts';
import { tracking } from './tracking.ts';
import { transactions } from './transactions.ts';

export const CORPUS: Readonly<Record<string, Family>> = {
  ...{ strings, ranges, numbers, keys, expiry, scan },
  ...{ transactions, connection, server, pubsub, tracking },
};
