// A notifier under random changes, answers and pauses: whatever happens, the app ends with what it should have heard.

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AppAnswer, AppChange } from '../../src/notify/change.ts';
import { compareTimes, type Told } from '../../src/notify/job.ts';
import { covers, scopeOf } from '../../src/notify/scope.ts';
import { body, change, ScriptedApp } from './scripted-app.ts';

const test = suite('notifier, at random');

type Step =
  | { do: 'tell'; change: AppChange }
  | { do: 'answer'; ok: boolean }
  | { do: 'pass'; ms: number }
  | { do: 'resync' };

const buffers = fc.array(fc.constantFrom('1', '2', '12', '21').map(Buffer.from), { maxLength: 2 });

const changes = fc
  .record({
    kind: fc.constantFrom('invalidate' as const, 'refresh' as const),
    caches: fc.uniqueArray(fc.constantFrom('users', 'flags', 'prices'), { minLength: 1 }),
    keys: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, buffers),
    tags: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.constant(['t'])),
    prefixes: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, buffers),
    at: fc.tuple(fc.nat(30), fc.nat(1), fc.constant('')),
    hasBody: fc.boolean(),
  })
  .map(({ hasBody, ...parts }) => ({ ...parts, body: hasBody ? body('{}') : undefined }));

const steps: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: changes.map((parts) => ({ do: 'tell' as const, change: change('', parts) })) },
      { weight: 3, arbitrary: fc.boolean().map((ok) => ({ do: 'answer' as const, ok })) },
      { weight: 2, arbitrary: fc.nat(1_500).map((ms) => ({ do: 'pass' as const, ms })) },
      { weight: 1, arbitrary: fc.constant({ do: 'resync' as const }) },
    ),
    { minLength: 1, maxLength: 60 },
  )
  // Each is of an instance of its own: it may have the time of any other.
  .map((list) =>
    list.map((step, i): Step => {
      if (step.do !== 'tell') return step;
      const [ms, count] = step.change.at;
      return { do: 'tell', change: { ...step.change, id: `${i}-1`, at: [ms, count, String(i)] } };
    }),
  );

interface History {
  /** In the order in which they were told to the notifier, with the number of calls begun before. */
  readonly told: { change: AppChange; callsBefore: number; answer: AppAnswer | undefined }[];
  /** In the order in which the app took them, with the number of the call. */
  readonly delivered: { told: Told; call: number }[];
}

async function play(list: readonly Step[]): Promise<History> {
  const app = new ScriptedApp();
  const history: History = { told: [], delivered: [] };
  const answer = async (ok: boolean): Promise<void> => {
    const call = app.calls.length;
    if (ok) history.delivered.push({ told: app.calls.at(-1)!, call });
    await app.answer(ok);
  };
  for (const step of list) {
    if (step.do === 'tell') {
      const entry: History['told'][number] = {
        change: step.change,
        callsBefore: app.calls.length,
        answer: undefined,
      };
      history.told.push(entry);
      void app.notifier.tell(step.change).then((said) => {
        entry.answer = said;
      });
    } else if (step.do === 'resync') void app.notifier.resync();
    else if (step.do === 'pass') await app.clock.pass(step.ms);
    else if (app.calling) await answer(step.ok);
  }
  while (app.notifier.pending > 0) {
    if (app.calling) await answer(true);
    else await app.clock.pass(app.clock.nextTimerInMs);
  }
  assert.is(app.chargedBytes, 0);
  assert.is(app.clock.timers, 0);
  return history;
}

function holds(property: (history: History) => void): () => Promise<void> {
  return () =>
    fc.assert(
      fc.asyncProperty(steps, async (list) => property(await play(list))),
      { numRuns: 400 },
    );
}

test(
  'nothing is lost: each change is delivered, or one that covers it and was told to the app after it came',
  holds(({ told, delivered }) => {
    for (const { change: lost, callsBefore } of told) {
      const heard = delivered.some(
        (one) =>
          isOf(one.told, lost) || (coversChange(one.told, lost) && isLaterThan(one, lost, callsBefore)),
      );
      assert.ok(heard, `${lost.id} was never heard of`);
    }
  }),
);

test(
  'the last object of a kind and scope that the app is given is the newest of them',
  holds(({ told, delivered }) => {
    for (const { change: one } of told.filter(({ change: { body: object } }) => object !== undefined)) {
      const last = delivered.filter(({ told: heard }) => isObject(heard) && isSame(heard, one)).at(-1)?.told;
      const newest = told
        .filter(({ change: other }) => other.body !== undefined && isSame(other, one))
        .map(({ change: other }) => other)
        .reduce((a, b) => (compareTimes(a.at, b.at) > 0 ? a : b));
      const overwritten = delivered.some(
        ({ told: heard }) => isObject(heard) && coversChange(heard, newest) && isNewer(heard, newest),
      );
      assert.ok(overwritten || (last !== undefined && isOf(last, newest)), `${newest.id} is not the last`);
    }
  }),
);

test(
  'an object is never the last word over a newer invalidation of all that it is about',
  holds(({ told, delivered }) => {
    for (const { change: wrong } of told) {
      if (wrong.body !== undefined || wrong.kind !== 'invalidate') continue;
      const lastOlder = delivered.findLastIndex(
        ({ told: heard }) => isObject(heard) && coversChange(wrong, heard) && !isNewer(heard, wrong),
      );
      if (lastOlder === -1) continue;
      const after = delivered.slice(lastOlder + 1).map(({ told: heard }) => heard);
      assert.ok(
        after.some((heard) => coversChange(heard, wrong) && !isObject(heard)) ||
          after.some((heard) => isNewer(heard, wrong) && coversObject(heard, delivered[lastOlder]!.told)),
        `${wrong.id} is undone`,
      );
    }
  }),
);

test(
  'everybody who tells something has an answer, and nobody hears applied of what was not',
  holds(({ told, delivered }) => {
    for (const { change: one, answer } of told) {
      assert.ok(answer === 'applied' || answer === 'failed');
      if (answer === 'failed') continue;
      assert.ok(delivered.some(({ told: heard }) => isOf(heard, one) || coversChange(heard, one)));
    }
  }),
);

function isOf(told: Told, one: AppChange): boolean {
  return told.kind !== 'resync' && told.id === one.id;
}

function isObject(told: Told): told is AppChange {
  return told.kind !== 'resync' && told.body !== undefined;
}

function isNewer(told: Told, one: AppChange): boolean {
  return told.kind !== 'resync' && compareTimes(told.at, one.at) > 0;
}

function isSame(one: AppChange, other: AppChange): boolean {
  const [a, b] = [scopeOf(one), scopeOf(other)];
  return one.kind === other.kind && covers(a, b) && covers(b, a);
}

/** A body-less one counts when it was told from then on, an object when it is newer. */
function isLaterThan(one: { told: Told; call: number }, lost: AppChange, callsBefore: number): boolean {
  return isObject(one.told) ? isNewer(one.told, lost) : one.call > callsBefore;
}

function coversChange(told: Told, one: AppChange): boolean {
  if (told.kind === 'resync') return one.body === undefined;
  if (told.kind !== one.kind && (told.body !== undefined || told.kind !== 'invalidate')) return false;
  return covers(scopeOf(told), scopeOf(one));
}

function coversObject(told: Told, object: Told): boolean {
  return told.kind !== 'resync' && object.kind !== 'resync' && covers(scopeOf(told), scopeOf(object));
}

test.run();
