// A landscape before an API that allows ten requests a second: the limit is kept to, pauses are, and nothing is lost.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Discovered } from '../../src/landscape/discovery.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { FakeCloud } from '../cloud-controller/fake/fake-cloud.ts';
import type { RateLimit } from '../cloud-controller/fake/rate-limit.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { BATCH_WINDOW_MS, inLab, type LandscapeLab } from './landscape-lab.ts';

const test = suite('rate limit');

const PER_SECOND = 10;
const APPLICATIONS = 600;
const RETRY_AFTER_S = 3;

interface Run {
  readonly lab: LandscapeLab;
  readonly clock: FakeClock;
  readonly limit: RateLimit;
  /** Until all of the landscape was discovered; how long that took. */
  discovered(): Promise<number>;
}

function limited(
  options: {
    requestsPerSecond: number | undefined;
    concurrency?: number;
    retryAfterForm?: 'seconds' | 'epoch';
  },
  run: (run: Run) => Promise<void>,
): () => Promise<void> {
  return async () => {
    const clock = new FakeClock();
    const cloud = await FakeCloud.start({ clock });
    cloud.seed({ organizations: 60, spaces: 200, applications: APPLICATIONS });
    const { requestsPerSecond, concurrency = 8, ...form } = options;
    const limit = cloud.rateLimit({
      perSecond: PER_SECOND,
      retryAfterSeconds: RETRY_AFTER_S,
      clock,
      ...form,
    });
    const api = { requestsPerSecond, concurrency, pageSize: 20 };
    await inLab({ clouds: [cloud], targets: [{}], clock, api, batchSize: 20 }, async (lab) => {
      await run({ lab, clock, limit, discovered: () => discovered(lab, clock) });
    });
  };
}

/** Time passes for windows of batches, and for who is held back while nothing is under way; who is told that it takes too long asks again. */
async function discovered(lab: LandscapeLab, clock: FakeClock): Promise<number> {
  const startedAtMs = clock.now();
  for (let tries = 0; tries < 100; tries++) {
    const answer = await passing(lab, clock, lab.discovery.answer([]).catch(tooLate));
    if (answer === undefined) continue;
    const { value, missing } = answer;
    const bytes = Buffer.alloc(value.length);
    value.copy(0, bytes, 0, bytes.length);
    value.release();
    assert.equal(missing, []);
    const entries: { labels: Record<string, string> }[] = JSON.parse(bytes.toString());
    assert.is(new Set(entries.map(({ labels }) => labels.__meta_cf_applicationId)).size, APPLICATIONS);
    return clock.now() - startedAtMs;
  }
  throw new Error('it was not discovered');
}

function tooLate(error: { code?: string; message?: string }): Discovered | undefined {
  if (error.code === 'not_ready' && /it goes on/.test(error.message ?? '')) return undefined;
  throw error;
}

async function passing<Result>(
  lab: LandscapeLab,
  clock: FakeClock,
  waitedFor: Promise<Result>,
): Promise<Result> {
  const { facts } = lab.landscape.apis[0]!;
  let waiting = true;
  const ended = (): void => {
    waiting = false;
  };
  waitedFor.then(ended, ended);
  while (waiting) {
    await new Promise((resolve) => setImmediate(resolve));
    const isHeldBack = facts.queued > 0 && facts.inFlight === 0;
    if (waiting && (isHeldBack || clock.nextTimerInMs <= BATCH_WINDOW_MS)) clock.advance(clock.nextTimerInMs);
  }
  return await waitedFor;
}

test(
  'row 76: a whole landscape is discovered within the limit, which is never exceeded',
  limited({ requestsPerSecond: PER_SECOND }, async ({ lab, limit, discovered }) => {
    const tookMs = await discovered();
    assert.not(limit.exceeded, `${limit.most} in one second`);
    assert.is(limit.refused, 0);
    const asked = lab.cloud.count();
    assert.ok(asked > 100, `${asked} requests`);
    // And the limit is made use of.
    assert.ok(tookMs < (asked / PER_SECOND) * 1200 + 2000, `${asked} requests took ${tookMs} ms`);
    const waits = lab.landscape.apis[0]!.facts.rateWaits;
    assert.ok(waits.sum > 1, `waited ${waits.sum} s`);
  }),
);

for (const retryAfterForm of ['seconds', 'epoch'] as const) {
  test(
    `row 77: where others use up the limit, nobody asks before the Retry-After (${retryAfterForm}), and nothing is lost`,
    limited(
      { requestsPerSecond: PER_SECOND, concurrency: 1, retryAfterForm },
      async ({ lab, limit, discovered }) => {
        const random = seededRandom(77);
        // Of all requests some, here and there.
        const watch = lab.cloud.fail(() => {
          if (random() < 0.05) limit.refuse(1);
          return false;
        }, 'hang');
        await discovered();
        watch.end();
        assert.ok(limit.refused > 3, `${limit.refused} were refused`);
        assert.is(limit.impatient, 0);
        assert.not(limit.exceeded, `${limit.most} in one second`);
        assert.is(lab.landscape.apis[0]!.facts.errors.get('CF-RateLimitExceeded'), limit.refused);
      },
    ),
  );
}

test(
  'row 77: a daemon that knows of no limit is refused, and discovers all of it in the end',
  limited({ requestsPerSecond: undefined }, async ({ lab, limit, discovered }) => {
    await discovered();
    assert.ok(limit.refused > 0);
    const { requests } = lab.cloud;
    const refusedAtMs = new Set(requests.filter(({ status }) => status === 429).map(({ atMs }) => atMs));
    const isEarly = (sentAtMs: number): boolean =>
      [...refusedAtMs].some((ms) => sentAtMs > ms && sentAtMs < ms + RETRY_AFTER_S * 1000);
    const early = requests.filter(({ atMs }) => isEarly(atMs));
    // What was sent at the same moment had been sent already.
    assert.is(early.length, 0, 'sent after a 429 and before its Retry-After');
  }),
);

test.run();
