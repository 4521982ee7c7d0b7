// Histograms that are read when somebody asks, from buckets that others keep: prom-client's would want every observation by itself.

import type { Registry } from 'prom-client';
import type { PromClient } from './prom-client.ts';

export interface HistogramTerms {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Upper bounds; one bucket more is for all above. */
  readonly bounds: readonly number[];
}

export interface Buckets {
  readonly labels: Readonly<Record<string, string>>;
  /** Not cumulative. */
  readonly counts: Iterable<number>;
  readonly sum: number;
}

export function describeHistogram(
  prom: PromClient,
  registry: Registry,
  terms: HistogramTerms,
  read: () => Iterable<Buckets>,
): void {
  const { name, help, labelNames, bounds } = terms;
  const histogram = new prom.Histogram({
    name,
    help,
    labelNames: [...labelNames],
    buckets: [...bounds],
    registers: [registry],
  });
  const get = async () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...read()].flatMap((buckets) => seriesOf(terms, buckets)),
  });
  // The registry asks a histogram by the second; the first is the one of the interface.
  Object.assign(histogram, { get, getForPromString: get });
}

function seriesOf({ name, bounds }: HistogramTerms, { labels, counts, sum }: Buckets) {
  let count = 0;
  const buckets = [...counts].map((inBucket, i) => {
    count += inBucket;
    return { labels: { le: bounds[i] ?? '+Inf', ...labels }, value: count, metricName: `${name}_bucket` };
  });
  return [
    ...buckets,
    { labels, value: sum, metricName: `${name}_sum` },
    { labels, value: count, metricName: `${name}_count` },
  ];
}
