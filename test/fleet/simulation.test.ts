// Lives of a fleet by seeds: what is promised holds, whatever happens. One that fails is run again by
// `node --import tsx test/fleet/sim/run.ts SEED`.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runScenario } from './sim/scenario.ts';

const SEEDS = 300;
/** On a slow machine fewer are run, and a few in any case. */
const WITHIN_MS = 8000;
const AT_LEAST = 50;

const test = suite('fleet simulation');

test('promises hold through faults, pauses and restarts', async () => {
  const beganMs = performance.now();
  let [seeds, calls, confirmed] = [0, 0, 0];
  for (; seeds < SEEDS && (seeds < AT_LEAST || performance.now() - beganMs < WITHIN_MS); seeds++) {
    const ran = await runScenario(seeds + 1);
    calls += ran.calls;
    confirmed += ran.confirmed;
  }
  assert.ok(calls > seeds && confirmed > seeds, `${calls} calls, ${confirmed} confirmed`);
});

test('a seed repeats its life exactly', async () => {
  assert.equal(await runScenario(5), await runScenario(5));
});

test.run();
