// Lives of three replicas by seeds: in the end all hold the latest of what any of them knew.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runReplicated } from './sim/replicated-scenario.ts';

const SEEDS = 120;
/** On a slow machine fewer are run, and a few in any case. */
const WITHIN_MS = 5000;
const AT_LEAST = 20;

const test = suite('replicas, simulated');

test('replicas converge through lost, doubled and late messages, partitions and restarts', async () => {
  const beganMs = performance.now();
  let [seeds, writes, restarts, cuts] = [0, 0, 0, 0];
  for (; seeds < SEEDS && (seeds < AT_LEAST || performance.now() - beganMs < WITHIN_MS); seeds++) {
    const ran = await runReplicated(seeds + 1);
    writes += ran.writes;
    restarts += ran.restarts;
    cuts += ran.cuts;
  }
  assert.ok(
    writes > seeds && restarts > 0 && cuts > 0,
    `${writes} writes, ${restarts} restarts, ${cuts} cuts`,
  );
});

test('a seed repeats its life exactly', async () => {
  assert.equal(await runReplicated(3), await runReplicated(3));
});

test.run();
