// What becomes of keys that are asked for together with one that an API chokes on.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Refusal } from '../../src/cloud-controller/api-errors.ts';
import { LoadError } from '../../src/errors.ts';
import { HalvingBatcher } from '../../src/landscape/halves.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { inLab } from './landscape-lab.ts';

const test = suite('halves');
const never = new AbortController().signal;
const WINDOW_MS = 20;

interface Together {
  readonly calls: number;
  /** By key: `ok`, or the error. */
  readonly ended: ReadonlyMap<number, unknown>;
}

/** The numbers below `size` asked for together, of an API that fails as `failure` says. */
async function together(
  size: number,
  failure: (keys: readonly number[], call: number) => Error | undefined,
): Promise<Together> {
  let calls = 0;
  const clock = new FakeClock();
  const batcher = new HalvingBatcher<number, string>({
    fetch: async (keys) => {
      const error = failure(keys, ++calls);
      if (error !== undefined) throw error;
      return keys.map((key) => `value of ${key}`);
    },
    limits: { size, windowMs: WINDOW_MS },
    clock,
  });
  const asked = Array.from({ length: size }, (_, key) => batcher.load(key, never));
  await clock.pass(WINDOW_MS);
  const ended = (await Promise.allSettled(asked)).map((one, key): [number, unknown] => [
    key,
    one.status === 'fulfilled' ? (one.value === `value of ${key}` ? 'ok' : one.value) : one.reason,
  ]);
  batcher.close();
  return { calls, ended: new Map(ended) };
}

const failedOf = ({ ended }: Together): number[] =>
  [...ended].filter(([, how]) => how !== 'ok').map(([key]) => key);

for (const status of [400, 404, 414, 422, 500]) {
  test(`of ${status} for a key among many only that key hears, and the others are answered`, async () => {
    for (const size of [2, 3, 16, 100]) {
      for (const bad of new Set([0, 1, size >> 1, size - 1])) {
        const all = await together(size, (keys) =>
          keys.includes(bad) ? new Refusal(`answered ${status}`, status) : undefined,
        );
        assert.equal(failedOf(all), [bad]);
        assert.is((all.ended.get(bad) as LoadError).ofKeyOnly, status < 500);
        const further = all.calls - 1;
        assert.ok(further <= 2 * Math.ceil(Math.log2(size)), `${further} further calls for ${size}`);
      }
    }
  });
}

test('however many keys are bad, a batch is asked for 2 log2 times more at most, and each key ends', async () => {
  const all = await together(64, (keys) =>
    keys.some((key) => key % 3 === 0) ? new Refusal('answered 400', 400) : undefined,
  );
  assert.ok(all.calls <= 13, `${all.calls}`);
  assert.is(all.ended.size, 64);
});

test('an API that says of all that it is at fault is asked for two halves, and all fail by one error', async () => {
  const all = await together(64, (_, call) => new Refusal(`answered 500 to call ${call}`, 500));
  assert.is(all.calls, 3);
  assert.is(new Set(all.ended.values()).size, 1);
});

for (const [what, error] of [
  ...[401, 403, 429, 502, 503, 504].map((status) => [status, new Refusal(`${status}`, status)] as const),
  ['a time-out', new LoadError('load_timeout', 'did not answer')],
  ['a refused connection', new LoadError('load_failed', 'refused the connection', { unreachable: true })],
] as const) {
  test(`of ${what} all who asked together hear at once`, async () => {
    const all = await together(10, () => error);
    assert.is(all.calls, 1);
    assert.equal(new Set(all.ended.values()), new Set([error]));
  });
}

test('a half that fails as an API does ends the search, and what was answered stays', async () => {
  const down = new LoadError('load_timeout', 'did not answer');
  const all = await together(8, (keys, call) => {
    if (call > 2) return down;
    return keys.includes(7) ? new Refusal('answered 400', 400) : undefined;
  });
  assert.is(all.calls, 3);
  assert.equal(failedOf(all), [4, 5, 6, 7]);
});

test('names that an API fails on cost other names nothing, asked for at the same moment', () =>
  inLab({ api: { tries: 1 } }, async (lab) => {
    const names = Array.from({ length: 20 }, (_, i) => `org-${i}`);
    for (const name of names) lab.cloud.addOrganization(name);
    lab.cloud.fail(({ query }) => query.get('names')?.includes('poison') ?? false, { status: 500 });
    const asked = [...names, 'poison'].map((name) => lab.ask('org', name));
    const kinds = (await Promise.all(asked)).map(({ kind }) => kind);
    assert.equal(kinds, [...names.map(() => 'value'), 'error']);
    assert.is((await lab.ask('org', 'another')).kind, 'absent');
  }));

test.run();
