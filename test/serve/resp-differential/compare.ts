// Runs the same steps on two servers, and tells the first step that they answer differently.

import { Judge } from './judge.ts';
import { show, type Tree } from './reply-tree.ts';
import type { Side } from './side.ts';
import { type Case, nameOf, type Step } from './step.ts';

export interface Mismatch {
  readonly step: Step;
  /** The step before it, which is often the one to look at. */
  readonly before: string;
  /** Where it stands in the sequence. */
  readonly index: number;
  readonly redis: string;
  readonly ours: string;
}

/** Tells a difference that there may be from one that there may not. */
export type Allowed = (mismatch: Mismatch) => boolean;

/** Every mismatch of the case that is not allowed; all steps are run whatever the ones before gave. */
export async function compareCase(
  { steps }: Case,
  redis: Side,
  ours: Side,
  allowed: Allowed,
): Promise<Mismatch[]> {
  const judge = new Judge();
  const found: Mismatch[] = [];
  await Promise.all([redis.reset(), ours.reset()]);
  for (const [index, step] of steps.entries()) {
    const [a, b] = await Promise.all([answers(redis, step), answers(ours, step)]);
    if (!judge.same(step, a, b) || isFault(a) || isFault(b)) found.push(mismatch(steps, index, a, b));
  }
  redis.close();
  ours.close();
  return found.filter((one) => !allowed(one));
}

/** The first mismatch in a sequence of plain commands, which are pipelined as far as one connection's follow. */
export async function compareSequence(
  steps: readonly Step[],
  redis: Side,
  ours: Side,
  allowed: Allowed,
): Promise<Mismatch | undefined> {
  const judge = new Judge();
  await Promise.all([redis.reset(), ours.reset()]);
  try {
    for (let from = 0; from < steps.length; ) {
      const run = runFrom(steps, from);
      const [a, b] = await Promise.all([redis.pipeline(run), ours.pipeline(run)]);
      for (const [i, step] of run.entries()) {
        if (judge.same(step, [a[i]!], [b[i]!])) continue;
        const found = mismatch(steps, from + i, [a[i]!], [b[i]!]);
        if (!allowed(found)) return found;
      }
      from += run.length;
    }
    return undefined;
  } finally {
    redis.close();
    ours.close();
  }
}

export function told({ step, before, redis, ours }: Mismatch): string {
  return `${step.text} (after ${before}) | Redis: ${redis} | ours: ${ours}`;
}

/** Steps after which the server may do something in its own time: what comes behind them waits for the reply. */
const ENDS_A_RUN = /^(RESET|QUIT)$/;
const LONGEST_RUN = 64;

function runFrom(steps: readonly Step[], from: number): Step[] {
  const { connection } = steps[from]!;
  let to = from + 1;
  while (to < steps.length && to - from < LONGEST_RUN && steps[to]!.connection === connection) {
    if (ENDS_A_RUN.test(nameOf(steps[to - 1]!))) break;
    to++;
  }
  return steps.slice(from, to);
}

async function answers(side: Side, step: Step): Promise<Tree[]> {
  try {
    return await side.run(step);
  } catch (error) {
    // No reply, or none that is RESP, is an answer, too: one that no server should give.
    return [{ type: 'closed', text: (error as Error).message }];
  }
}

/** Both may be silent for the same reason, but then the case shows nothing. */
function isFault([first]: readonly Tree[]): boolean {
  return first !== undefined && first.type === 'closed' && first.text !== '';
}

function mismatch(
  steps: readonly Step[],
  index: number,
  redis: readonly Tree[],
  ours: readonly Tree[],
): Mismatch {
  const before = steps[index - 1]?.text ?? 'nothing';
  const answers = { redis: redis.map(show).join(' '), ours: ours.map(show).join(' ') };
  return { step: steps[index]!, index, before, ...answers };
}
