// The metrics of the Cloud Foundry APIs that are asked.

import type { Registry } from 'prom-client';
import {
  API_SECONDS_BOUNDS,
  type CloudController,
  type Histogram,
} from '../cloud-controller/cloud-controller.ts';
import { counterIn, gaugeIn } from './describe.ts';
import { type Buckets, describeHistogram } from './histogram.ts';
import type { PromClient } from './prom-client.ts';

/** `apis` is asked at each scrape. */
export function describeApis(
  prom: PromClient,
  registry: Registry,
  apis: () => Iterable<CloudController>,
): void {
  describeTimes(prom, registry, apis);
  const gauge = gaugeIn(prom, registry);
  const counter = counterIn(prom, registry);
  gauge('sidecache_api_queued', 'Requests that wait for a place or for the rate limit.', ['api'], (add) => {
    for (const { name, facts } of apis()) add({ api: name }, facts.queued);
  });
  gauge('sidecache_api_in_flight', 'Requests that an API is answering.', ['api'], (add) => {
    for (const { name, facts } of apis()) add({ api: name }, facts.inFlight);
  });
  counter('sidecache_api_tokens_total', 'Tokens asked for, by what came of it.', ['api', 'result'], (add) => {
    for (const { name, facts } of apis()) {
      add({ api: name, result: 'fetched' }, facts.tokens.fetched);
      add({ api: name, result: 'failed' }, facts.tokens.failed);
    }
  });
  counter('sidecache_api_errors_total', 'Requests that failed, by why.', ['api', 'code'], (add) => {
    for (const { name, facts } of apis()) {
      for (const [code, count] of facts.errors) add({ api: name, code }, count);
    }
  });
}

function describeTimes(prom: PromClient, registry: Registry, apis: () => Iterable<CloudController>): void {
  const bounds = API_SECONDS_BOUNDS;
  const duration = {
    name: 'sidecache_api_request_duration_seconds',
    help: 'How long requests to the API took from sending to the end of the answer, failures included.',
    labelNames: ['api', 'type'],
    bounds,
  };
  describeHistogram(prom, registry, duration, () =>
    [...apis()].flatMap(({ name, facts }) =>
      [...facts.latencies].map(([type, latency]) => of({ api: name, type }, latency)),
    ),
  );
  const wait = {
    name: 'sidecache_api_rate_wait_seconds',
    help: 'How long requests waited for the rate limit, or for the end of a Retry-After.',
    labelNames: ['api'],
    bounds,
  };
  describeHistogram(prom, registry, wait, () =>
    [...apis()].map(({ name, facts }) => of({ api: name }, facts.rateWaits)),
  );
}

function of(labels: Buckets['labels'], { buckets, sum }: Histogram): Buckets {
  return { labels, counts: buckets, sum };
}
