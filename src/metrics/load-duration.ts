// The histogram of load durations.

import type { Registry } from 'prom-client';
import type { Caches } from '../cache/caches.ts';
import { LOAD_SECONDS_BOUNDS } from '../cache/counters.ts';
import { describeHistogram } from './histogram.ts';
import type { PromClient } from './prom-client.ts';

export function describeLoadDuration(prom: PromClient, registry: Registry, caches: Caches): void {
  const terms = {
    name: 'sidecache_load_duration_seconds',
    help: 'How long loads took, failures included.',
    labelNames: ['cache'],
    bounds: LOAD_SECONDS_BOUNDS,
  };
  describeHistogram(prom, registry, terms, () =>
    caches.all
      .filter(({ loads }) => loads !== undefined)
      .map(({ name, counters }) => ({
        labels: { cache: name },
        counts: counters.loadSecondsBuckets,
        sum: counters.loadSecondsSum,
      })),
  );
}
