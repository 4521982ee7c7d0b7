// What sidecache answers differently from Redis 7.0 on purpose: each with its reason, and no wider than it needs to be.

import type { Allowed } from './compare.ts';

export interface Difference {
  readonly reason: string;
  /** Matches the line of the step. */
  readonly step: RegExp;
  /** Match both answers, as they are shown. */
  readonly redis: RegExp;
  readonly ours: RegExp;
}

export const DIFFERENCES: readonly Difference[] = [];

/** Allows what is listed, and notes what was met, so that a list that says too much can be told. */
export class ListedDifferences {
  readonly met = new Set<Difference>();

  readonly allow: Allowed = ({ step, redis, ours }) => {
    const found = DIFFERENCES.find(
      (one) => one.step.test(step.text) && one.redis.test(redis) && one.ours.test(ours),
    );
    if (found) this.met.add(found);
    return found !== undefined;
  };

  get unmet(): Difference[] {
    return DIFFERENCES.filter((one) => !this.met.has(one));
  }
}
