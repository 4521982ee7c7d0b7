// Runs scenarios: `node --import tsx test/fleet/sim/run.ts FIRST [COUNT]`; prints the seeds that fail.

import { runScenario } from './scenario.ts';

const first = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
let failed = 0;
let calls = 0;
let confirmed = 0;
let messages = 0;
const beganMs = performance.now();
for (let seed = first; seed < first + count; seed++) {
  try {
    const ran = await runScenario(seed);
    calls += ran.calls;
    confirmed += ran.confirmed;
    messages += ran.messages;
  } catch (error) {
    failed++;
    console.log(error instanceof Error ? error.message.slice(0, 600) : error);
    const { cause } = error as Error;
    if (count === 1 && cause instanceof Error) console.log(cause.stack);
  }
}
const tookMs = Math.round(performance.now() - beganMs);
console.log(
  `${count} seeds, ${failed} failed, ${calls} calls, ${confirmed} confirmed by all, ${messages} messages, ${tookMs} ms`,
);
process.exitCode = failed > 0 ? 1 : 0;
