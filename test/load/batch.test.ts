// The batcher: which keys leave together, when, and who gets which answer.

import { getEventListeners } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LoadError } from '../../src/errors.ts';
import { Batcher, type BatchLimits } from '../../src/load/batch.ts';
import { FakeClock } from '../cache/fake-clock.ts';
import { seededRandom } from '../store/seeded-random.ts';

const test = suite('batch');

interface Call {
  readonly keys: readonly string[];
  readonly signal: AbortSignal;
  answer(values?: readonly string[]): void;
  fail(error: unknown): void;
}

/** A batcher whose fetches wait for the test to answer them. */
function lab(limits: Partial<BatchLimits> = {}, bytesOf?: (key: string) => number) {
  const clock = new FakeClock();
  const calls: Call[] = [];
  const batcher = new Batcher<string, string>({
    fetch: (keys, signal) =>
      new Promise((resolve, reject) => {
        const answer = (values = keys.map(answerTo)): void => resolve(values);
        calls.push({ keys, signal, answer, fail: reject });
      }),
    limits: { windowMs: 5, size: 100, ...limits },
    clock,
    bytesOf,
  });
  return { clock, calls, batcher };
}

const answerTo = (key: string): string => `value of ${key}`;
const never = new AbortController().signal;
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `key-${i}`);
const sizes = (calls: readonly Call[]): number[] => calls.map(({ keys }) => keys.length);

