// What happens to one request: its time-out, its tries with growing gaps, and the pauses that the API asks for.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiSettings } from '../../src/cloud-controller/settings.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { type ApiLab, apiFor, failureOf, never } from './api-lab.ts';
import { FakeCloud } from './fake/fake-cloud.ts';
import type { Misbehaviour } from './fake/faults.ts';

interface Lab extends ApiLab {
  readonly cloud: FakeCloud;
  readonly clock: FakeClock;
  ask(): Promise<unknown>;
  /** Resolves when something waits for less than a time-out, and says for how long. */
  nextGapMs(): Promise<number>;
}

const test = suite('tries');
const TIMEOUT_MS = 2500;

/** With a token in hand: every request is one for the list. */
function claim(name: string, body: (lab: Lab) => Promise<void>, settings: Partial<ApiSettings> = {}): void {
  test(name, async () => {
    const clock = new FakeClock();
    const cloud = await FakeCloud.start({ clock });
    cloud.seed({ organizations: 30, spaces: 0, applications: 0 });
    const lab = apiFor(cloud.url, { timeoutMs: TIMEOUT_MS, ...settings }, { clock });
    const ask = (): Promise<unknown> => lab.api.organizations(undefined, never);
    const nextGapMs = async (): Promise<number> => {
      while (!over && (lab.api.facts.inFlight > 0 || clock.timers === 0)) await new Promise(setImmediate);
      return clock.nextTimerInMs;
    };
    let over = false;
    try {
      await lab.api.domains(never);
      await body({ ...lab, cloud, clock, ask, nextGapMs });
    } finally {
      over = true;
      lab.api.close();
      await cloud.close();
    }
  });
}

const PASSING: [string, Misbehaviour][] = [
  ['500', { status: 500 }],
  ['502', { status: 502 }],
  ['503', { status: 503 }],
  ['504', { status: 504 }],
  ['a body that is cut off', 'cut-body'],
];

for (const [what, how] of PASSING) {
  claim(`row 75: ${what}: three tries, 200 ms and 400 ms apart`, async ({ cloud, clock, ask, nextGapMs }) => {
    cloud.fail('organizations', how, 2);
    const asked = ask();
    for (const gapMs of [200, 400]) {
      assert.is(await nextGapMs(), gapMs);
      clock.advance(gapMs);
    }
    await asked;
    assert.is(cloud.count('organizations'), 3);
  });
}

claim(
  'row 75: a request that is not answered within 2500 ms ends, body included, and is tried again',
  async ({ cloud, clock, ask, nextGapMs }) => {
    cloud.fail('organizations', 'hang', 1);
    cloud.fail('organizations', 'slow-body', 2);
    const failure = failureOf(ask());
    for (const [tries, gapMs] of [
      [1, 200],
      [2, 400],
    ] as const) {
      await cloud.received(tries, 'organizations');
      clock.advance(TIMEOUT_MS);
      assert.is(await nextGapMs(), gapMs);
      clock.advance(gapMs);
    }
    await cloud.received(3, 'organizations');
    clock.advance(TIMEOUT_MS);
    assert.match((await failure).message, /^http:\/\/127\.0\.0\.1:\d+ .*answer.* within 2500 ms$/);
    assert.is((await failure).code, 'load_timeout');
  },
);

test('row 75: gaps have jitter, half as long up to half as long again', async () => {
  for (const [random, gapMs] of [
    [0, 100],
    [0.999, 299],
  ] as const) {
    const clock = new FakeClock();
    const cloud = await FakeCloud.start({ clock });
    const { api } = apiFor(cloud.url, { tries: 2 }, { clock, random: () => random });
    await api.domains(never);
    cloud.fail('organizations', { status: 502 }, 1);
    const asked = api.organizations(undefined, never);
    while (api.facts.inFlight > 0 || clock.timers === 0) await new Promise(setImmediate);
    assert.is(Math.floor(clock.nextTimerInMs), gapMs);
    clock.advance(300);
    await asked;
    api.close();
    await cloud.close();
  }
});

claim('row 75: what the API says is wrong is not tried again', async ({ cloud, ask }) => {
  for (const status of [400, 403, 404, 422, 501]) {
    cloud.forget();
    cloud.fail('organizations', { status }, 1);
    await failureOf(ask());
    assert.is(cloud.count('organizations'), 1, `${status}`);
  }
});

claim(
  'a kept-alive connection that turns out dead is no try',
  async ({ cloud, ask }) => {
    cloud.fail('organizations', 'reset', 1);
    await ask();
    assert.is(cloud.count('organizations'), 2);
  },
  { tries: 1 },
);

claim(
  'row 77: after a 429 nobody asks before its Retry-After, and nothing is lost',
  async ({ cloud, clock, api, ask, nextGapMs }) => {
    const limit = cloud.rateLimit({ perSecond: 1000, retryAfterSeconds: 7 });
    limit.refuse(1);
    const asked = [ask()];
    assert.is(await nextGapMs(), 7000);
    asked.push(ask(), api.domains(never));
    while (api.facts.queued < 3) await new Promise(setImmediate);
    clock.advance(6999);
    assert.is(cloud.count('organizations'), 1);
    clock.advance(1);
    await Promise.all(asked);
    assert.is(limit.impatient, 0);
    assert.is(api.facts.errors.get('CF-RateLimitExceeded'), 1);
  },
  { tries: 1 },
);

