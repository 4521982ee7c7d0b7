// The metrics of the Cloud Foundry APIs: what is counted is what is exposed, and promtool takes it.

import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CloudController } from '../../src/cloud-controller/cloud-controller.ts';
import { ApiCounters, factsOf } from '../../src/cloud-controller/counters.ts';
import { Lane } from '../../src/cloud-controller/lane.ts';
import { describeApis } from '../../src/metrics/api-metrics.ts';
import { loadPromClient } from '../../src/metrics/prom-client.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { tool } from '../tools.ts';

const test = suite('metrics of APIs');
const promtool = tool('promtool');
const never = new AbortController().signal;

interface Api {
  readonly api: CloudController;
  readonly counters: ApiCounters;
  readonly lane: Lane;
}

/** Asked by nobody: its counters are a test's to move. */
function apiNamed(name: string): Api {
  const counters = new ApiCounters();
  const lane = new Lane({ concurrency: 1, requestsPerSecond: undefined }, new FakeClock(), () => undefined);
  const api = { name, facts: factsOf(counters, lane) } as unknown as CloudController;
  return { api, counters, lane };
}

async function scraperOf(apis: readonly Api[]): Promise<() => Promise<string>> {
  const prom = await loadPromClient();
  const registry = new prom.Registry();
  describeApis(prom, registry, () => apis.map(({ api }) => api));
  return () => registry.metrics();
}

test('row 92: latency by request type, what was waited for the rate limit, and the depth of the queue are measured', async () => {
  const eu = apiNamed('eu');
  const scrape = await scraperOf([eu, apiNamed('us')]);
  eu.counters.sent('routes', 30);
  eu.counters.sent('routes', 60_000);
  eu.counters.rateWaits.observe(0);
  eu.counters.rateWaits.observe(700);
  eu.counters.failed('CF-NotAuthorized');
  eu.counters.tokens.failed = 2;
  await eu.lane.enter(never, false);
  void eu.lane.enter(never, false);
  void eu.lane.enter(never, false);
  const text = await scrape();
  for (const line of [
    'sidecache_api_request_duration_seconds_bucket{le="0.025",api="eu",type="routes"} 0',
    'sidecache_api_request_duration_seconds_bucket{le="0.05",api="eu",type="routes"} 1',
    'sidecache_api_request_duration_seconds_bucket{le="30",api="eu",type="routes"} 1',
    'sidecache_api_request_duration_seconds_bucket{le="+Inf",api="eu",type="routes"} 2',
    'sidecache_api_request_duration_seconds_sum{api="eu",type="routes"} 60.03',
    'sidecache_api_request_duration_seconds_count{api="eu",type="routes"} 2',
    'sidecache_api_request_duration_seconds_count{api="us",type="routes"} 0',
    'sidecache_api_rate_wait_seconds_bucket{le="0.01",api="eu"} 1',
    'sidecache_api_rate_wait_seconds_bucket{le="1",api="eu"} 2',
    'sidecache_api_rate_wait_seconds_sum{api="eu"} 0.7',
    'sidecache_api_queued{api="eu"} 2',
    'sidecache_api_in_flight{api="eu"} 1',
    'sidecache_api_queued{api="us"} 0',
    'sidecache_api_tokens_total{api="eu",result="failed"} 2',
    'sidecache_api_tokens_total{api="us",result="fetched"} 0',
    'sidecache_api_errors_total{api="eu",code="CF-NotAuthorized"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line}\n${text}`);
  }
});

test('codes come from outside: beyond a number of them they are one', () => {
  const { counters } = apiNamed('eu');
  for (let n = 0; n < 1000; n++) counters.failed(`CF-Title${n}`);
  assert.ok(counters.errors.size <= 65, `${counters.errors.size}`);
  assert.is(
    [...counters.errors.values()].reduce((sum, count) => sum + count, 0),
    1000,
  );
});

(promtool ? test : test.skip)('promtool takes them', async () => {
  const eu = apiNamed('eu');
  eu.counters.failed('timeout');
  const scrape = await scraperOf([eu]);
  const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], { input: await scrape() });
  assert.is(status, 0, `${stdout}${stderr}`);
});

test.run();
