// What Prometheus is told: plain counters, read when somebody asks.

import type { Registry } from 'prom-client';
import type { Caches } from '../cache/caches.ts';
import { describeApis } from './api-metrics.ts';
import { describeCaches } from './cache-metrics.ts';
import { describeDiscovery, type LandscapeFacts } from './discovery-metrics.ts';
import { describeFleet, describeNotify, type FleetFacts } from './fleet-metrics.ts';
import { describeLoadDuration } from './load-duration.ts';
import { describeProcess, type ProcessFacts } from './process-metrics.ts';
import { loadPromClient } from './prom-client.ts';

export interface MetricsParts extends ProcessFacts {
  readonly caches: Caches;
  readonly labels: Readonly<Record<string, string>>;
  /** Undefined where there is no fleet. */
  readonly fleet: () => FleetFacts | undefined;
  /** Undefined without the landscape's preset. */
  readonly landscape: LandscapeFacts | undefined;
  /** Calls to the own app; undefined where none is told. */
  readonly notified: (() => Iterable<readonly [result: string, count: number]>) | undefined;
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

const OPEN_METRICS = 'application/openmetrics-text';

export class Metrics {
  readonly #parts: MetricsParts;
  #text: Promise<Registry> | undefined;
  #openMetrics: Promise<Registry> | undefined;

  constructor(parts: MetricsParts) {
    this.#parts = parts;
  }

  /** In OpenMetrics where the Accept header asks for it, else in Prometheus' text format. */
  async expose(accept: string | undefined): Promise<Exposition> {
    const registry = await this.#registryFor(accept);
    return { contentType: registry.contentType, text: await registry.metrics() };
  }

  #registryFor(accept: string | undefined): Promise<Registry> {
    if (prefersOpenMetrics(accept)) {
      this.#openMetrics ??= this.#build(true);
      return this.#openMetrics;
    }
    this.#text ??= this.#build(false);
    return this.#text;
  }

  async #build(openMetrics: boolean): Promise<Registry> {
    const prom = await loadPromClient();
    const registry: Registry = new prom.Registry();
    // The types of prom-client know one content type a registry; its code knows both.
    if (openMetrics) registry.setContentType(prom.Registry.OPENMETRICS_CONTENT_TYPE as never);
    registry.setDefaultLabels(this.#parts.labels);
    describeCaches(prom, registry, this.#parts.caches);
    describeLoadDuration(prom, registry, this.#parts.caches);
    describeProcess(prom, registry, this.#parts);
    const { fleet, notified, landscape } = this.#parts;
    const facts = fleet();
    if (facts) describeFleet(prom, registry, facts);
    if (notified) describeNotify(prom, registry, notified);
    if (landscape) {
      describeApis(prom, registry, () => landscape.apis);
      describeDiscovery(prom, registry, landscape);
    }
    return registry;
  }
}

/** By quality, where given: a scraper that takes both says which it likes better. */
function prefersOpenMetrics(accept: string | undefined): boolean {
  if (accept === undefined || !accept.includes(OPEN_METRICS)) return false;
  const quality = (type: string): number => {
    const range = accept.split(',').find((part) => part.trim().startsWith(type));
    const q = range?.match(/;\s*q=([\d.]+)/)?.[1];
    return range === undefined ? 0 : Number(q ?? 1);
  };
  const openQuality = quality(OPEN_METRICS);
  return openQuality > 0 && openQuality >= Math.max(quality('text/plain'), quality('text/*'));
}
