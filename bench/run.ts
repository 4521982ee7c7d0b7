// `npm run bench [name]`: runs one measurement, or all of them, and prints its table.

import { fleetCalls } from './fleet-calls.ts';
import { httpHits } from './http-hits.ts';
import { idleProcess } from './idle-process.ts';

const MEASUREMENTS: Readonly<Record<string, () => Promise<void>>> = {
  http: httpHits,
  idle: idleProcess,
  fleet: fleetCalls,
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(MEASUREMENTS);
for (const name of names) {
  const measure = MEASUREMENTS[name];
  if (!measure) {
    console.error(`unknown measurement '${name}'; there are: ${Object.keys(MEASUREMENTS).join(', ')}`);
    process.exitCode = 2;
    break;
  }
  await measure();
}
