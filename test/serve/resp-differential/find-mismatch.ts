// Looks for a random sequence that two servers answer differently, and tells the shortest part of it that they do.

import { type Allowed, compareSequence, told } from './compare.ts';
import { generate } from './generate.ts';
import { shrink } from './shrink.ts';
import type { Side } from './side.ts';
import type { Step } from './step.ts';

const LENGTH = 300;

/** The steps to repeat it, and both answers; undefined when there is no difference. */
export async function findMismatch(
  seed: number,
  redis: Side,
  ours: Side,
  allowed: Allowed,
  connections: 1 | 2 = 2,
): Promise<string | undefined> {
  const compare = (steps: readonly Step[]) => compareSequence(steps, redis, ours, allowed);
  const steps = generate(seed, LENGTH, connections);
  const first = await compare(steps);
  if (!first) return undefined;
  const short = await shrink(
    steps.slice(0, first.index + 1),
    async (some) => (await compare(some)) !== undefined,
  );
  const last = (await compare(short)) ?? first;
  const lines = short.map(({ connection, text }) => `  ${connection}> ${text}`);
  return `${lines.join('\n')}\n  ${told(last)}`;
}
