// What Prometheus is told: plain counters, read when somebody asks. prom-client is loaded at the first scrape.

import type { Registry } from 'prom-client';
import type { Caches } from './cache/caches.ts';
import { LOAD_RESULTS, LOAD_SECONDS_BOUNDS, LOAD_TRIGGERS, READ_RESULTS } from './cache/counters.ts';
import { EVICTION_REASONS } from './store/store.ts';

export interface MetricsParts {
  readonly caches: Caches;
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly index: string;
  readonly startedAtMs: number;
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

type Labels = Readonly<Record<string, string>>;
/** Adds one sample. */
type Sample = (labels: Labels, value: number) => void;
type PromClient = Pick<typeof import('prom-client'), 'Registry' | 'Counter' | 'Gauge' | 'Histogram'>;

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
    describeProcess(prom, registry, this.#parts);
    return registry;
  }
}

/** Not its index: that also loads what a daemon never uses (see prom-client-parts.d.ts). */
async function loadPromClient(): Promise<PromClient> {
  const [registry, counter, gauge, histogram] = await Promise.all([
    import('prom-client/lib/registry.js'),
    import('prom-client/lib/counter.js'),
    import('prom-client/lib/gauge.js'),
    import('prom-client/lib/histogram.js'),
  ]);
  return {
    Registry: registry.default,
    Counter: counter.default,
    Gauge: gauge.default,
    Histogram: histogram.default,
  };
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

function describeCaches(prom: PromClient, registry: Registry, caches: Caches): void {
  const counter = counterIn(prom, registry);
  const gauge = gaugeIn(prom, registry);
  const each = (sample: (cache: (typeof caches.all)[number]) => void) => (): void => {
    for (const cache of caches.all) sample(cache);
  };

  counter(
    'sidecache_requests_total',
    'Reads by result; the sum of the results is the reads.',
    ['cache', 'result'],
    (add) =>
      each(({ name, counters }) => {
        for (const result of READ_RESULTS) add({ cache: name, result }, counters.reads(result));
      })(),
  );
  counter(
    'sidecache_loads_total',
    'Loads that ended, by what made them start and how they ended.',
    ['cache', 'trigger', 'result'],
    (add) =>
      each(({ name, counters, loads }) => {
        if (!loads) return;
        for (const trigger of LOAD_TRIGGERS) {
          for (const result of LOAD_RESULTS)
            add({ cache: name, trigger, result }, counters.loads(trigger, result));
        }
      })(),
  );
  describeLoadDuration(prom, registry, caches);
  gauge('sidecache_loads_in_flight', 'Loads that an origin is being asked for.', ['cache'], (add) =>
    each(({ name, loads }) => loads && add({ cache: name }, loads.gate.running))(),
  );
  gauge('sidecache_loads_waiting', 'Loads that wait for a place.', ['cache'], (add) =>
    each(({ name, loads }) => loads && add({ cache: name }, loads.gate.queued))(),
  );
  gauge('sidecache_entries', 'Entries stored.', ['cache'], (add) =>
    each(({ name, shelf }) => add({ cache: name }, shelf.stored.entries))(),
  );
  gauge(
    'sidecache_stored_bytes',
    'Bytes charged for the stored entries, overhead included.',
    ['cache'],
    (add) => each(({ name, shelf }) => add({ cache: name }, shelf.stored.bytes))(),
  );
  gauge(
    'sidecache_memory_limit_bytes',
    'The budget: what may be charged for all that is held for others.',
    [],
    (add) => add({}, caches.store.budget.limitBytes),
  );
  gauge('sidecache_memory_used_bytes', 'What is charged now.', [], (add) =>
    add({}, caches.store.budget.usedBytes),
  );
  counter(
    'sidecache_evictions_total',
    'Entries that went without being invalidated, by reason.',
    ['cache', 'reason'],
    (add) =>
      each(({ name, shelf }) => {
        for (const reason of EVICTION_REASONS) add({ cache: name, reason }, shelf.stored.evictions[reason]);
      })(),
  );
  counter(
    'sidecache_invalidations_total',
    'Invalidate and refresh calls applied, by where they came from.',
    ['cache', 'source'],
    (add) => each(({ name, counters }) => add({ cache: name, source: 'local' }, counters.invalidations))(),
  );
  counter(
    'sidecache_invalidated_entries_total',
    'Entries that those calls dropped or marked old.',
    ['cache'],
    (add) => each(({ name, counters }) => add({ cache: name }, counters.invalidatedEntries))(),
  );
  counter('sidecache_writes_total', 'Values that clients stored.', ['cache'], (add) =>
    each(({ name, counters }) => add({ cache: name }, counters.writes))(),
  );
  counter('sidecache_void_fills_total', 'Fills refused since their lease was void.', ['cache'], (add) =>
    each(({ name, counters }) => add({ cache: name }, counters.voidFills))(),
  );
}

/** From the caches' own buckets: prom-client's histogram would want every duration by itself. */
function describeLoadDuration(prom: PromClient, registry: Registry, caches: Caches): void {
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
  // Its type names members that only prom-client's own cluster code reads.
  histogram.get = get as unknown as typeof histogram.get;
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

function describeProcess(prom: PromClient, registry: Registry, parts: MetricsParts): void {
  const counter = counterIn(prom, registry);
  const gauge = gaugeIn(prom, registry);
  gauge('sidecache_build_info', 'The version that runs; always 1.', ['version', 'node', 'index'], (add) =>
    add({ version: parts.version, node: process.version, index: parts.index }, 1),
  );
  gauge('process_start_time_seconds', 'When the daemon started, in seconds since the epoch.', [], (add) =>
    add({}, parts.startedAtMs / 1000),
  );
  counter('process_cpu_seconds_total', 'User and system CPU time, in seconds.', [], (add) => {
    const { user, system } = process.cpuUsage();
    add({}, (user + system) / 1e6);
  });
  gauge('process_resident_memory_bytes', 'Resident memory.', [], (add) => add({}, process.memoryUsage.rss()));
  gauge('nodejs_heap_size_used_bytes', "Memory used in V8's heap.", [], (add) =>
    add({}, process.memoryUsage().heapUsed),
  );
  gauge('nodejs_external_memory_bytes', "Memory outside V8's heap that JavaScript holds.", [], (add) =>
    add({}, process.memoryUsage().external),
  );
}

type Describe = (name: string, help: string, labelNames: string[], collect: (add: Sample) => void) => void;

function counterIn(prom: PromClient, registry: Registry): Describe {
  return (name, help, labelNames, read) => {
    new prom.Counter({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read((labels, value) => this.inc(labels, value));
      },
    });
  };
}

function gaugeIn(prom: PromClient, registry: Registry): Describe {
  return (name, help, labelNames, read) => {
    new prom.Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      collect() {
        this.reset();
        read((labels, value) => this.set(labels, value));
      },
    });
  };
}
