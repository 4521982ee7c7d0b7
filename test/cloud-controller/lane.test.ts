// The turns of an API's requests: in order, so many at a time, and strictly no more in any second than allowed.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lane, type LaneLimits } from '../../src/cloud-controller/lane.ts';
import { LONGEST_PAUSE_MS } from '../../src/cloud-controller/rate-limit.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';
import { seededRandom } from '../store/seeded-random.ts';

const test = suite('lane');
const never = new AbortController().signal;

class LaneLab {
  readonly clock = new FakeClock();
  readonly waitsMs: number[] = [];
  readonly refused: string[] = [];
  readonly sent: { name: string; atMs: number }[] = [];
  readonly lane: Lane;

  constructor(limits: Partial<LaneLimits>) {
    const all = { concurrency: 1000, requestsPerSecond: undefined, ...limits };
    this.lane = new Lane(all, this.clock, (ms) => this.waitsMs.push(ms));
  }

  /** Leaves after `tookMs`. */
  async send(name: string, tookMs = 0, signal = never, ahead = false): Promise<boolean> {
    const turn = await this.lane.enter(signal, ahead);
    if (turn !== 'mine') this.refused.push(`${name} ${turn}`);
    if (turn !== 'mine') return false;
    this.sent.push({ name, atMs: this.clock.now() });
    if (tookMs > 0) await new Promise<void>((resolve) => void this.clock.after(tookMs, resolve));
    this.lane.leave();
    return true;
  }

  /** Most that were sent within any second. */
  get most(): number {
    const times = this.sent.map(({ atMs }) => atMs);
    return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
  }

  get order(): string {
    return this.sent.map(({ name }) => name).join('');
  }
}

test('row 76: in every window of a second no more are sent than allowed, however they come and however long they take', async () => {
  for (const perSecond of [1, 2.5, 10, 33]) {
    const random = seededRandom(perSecond * 10);
    const lab = new LaneLab({ requestsPerSecond: perSecond, concurrency: 7 });
    for (let n = 0; n < 300; n++) {
      const ahead = random.below(4) === 0;
      void lab.send('x', random.below(3) === 0 ? 0 : random.below(900), never, ahead);
      if (random.below(3) === 0) await lab.clock.pass(random.below(400));
    }
    await lab.clock.pass(400_000);
    assert.is(lab.sent.length, 300);
    assert.ok(lab.most <= perSecond, `${lab.most} > ${perSecond}`);
  }
});

test('row 76: nobody waits longer than the limit asks for, and what was waited is measured', async () => {
  const lab = new LaneLab({ requestsPerSecond: 10 });
  for (let n = 0; n < 100; n++) void lab.send('x');
  await lab.clock.pass(9 * 1050);
  assert.is(lab.sent.length, 100);
  assert.equal(lab.waitsMs.slice(0, 11), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1050]);
  assert.is(lab.waitsMs[99], 9 * 1050);
});

test('less than one a second is one in so many', async () => {
  const lab = new LaneLab({ requestsPerSecond: 0.1 });
  for (let n = 0; n < 3; n++) void lab.send('x');
  await lab.clock.pass(60_000);
  const gaps = lab.sent.slice(1).map(({ atMs }, i) => atMs - lab.sent[i]!.atMs);
  assert.equal(gaps, [10_050, 10_050]);
});

test('row 77: after a Retry-After nobody is sent before its end, and then all are', async () => {
  const lab = new LaneLab({});
  await lab.send('a');
  lab.lane.pause(7000);
  lab.lane.pause(2000);
  for (const name of ['b', 'c']) void lab.send(name);
  await lab.clock.pass(6999);
  assert.is(lab.order, 'a');
  await lab.clock.pass(1);
  assert.is(lab.order, 'abc');
  assert.equal(lab.waitsMs, [0, 7000, 7000]);
});

test('row 77: however long an API asks for, it is left alone for five minutes at most', async () => {
  const lab = new LaneLab({});
  lab.lane.pause(86_400_000);
  assert.is(lab.lane.pausedForMs, LONGEST_PAUSE_MS);
  await lab.clock.pass(LONGEST_PAUSE_MS - 1);
  void lab.send('a');
  await settled();
  assert.is(lab.order, '');
  await lab.clock.pass(1);
  assert.is(lab.order, 'a');
  assert.is(lab.lane.pausedForMs, 0);
});

test('a pause of up to 30 s is waited for; of a longer one all are told who wait, and who come while more than that is left', async () => {
  const lab = new LaneLab({ concurrency: 1 });
  void lab.send('a', 100);
  lab.lane.pause(30_000);
  for (const name of ['b', 'c']) void lab.send(name);
  await settled();
  assert.equal(lab.refused, []);
  lab.lane.pause(90_000);
  await settled();
  assert.equal(lab.refused, ['b paused', 'c paused']);
  assert.is(lab.lane.queued, 0);
  await lab.clock.pass(59_999);
  assert.is(await lab.send('d'), false);
  await lab.clock.pass(1);
  void lab.send('e');
  await lab.clock.pass(29_999);
  assert.is(lab.order, 'a');
  await lab.clock.pass(1);
  assert.is(lab.order, 'ae');
  assert.equal(lab.refused, ['b paused', 'c paused', 'd paused']);
  assert.is(lab.clock.timers, 0);
});

test('no more are under way than places, and who came first goes first', async () => {
  const lab = new LaneLab({ concurrency: 2 });
  for (const name of ['a', 'b', 'c', 'd', 'e']) void lab.send(name, 100);
  await settled();
  assert.is(lab.order, 'ab');
  assert.is(lab.lane.inFlight, 2);
  assert.is(lab.lane.queued, 3);
  await lab.clock.pass(100);
  assert.is(lab.order, 'abcd');
  await lab.clock.pass(1000);
  assert.is(lab.order, 'abcde');
  assert.is(lab.lane.inFlight, 0);
  assert.equal(lab.waitsMs, [0, 0, 0, 0, 0]);
});

test('what others wait for goes ahead', async () => {
  const lab = new LaneLab({ concurrency: 1 });
  for (const name of ['a', 'b', 'c']) void lab.send(name, 10);
  void lab.send('t', 10, never, true);
  await lab.clock.pass(100);
  assert.is(lab.order, 'atbc');
});

test('who gives up leaves the queue, and holds nobody up', async () => {
  const lab = new LaneLab({ concurrency: 1 });
  const stop = new AbortController();
  void lab.send('a', 10);
  const given = lab.send('b', 10, stop.signal);
  void lab.send('c', 10);
  stop.abort();
  assert.is(await given, false);
  assert.is(await lab.send('d', 10, stop.signal), false);
  assert.is(lab.lane.queued, 1);
  await lab.clock.pass(100);
  assert.is(lab.order, 'ac');
  assert.is(lab.clock.timers, 0);
});

test.run();