function failureOf(loading: Promise<unknown>): Promise<unknown> {
  return loading.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('150 keys missed within the window are 2 calls of at most 100', async () => {
  const { clock, calls, batcher } = lab();
  const keys = names(150);
  const loading = keys.map((key) => batcher.load(key, never));
  assert.equal(sizes(calls), [100]);
  clock.advance(5);
  assert.equal(sizes(calls), [100, 50]);
  for (const call of calls) call.answer();
  assert.equal(await Promise.all(loading), keys.map(answerTo));
});

test('the window opens with its first key and is not prolonged by others', async () => {
  const { clock, calls, batcher } = lab();
  const loading = [batcher.load('a', never)];
  clock.advance(4);
  loading.push(batcher.load('b', never));
  assert.equal(sizes(calls), []);
  clock.advance(1);
  assert.equal(sizes(calls), [2]);
  loading.push(batcher.load('c', never));
  clock.advance(5);
  assert.equal(sizes(calls), [2, 1]);
  for (const call of calls) call.answer();
  await Promise.all(loading);
});

test('a full batch leaves at once, and leaves no timer behind', async () => {
  const { clock, calls, batcher } = lab({ size: 2 });
  const loading = ['a', 'b'].map((key) => batcher.load(key, never));
  assert.equal(sizes(calls), [2]);
  assert.is(clock.timers, 0);
  calls[0]?.answer();
  await Promise.all(loading);
});

test('the same key is asked once while its batch has not left, and again when it has', async () => {
  const { clock, calls, batcher } = lab();
  const first = [batcher.load('a', never), batcher.load('a', never), batcher.load('b', never)];
  clock.advance(5);
  const second = batcher.load('a', never);
  clock.advance(5);
  assert.equal(
    calls.map(({ keys }) => keys),
    [['a', 'b'], ['a']],
  );
  calls[1]?.answer(['newer']);
  assert.is(await second, 'newer');
  calls[0]?.answer();
  assert.equal(await Promise.all(first), ['value of a', 'value of a', 'value of b']);
});

test('keys that would exceed the bytes of a batch begin another; one that does alone goes alone', async () => {
  const { clock, calls, batcher } = lab({ maxBytes: 6 }, (key) => key.length);
  const loading = ['aaa', 'bbb', 'c', 'dddddddd', 'e'].map((key) => batcher.load(key, never));
  clock.advance(5);
  const asked = [['aaa', 'bbb'], ['c'], ['dddddddd'], ['e']];
  assert.equal(
    calls.map(({ keys }) => keys),
    asked,
  );
  for (const call of calls) call.answer();
  await Promise.all(loading);
});

test('who gives up before the batch leaves is taken out, and an empty batch asks nobody', async () => {
  const { clock, calls, batcher } = lab({ maxBytes: 2 }, (key) => key.length);
  const [one, two] = [new AbortController(), new AbortController()];
  const given = [failureOf(batcher.load('a', one.signal)), failureOf(batcher.load('b', two.signal))];
  one.abort('changed my mind');
  const kept = batcher.load('c', never);
  clock.advance(5);
  assert.equal(
    calls.map(({ keys }) => keys),
    [['b', 'c']],
  );
  two.abort('me too');
  calls[0]?.answer();
  assert.equal(await Promise.all(given), ['changed my mind', 'me too']);
  assert.is(await kept, 'value of c');

  const three = new AbortController();
  const last = failureOf(batcher.load('d', three.signal));
  three.abort('nobody');
  assert.is(await last, 'nobody');
  assert.is(clock.timers, 0);
  clock.advance(5);
  assert.equal(sizes(calls), [2]);
});

test('of two who wait for one key, one may give up', async () => {
  const { clock, calls, batcher } = lab();
  const leaving = new AbortController();
  const given = failureOf(batcher.load('a', leaving.signal));
  const kept = batcher.load('a', never);
  leaving.abort('gone');
  clock.advance(5);
  assert.not(calls[0]?.signal.aborted);
  calls[0]?.answer();
  assert.is(await given, 'gone');
  assert.is(await kept, 'value of a');
});

test('a batch under way is aborted when all who wait for it have given up, not before', async () => {
  const { clock, calls, batcher } = lab();
  const [one, two] = [new AbortController(), new AbortController()];
  const given = [failureOf(batcher.load('a', one.signal)), failureOf(batcher.load('b', two.signal))];
  clock.advance(5);
  one.abort('first');
  assert.not(calls[0]?.signal.aborted);
  two.abort('second');
  assert.ok(calls[0]?.signal.aborted);
  assert.equal(await Promise.all(given), ['first', 'second']);
});

test('a signal that is aborted already asks nobody', async () => {
  const { clock, batcher } = lab();
  assert.is(await failureOf(batcher.load('a', AbortSignal.abort('before'))), 'before');
  assert.is(clock.timers, 0);
});

test('what a fetch throws all of its keys get, and no other batch', async () => {
  const { clock, calls, batcher } = lab({ size: 2 });
  const failing = ['a', 'b'].map((key) => failureOf(batcher.load(key, never)));
  const other = batcher.load('c', never);
  clock.advance(5);
  const error = new Error('broken');
  calls[0]?.fail(error);
  calls[1]?.answer();
  assert.equal(await Promise.all(failing), [error, error]);
  assert.is(await other, 'value of c');
});

test('a fetch with too few answers fails all of its keys', async () => {
  const { clock, calls, batcher } = lab();
  const loading = ['a', 'b'].map((key) => failureOf(batcher.load(key, never)));
  clock.advance(5);
  calls[0]?.answer(['only one']);
  for (const error of await Promise.all(loading)) assert.match(String(error), 'one answer for each key');
});

test('of batches that may not leave yet the first leaves first, and the last takes keys meanwhile', async () => {
  const { clock, calls, batcher } = lab({ concurrency: 1, size: 3 });
  const loading = names(4).map((key) => batcher.load(key, never));
  assert.equal(sizes(calls), [3]);
  clock.advance(100);
  loading.push(batcher.load('late', never), batcher.load('key-3', never));
  assert.equal(sizes(calls), [3]);
  assert.is(batcher.queued, 2);
  loading.push(...['x', 'y', 'z', 'x', 'late'].map((key) => batcher.load(key, never)));
  calls[0]?.answer();
  await loading[0];
  await Promise.resolve();
  assert.equal(calls[1]?.keys, ['key-3', 'late', 'x']);
  calls[1]?.answer();
  await loading[3];
  await Promise.resolve();
  clock.advance(5);
  assert.equal(calls[2]?.keys, ['y', 'z']);
  calls[2]?.answer();
  assert.is((await Promise.all(loading)).length, 11);
  assert.is(batcher.queued, 0);
});

test('nothing is left on a signal that outlives its keys', async () => {
  const { clock, calls, batcher } = lab();
  const { signal } = new AbortController();
  const loading = ['a', 'b'].map((key) => batcher.load(key, signal));
  clock.advance(5);
  calls[0]?.answer();
  await Promise.all(loading);
  const failing = failureOf(batcher.load('c', signal));
  clock.advance(5);
  calls[1]?.fail(new Error('broken'));
  await failing;
  assert.is(getEventListeners(signal, 'abort').length, 0);
});

test('closing aborts what is under way and fails everybody who waits, and who comes', async () => {
  const { clock, calls, batcher } = lab({ size: 2, concurrency: 1 });
  const failures = ['a', 'b', 'c', 'd', 'e'].map((key) => failureOf(batcher.load(key, never)));
  batcher.close();
  failures.push(failureOf(batcher.load('f', never)));
  for (const error of await Promise.all(failures)) {
    assert.is((error as LoadError).code, 'load_refused');
  }
  assert.ok(calls[0]?.signal.aborted);
  calls[0]?.answer();
  clock.advance(5);
  await Promise.resolve();
  assert.equal(sizes(calls), [2]);
  assert.is(clock.timers, 0);
});

test('with random delays, failures and departures every key keeps its own answer', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed);
    const clock = new FakeClock();
    let underWay = 0;
    const concurrency = 1 + random.below(4);
    const limits = { windowMs: random.below(6), size: 1 + random.below(20), maxBytes: 60, concurrency };
    const batcher = new Batcher<string, string>({
      fetch: async (keys) => {
        assert.ok(++underWay <= concurrency);
        assert.ok(keys.length > 0 && keys.length <= limits.size);
        assert.is(new Set(keys).size, keys.length);
        await new Promise<void>((resolve) => clock.after(random.below(50), resolve));
        underWay--;
        if (random.percent(10)) throw new Error('down');
        return keys.map(answerTo);
      },
      limits,
      clock,
      bytesOf: (key) => key.length,
    });
    const outcomes: Promise<string>[] = [];
    for (let n = 0; n < 300; n++) {
      const key = `key-${random.below(120)}`;
      const giving = new AbortController();
      const loading = batcher.load(key, giving.signal).then(
        (value) => (value === answerTo(key) ? 'own' : `${key} got ${value}`),
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      outcomes.push(loading);
      if (random.percent(10)) clock.after(random.below(60), () => giving.abort('left'));
      if (random.percent(30)) await clock.pass(random.below(8));
    }
    await clock.pass(60_000);
    const kinds = new Set(await Promise.all(outcomes));
    assert.ok(kinds.has('own'));
    assert.equal(
      [...kinds].filter((kind) => !['own', 'down', 'left'].includes(kind)),
      [],
    );
    assert.is(batcher.queued, 0);
    assert.is(underWay, 0);
  }
});

test.run();
