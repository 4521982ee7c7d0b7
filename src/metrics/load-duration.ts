// The histogram of load durations.

import type { Registry } from 'prom-client';
import type { Caches } from '../cache/caches.ts';
import { LOAD_SECONDS_BOUNDS } from '../cache/counters.ts';
import type { PromClient } from './prom-client.ts';

/** From the caches' own buckets: prom-client's histogram would want every duration by itself. */
export function describeLoadDuration(prom: PromClient, registry: Registry, caches: Caches): void {
  const bounds = [...LOAD_SECONDS_BOUNDS];
  const histogram = new prom.Histogram({
    name: 'sidecache_load_duration_seconds',
    help: 'How long loads took, failures included.',
    labelNames: ['cache'],
    buckets: bounds,
    registers: [registry],
  });
  const get = async () => ({
    name: 'sidecache_load_duration_seconds',
    help: 'How long loads took, failures included.',
    type: 'histogram',
    aggregator: 'sum',
    values: caches.all.filter(({ loads }) => loads !== undefined).flatMap(bucketsOf),
  });
  // The registry asks a histogram by the second; the first is the one of the interface.
  Object.assign(histogram, { get, getForPromString: get });
}

function bucketsOf({ name, counters }: Caches['all'][number]) {
  const metricName = 'sidecache_load_duration_seconds';
  let count = 0;
  const buckets = [...counters.loadSecondsBuckets].map((inBucket, i) => {
    count += inBucket;
    const le = LOAD_SECONDS_BOUNDS[i] ?? '+Inf';
    return { labels: { le, cache: name }, value: count, metricName: `${metricName}_bucket` };
  });
  return [
    ...buckets,
    { labels: { cache: name }, value: counters.loadSecondsSum, metricName: `${metricName}_sum` },
    { labels: { cache: name }, value: count, metricName: `${metricName}_count` },
  ];
}
