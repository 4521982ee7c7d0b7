// The metrics of discovery: how many instances it lists, and how often it had to answer with less than it was asked for.

import type { Registry } from 'prom-client';
import type { CloudController } from '../cloud-controller/cloud-controller.ts';
import { counterIn, gaugeIn } from './describe.ts';
import type { PromClient } from './prom-client.ts';

/** Read at each scrape. */
export interface LandscapeFacts {
  readonly apis: readonly CloudController[];
  /** In the last document of all configured targets. */
  instances(): number;
  /** By what they were: complete, partial, failed. */
  answers(): Readonly<Record<string, number>>;
}

export function describeDiscovery(prom: PromClient, registry: Registry, facts: LandscapeFacts): void {
  gaugeIn(prom, registry)(
    'sidecache_discovery_instances',
    'Instances that the last document of all configured targets lists.',
    [],
    (add) => add({}, facts.instances()),
  );
  counterIn(prom, registry)(
    'sidecache_discovery_answers_total',
    'Answers of /discovery: complete; partial, with parts as they last were or without them; failed.',
    ['result'],
    (add) => {
      for (const [result, count] of Object.entries(facts.answers())) add({ result }, count);
    },
  );
}
