// A landscape on a fleet of three: one call reaches every instance, and who may ask for the list from outside.

import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import { tool } from '../tools.ts';
import { until } from './daemon.ts';
import { type FleetOptions, TestFleet } from './fleet-harness.ts';
import { addApplication, discovered, landscapeConfig, namesIn, smallCloud } from './landscape-daemon.ts';

const test = suite('landscape of a fleet');
const promtool = tool('promtool');

/** As those who call Promregator write it. */
const FORGET_ALL = '/cache/invalidate?org=1&space=1&application=1&domain=1&route=1&process=1&resolver=1';

function inFleet(
  run: (fleet: TestFleet, cloud: FakeCloud) => Promise<void>,
  { cloudfoundry, ...options }: FleetOptions & { cloudfoundry?: object } = {},
): () => Promise<void> {
  return async () => {
    const cloud = await smallCloud();
    try {
      const config = landscapeConfig(cloud, { targets: [{}], ...cloudfoundry });
      const fleet = await TestFleet.start({ ...options, config });
      try {
        await run(fleet, cloud);
      } finally {
        await fleet.close();
      }
    } finally {
      await cloud.close();
    }
  };
}

test(
  'the call that existing callers make reaches all three: a new app is seen through each of them after it',
  inFleet(async (fleet, cloud) => {
    const seen = () =>
      Promise.all(fleet.instances.map(async ({ daemon }) => namesIn(await discovered(daemon))));
    const before = ['shop/0', 'shop/1'];
    assert.equal(await seen(), [before, before, before]);
    for (const [name, at] of [
      ['new-0', fleet.at(0)],
      ['new-2', fleet.at(2)],
    ] as const) {
      addApplication(cloud, name);
      before.unshift(`${name}/0`);
      before.sort();
      const { status, headers } = await fleet.call(FORGET_ALL, { at });
      assert.is(status, 204);
      assert.is(headers['sidecache-applied'], '3/3');
      assert.equal(await seen(), [before, before, before]);
    }
  }),
);

test(
  'row 88: a call for org alone, over the socket of one of them, is enough for all',
  inFleet(async (fleet, cloud) => {
    for (const { daemon } of fleet.instances) await discovered(daemon);
    addApplication(cloud, 'new');
    const { status, headers } = await fleet.at(1).daemon.request('/cache/invalidate?org=1&timeout=10s');
    assert.equal([status, headers['sidecache-applied']], [204, '3/3']);
    for (const { daemon } of fleet.instances) {
      assert.equal(namesIn(await discovered(daemon)), ['new/0', 'shop/0', 'shop/1']);
    }
  }),
);

test(
  'from outside /discovery is for those who may',
  inFleet(
    async (fleet) => {
      const instance = fleet.at(0);
      assert.is((await instance.ask('/discovery')).status, 401);
      const wrong = { authorization: `Bearer ${fleet.token}x` };
      assert.is((await instance.ask('/discovery', { headers: wrong })).status, 401);
      const operator = { authorization: `Bearer ${fleet.operatorToken}` };
      const answer = await instance.ask('/discovery', { headers: operator });
      assert.is(answer.status, 200);
      assert.equal(namesIn(JSON.parse(answer.text)), ['shop/0', 'shop/1']);
      assert.is((await fleet.call('/discovery')).text, answer.text, 'through the route');
      const other = await fleet.add(1, { fleet: { allow: ['metrics'] } });
      assert.is((await other.ask('/discovery', { headers: operator })).status, 403);
    },
    { indices: [0] },
  ),
);

(promtool ? test : test.skip)(
  'row 92: latency by type, waits for the rate limit and queues are measured, as promtool would have them',
  inFleet(
    async (fleet, cloud) => {
      const { daemon } = fleet.at(0);
      cloud.fail('routes', { status: 500 }, 1);
      await discovered(daemon);
      const { text } = await daemon.request('/metrics');
      const output = execFileSync(promtool!, ['check', 'metrics'], {
        input: text,
        encoding: 'utf8',
        stdio: 'pipe',
      });
      assert.is(output, '');
      const sample = (name: string): Promise<number> => fleet.at(0).metric(name);
      const durations = 'sidecache_api_request_duration_seconds_count';
      for (const type of [
        'root',
        'token',
        'organizations',
        'spaces',
        'applications',
        'domains',
        'processes',
      ]) {
        assert.is(await sample(`${durations}{api="default",type="${type}"}`), 1, type);
      }
      assert.is(await sample(`${durations}{api="default",type="routes"}`), 2, 'failures included');
      assert.is(await sample('sidecache_api_errors_total{api="default",code="http_500"}'), 1);
      assert.is(await sample('sidecache_api_rate_wait_seconds_count{api="default"}'), cloud.count());
      assert.is(await sample('sidecache_api_tokens_total{api="default",result="fetched"}'), 1);
      assert.is(await sample('sidecache_discovery_instances'), 2);
      assert.is(await sample('sidecache_discovery_answers_total{result="complete"}'), 1);
      const hold = cloud.hold('organizations');
      const asked = daemon.request('/caches/org/a');
      await until(async () => (await sample('sidecache_api_in_flight{api="default"}')) === 1);
      assert.is(await sample('sidecache_api_queued{api="default"}'), 0);
      const others = Promise.all([
        daemon.request('/caches/domain/none'),
        daemon.request('/caches/space/none/x'),
      ]);
      await until(async () => (await sample('sidecache_api_queued{api="default"}')) > 0);
      hold.release();
      await Promise.all([asked, others]);
      assert.is(await sample('sidecache_api_in_flight{api="default"}'), 0);
    },
    { indices: [0], cloudfoundry: { concurrency: 1 } },
  ),
);

test.run();
