// The metrics of the process itself.

import type { Registry } from 'prom-client';
import { counterIn, gaugeIn } from './describe.ts';
import type { PromClient } from './prom-client.ts';

export interface ProcessFacts {
  readonly version: string;
  readonly index: string;
  readonly startedAtMs: number;
}

export function describeProcess(prom: PromClient, registry: Registry, parts: ProcessFacts): void {
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
