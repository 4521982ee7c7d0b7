// The whole fleet's metrics in one scrape through one route, and what each says of its peers; with real daemons.

import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tool } from '../tools.ts';
import { until } from './daemon.ts';
import { type Instance, TestFleet } from './fleet-harness.ts';

const test = suite<{ fleet: TestFleet }>('metrics of the fleet');
const promtool = tool('promtool');

test.before(async (context) => {
  context.fleet = await TestFleet.start({ sync: '300ms' });
});

test.after(async ({ fleet }) => {
  await fleet.close();
});

async function scrape(fleet: TestFleet, headers = {}): Promise<string> {
  const answer = await fleet.call('/metrics?fleet=1', { at: fleet.at(0), headers });
  assert.is(answer.status, 200);
  return answer.text;
}

function labels({ index, instanceId }: Instance): string {
  return `index="${index}",instance_id="${instanceId}"`;
}

(promtool ? test : test.skip)(
  'promtool finds nothing wrong with three instances in one scrape',
  async ({ fleet }) => {
    await fleet.warm('42');
    await fleet.call('/cache/invalidate?users=1');
    const output = execFileSync(promtool!, ['check', 'metrics'], {
      input: await scrape(fleet),
      encoding: 'utf8',
    });
    assert.is(output, '');
  },
);

test('one scrape has every series of each instance, each with whose it is', async ({ fleet }) => {
  const lines = (await scrape(fleet)).split('\n');
  const own = (await fleet.at(0).daemon.request('/metrics')).text.split('\n');
  const names = own.filter((line) => line.startsWith('# TYPE ')).map((line) => line.split(' ')[2]!);
  for (const instance of fleet.instances) {
    const its = lines.filter((line) => line.includes(`{${labels(instance)}`));
    const loads = its.find((line) => line.startsWith('sidecache_requests_total') && line.includes('"users"'));
    assert.ok(loads, 'sidecache_requests_total');
    assert.ok(its.includes(`sidecache_fleet_scraped{${labels(instance)}} 1`));
    assert.ok(its.includes(`sidecache_fleet_members{${labels(instance)}} 3`));
    for (const name of ['sidecache_memory_limit_bytes', 'process_resident_memory_bytes', 'sidecache_peer_up'])
      assert.ok(
        its.some((line) => line.startsWith(`${name}{`)),
        name,
      );
  }
  for (const name of names)
    assert.is(lines.filter((line) => line.startsWith(`# TYPE ${name} `)).length, 1, name);
});

test('one that does not answer: the scrape ends in time, and says which one is missing', async ({
  fleet,
}) => {
  const stopped = fleet.at(1);
  stopped.pause();
  const beganMs = performance.now();
  const text = await scrape(fleet, { 'x-prometheus-scrape-timeout-seconds': '1' });
  const tookMs = performance.now() - beganMs;
  stopped.resume();
  assert.ok(tookMs < 1000, `${tookMs} ms`);
  assert.match(text, `sidecache_fleet_scraped{${labels(stopped)}} 0`);
  assert.match(text, `sidecache_fleet_scraped{${labels(fleet.at(2))}} 1`);
  assert.not.match(text, `sidecache_memory_limit_bytes{${labels(stopped)}}`);
  await until(async () => (await scrape(fleet)).includes(`sidecache_fleet_scraped{${labels(stopped)}} 1`));
});

test('a peer that is not reached is down, and how far it is behind can be seen; both pass', async ({
  fleet,
}) => {
  await fleet.settled();
  const [asked, stopped] = [fleet.at(0), fleet.at(1)];
  const up = `sidecache_peer_up{${labels(stopped)}}`;
  const lag = `sidecache_peer_lag_seconds{${labels(stopped)}}`;
  assert.is(await asked.metric(up), 1);
  assert.is(await asked.metric(lag), 0);
  stopped.pause();
  await fleet.call('/cache/invalidate?users=1&timeout=200ms', { at: asked });
  assert.is(await asked.metric(up), 0);
  assert.ok((await asked.metric(lag)) > 0.1);
  stopped.resume();
  await until(async () => (await asked.metric(up)) === 1 && (await asked.metric(lag)) === 0);
});

test('series of a peer that is gone vanish', async ({ fleet }) => {
  const gone = fleet.at(2);
  await fleet.end(gone, 'SIGTERM');
  const text = await scrape(fleet);
  assert.not.match(text, gone.instanceId);
  for (const { daemon } of fleet.instances)
    assert.not.match((await daemon.request('/metrics')).text, gone.instanceId);
  for (const instance of fleet.instances) assert.is(await instance.metric('sidecache_fleet_members'), 2);
});

test.run();
