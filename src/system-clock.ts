// The system's time, as the cache is handed it: wall time at the start, and from then on only forwards.

import { performance } from 'node:perf_hooks';
import type { Clock } from './cache/clock.ts';

const LONGEST_TIMER_MS = 2 ** 31 - 1;

const originMs = performance.timeOrigin;

export const systemClock: Clock = {
  now: () => originMs + performance.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_TIMER_MS)).unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
