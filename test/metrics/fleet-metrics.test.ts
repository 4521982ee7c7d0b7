// The metrics of the fleet: as promtool takes them, gone with the peers that they were about, and gathered from all.

import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  describeFleet,
  describeNotify,
  type FleetFacts,
  type PeerFact,
} from '../../src/metrics/fleet-metrics.ts';
import { mergeExpositions } from '../../src/metrics/merge.ts';
import { loadPromClient } from '../../src/metrics/prom-client.ts';
import { askWithinMs, gather, type Scraped, SharedScrape } from '../../src/serve/http/fleet-metrics.ts';
import { tool } from '../tools.ts';

const test = suite('metrics of the fleet');
const promtool = tool('promtool');

const ONE: PeerFact = { index: '1', instanceId: 'i-1', up: true, lagMs: 0 };
const TWO: PeerFact = { index: '2', instanceId: 'i-2', up: false, lagMs: 2500 };

/** Facts that a test changes between scrapes. */
class Facts implements FleetFacts {
  known: PeerFact[] = [ONE, TWO];
  requests = new Map([
    ['answered', 7],
    ['unreachable', 0],
  ]);
  failures = 3;
  peers = (): PeerFact[] => this.known;
  members = (): number => this.known.length + 1;
  peerRequests = (): Map<string, number> => this.requests;
  refusedMessages = (): Map<string, number> => new Map([['replayed', 2]]);
  operatorFailures = (): number => this.failures;
  refusedValues = (): Map<string, number> => new Map([['full', 4]]);
}

async function scraperOf(facts: Facts): Promise<() => Promise<string>> {
  const prom = await loadPromClient();
  const registry = new prom.Registry();
  describeFleet(prom, registry, facts);
  describeNotify(prom, registry, () => [['applied', 5]]);
  return () => registry.metrics();
}

const samples = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('every fact is a sample', async () => {
  const scrape = await scraperOf(new Facts());
  assert.equal(samples(await scrape()).sort(), [
    'sidecache_fleet_members 3',
    'sidecache_notify_total{result="applied"} 5',
    'sidecache_operator_failures_total 3',
    'sidecache_peer_lag_seconds{index="1",instance_id="i-1"} 0',
    'sidecache_peer_lag_seconds{index="2",instance_id="i-2"} 2.5',
    'sidecache_peer_messages_refused_total{reason="replayed"} 2',
    'sidecache_peer_requests_total{result="answered"} 7',
    'sidecache_peer_requests_total{result="unreachable"} 0',
    'sidecache_peer_up{index="1",instance_id="i-1"} 1',
    'sidecache_peer_up{index="2",instance_id="i-2"} 0',
    'sidecache_replication_refused_total{reason="full"} 4',
  ]);
});

test('the series of a peer that is gone vanish, and nothing else does', async () => {
  const facts = new Facts();
  const scrape = await scraperOf(facts);
  await scrape();
  facts.known = [TWO];
  facts.failures = 4;
  const text = await scrape();
  assert.not.match(text, 'i-1');
  assert.match(text, 'sidecache_peer_up{index="2",instance_id="i-2"} 0');
  assert.match(text, 'sidecache_fleet_members 2');
  assert.match(text, 'sidecache_operator_failures_total 4');
  facts.known = [];
  assert.not.match(await scrape(), 'index=');
});

test('of two incarnations in one place the one that is up counts, and the longer lag', async () => {
  for (const reversed of [false, true]) {
    const facts = new Facts();
    const twins = [ONE, { ...ONE, up: false, lagMs: 9000 }];
    facts.known = reversed ? twins.reverse() : twins;
    const found = samples(await (await scraperOf(facts))()).filter((line) => line.includes('i-1'));
    assert.equal(found.sort(), [
      'sidecache_peer_lag_seconds{index="1",instance_id="i-1"} 9',
      'sidecache_peer_up{index="1",instance_id="i-1"} 1',
    ]);
  }
});

(promtool ? test : test.skip)('promtool finds nothing wrong with them, alone and merged', async () => {
  const text = await (await scraperOf(new Facts()))();
  const all = mergeExpositions([
    { index: '0', instanceId: 'i-0', text },
    { index: '1', instanceId: 'i-1', text },
  ]);
  for (const input of [text, [...all].join('')]) {
    const { status, stdout, stderr } = spawnSync(promtool!, ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    assert.is(`${status} ${stdout}${stderr}`, '0 ');
  }
});

test('the peers are asked once, with the time there is, and all that came is merged', async () => {
  const own: Scraped = { index: '0', instanceId: 'i-0', text: 'own' };
  const peer: Scraped = { index: '1', instanceId: 'i-1', text: undefined };
  const asked: number[] = [];
  const ask = async (timeoutMs: number): Promise<Scraped[]> => {
    asked.push(timeoutMs);
    return [peer];
  };
  let merged: readonly Scraped[] = [];
  const merge = (scraped: readonly Scraped[]): string[] => {
    merged = scraped;
    return ['a\n', 'b\n'];
  };
  assert.is(await gather(own, ask, merge, 700), 'a\nb\n');
  assert.equal(asked, [700]);
  assert.equal(merged, [own, peer]);
});

test('others have their turn while a large answer is put together', async () => {
  const own: Scraped = { index: '0', instanceId: 'i-0', text: '' };
  let turns = 0;
  const count = (): void => {
    turns++;
    counting = setImmediate(count);
  };
  let counting = setImmediate(count);
  await gather(
    own,
    async () => [],
    () => Array.from({ length: 50 }, () => 'x'),
    1,
  );
  clearImmediate(counting);
  assert.ok(turns >= 49, `${turns}`);
});

test('who asks while the peers are being asked gets the same answer, who asks later a new one', async () => {
  const shared = new SharedScrape();
  const ends: ((text: string) => void)[] = [];
  const run = (): Promise<string> => new Promise((resolve) => ends.push(resolve));
  const both = [shared.get(run), shared.get(run)];
  assert.is(ends.length, 1);
  ends[0]!('one');
  assert.equal(await Promise.all(both), ['one', 'one']);
  const later = shared.get(run);
  ends[1]!('two');
  assert.is(await later, 'two');
});

test('a scrape that failed is not the answer to the next', async () => {
  const shared = new SharedScrape();
  const failing = shared.get(() => Promise.reject(new Error('broken')));
  assert.is(await failing.catch(({ message }: Error) => message), 'broken');
  assert.is(await shared.get(async () => 'text'), 'text');
});

test('peers get part of the time that the scraper waits, or what is usual', () => {
  const within = (seconds?: string): number =>
    askWithinMs(seconds === undefined ? {} : { 'x-prometheus-scrape-timeout-seconds': seconds });
  const usual = within();
  assert.ok(usual > 0);
  assert.is(within('10'), usual);
  assert.is(within('1'), 750);
  assert.is(within('0.001'), 200);
  for (const nonsense of ['', 'x', '-1', '0', 'NaN', '1, 2']) assert.is(within(nonsense), usual, nonsense);
  assert.is(within('Infinity'), usual);
});

test.run();