claim(
  'row 77: a Retry-After in seconds since the epoch is taken for that',
  async ({ cloud, clock, ask, nextGapMs }) => {
    const headers = { date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': '784111780' };
    cloud.fail('organizations', { status: 429, headers }, 1);
    const asked = ask();
    assert.is(await nextGapMs(), 3000);
    clock.advance(3000);
    await asked;
  },
);

claim(
  'row 77: a Retry-After that is a date is read against the clock of the API',
  async ({ cloud, clock, ask, nextGapMs }) => {
    const headers = { date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:49:42 GMT' };
    cloud.fail('organizations', { status: 429, headers }, 1);
    const asked = ask();
    assert.is(await nextGapMs(), 5000);
    clock.advance(5000);
    await asked;
  },
);

claim(
  'row 77: without a Retry-After the end of the period is waited for, and without that longer each time',
  async ({ cloud, clock, ask, nextGapMs }) => {
    const headers = { date: 'Thu, 01 Jan 1970 00:16:40 GMT', 'x-ratelimit-reset': '1012' };
    cloud.fail('organizations', { status: 429, headers }, 1);
    cloud.fail('organizations', { status: 429 }, 2);
    const asked = ask();
    for (const gapMs of [12_000, 2000, 4000]) {
      assert.is(await nextGapMs(), gapMs);
      clock.advance(gapMs);
    }
    await asked;
  },
);

claim(
  'row 77: an API that only ever says 429 fails a request in the end',
  async ({ cloud, clock, ask, nextGapMs }) => {
    cloud.fail('organizations', { status: 429, headers: { 'retry-after': '30' } });
    const failure = failureOf(ask());
    const startedAtMs = clock.now();
    let ended = false;
    void failure.then(() => {
      ended = true;
    });
    while (!ended) {
      await Promise.race([nextGapMs(), failure]);
      clock.advance(30_000);
    }
    assert.match((await failure).message, 'is asked too often, and keeps saying so (429)');
    assert.ok(cloud.count('organizations') <= 20, `${cloud.count('organizations')}`);
    assert.ok(clock.now() - startedAtMs <= 1_000_000);
  },
);

claim(
  'an API that wants to be left alone for longer than 30 s fails who asks, who waits and who come later, until it is over',
  async ({ cloud, clock, api, lines, ask }) => {
    const hold = cloud.hold('organizations');
    cloud.fail('organizations', { status: 429, headers: { 'retry-after': '1000000000000' } }, 1);
    const waiting = [1, 2, 3].map(() => failureOf(ask()));
    await cloud.received(1, 'organizations');
    while (api.facts.queued < 2) await new Promise(setImmediate);
    hold.release();
    const errors = [...(await Promise.all(waiting)), await failureOf(ask())];
    for (const { message, code, retryAfterMs } of errors) {
      assert.is(message, `${cloud.url} asked to be left alone for 300 s`);
      assert.equal([code, retryAfterMs], ['load_failed', 300_000]);
    }
    assert.is(cloud.count('organizations'), 1);
    assert.is(lines.length, 1);
    assert.is(lines[0]?.reason, errors[0]?.message);
    clock.advance(300_000);
    await ask();
    assert.is(clock.timers, 0);
  },
  { concurrency: 1 },
);

claim(
  'a 503 that says when to come back is left alone until then',
  async ({ cloud, clock, ask, nextGapMs }) => {
    cloud.fail('organizations', { status: 503, headers: { 'retry-after': '3' } }, 1);
    const asked = ask();
    assert.is(await nextGapMs(), 3000);
    clock.advance(3000);
    await asked;
  },
);

claim('who gives up while it waits for the next try is told at once', async ({ cloud, api, nextGapMs }) => {
  cloud.fail('organizations', { status: 502 }, 1);
  const stop = new AbortController();
  const failure = failureOf(api.organizations(undefined, stop.signal));
  await nextGapMs();
  stop.abort();
  assert.match((await failure).message, 'given up');
  assert.is(cloud.count('organizations'), 1);
});

claim('closing gives up what is under way and leaves nothing open', async ({ cloud, clock, api, lines }) => {
  cloud.hold('organizations');
  const failures = [1, 2, 3].map(() => failureOf(api.organizations(undefined, never)));
  await cloud.received(3, 'organizations');
  api.close();
  for (const error of await Promise.all(failures)) assert.match(error.message, 'given up');
  assert.is(clock.timers, 0);
  assert.equal(lines, []);
  assert.match((await failureOf(api.organizations(undefined, never))).message, 'given up');
});

claim(
  'an API that cannot be reached is told apart, and looked for without a request',
  async ({ cloud, clock, api, ask }) => {
    await cloud.goDown();
    const failure = failureOf(ask());
    while (clock.timers === 0) await new Promise(setImmediate);
    const error = await failure;
    assert.is(error.message, `${cloud.url} refused the connection`);
    assert.is(error.unreachable, true);
    assert.is(await api.reachable(), false);
    await cloud.comeUp();
    assert.is(await api.reachable(), true);
  },
  { tries: 1 },
);

test.run();
