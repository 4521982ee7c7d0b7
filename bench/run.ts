// `npm run bench [name…] [options]`: runs one measurement, or all of them, and prints its table.

import { fleetCalls } from './fleet-calls.ts';
import { hitRatio } from './hit-ratio.ts';
import { httpHits } from './http-hits.ts';
import { idleProcess } from './idle-process.ts';
import { landscapeCalls } from './landscape-calls.ts';
import { memory } from './memory.ts';
import { resp } from './resp.ts';
import { tails } from './tails.ts';

const MEASUREMENTS: Readonly<Record<string, (options: readonly string[]) => Promise<void>>> = {
  http: httpHits,
  idle: idleProcess,
  fleet: fleetCalls,
  landscape: landscapeCalls,
  'hit-ratio': hitRatio,
  memory,
  resp,
  tails,
};

const given = process.argv.slice(2);
const optionsFrom = given.findIndex((word) => word.startsWith('--'));
const options = optionsFrom === -1 ? [] : given.splice(optionsFrom);
const names = given.length > 0 ? given : Object.keys(MEASUREMENTS);
for (const name of names) {
  const measure = MEASUREMENTS[name];
  if (!measure) {
    console.error(`unknown measurement '${name}'; there are: ${Object.keys(MEASUREMENTS).join(', ')}`);
    process.exitCode = 2;
    break;
  }
  await measure(options);
}
