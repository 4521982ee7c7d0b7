// One app is told: one call at a time, in order, again until it answers.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { settled } from '../cache/fake-clock.ts';
import { body, change, ScriptedApp, soFar, WHY } from './scripted-app.ts';

const test = suite('notifier');

/** An app in the middle of a call about something else, so that what is told now waits. */
function busyApp(): ScriptedApp {
  const app = new ScriptedApp();
  void app.notifier.tell(change('busy', { caches: ['other'] }));
  return app;
}

const key = (name: string): { keys: Buffer[] } => ({ keys: [Buffer.from(name)] });
const object = (text: string) => ({ kind: 'refresh' as const, body: body(text) });

test('a change is told at once, and applied when the app answered', async () => {
  const app = new ScriptedApp();
  const answer = app.notifier.tell(change('a-1'));
  assert.equal(app.ids, ['a-1']);
  assert.is(await soFar(answer), 'waiting');
  await app.answer(true);
  assert.is(await soFar(answer), 'applied');
  assert.is(app.notifier.pending, 0);
  assert.is(app.chargedBytes, 0);
  assert.equal(app.notifier.counts, { applied: 1, failed: 0, merged: 0, dropped: 0 });
});

test('two refreshes in a row arrive in order, one call at a time', async () => {
  const app = new ScriptedApp();
  const answers = [
    app.notifier.tell(change('a-1', object('{"k":1}'))),
    app.notifier.tell(change('a-2', object('{"k":2}'))),
  ];
  await settled();
  assert.equal(app.ids, ['a-1']);
  await app.answer(true);
  assert.is(await soFar(answers[1]!), 'waiting');
  await app.answer(true);
  assert.equal(app.ids, ['a-1', 'a-2']);
  assert.equal(await Promise.all(answers), ['applied', 'applied']);
});

test('an app that answers 500 is called again, with longer and longer pauses up to 5 s, until it answers', async () => {
  const app = new ScriptedApp();
  const answer = app.notifier.tell(change('a-1'));
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    await app.answer(false);
    pauses.push(app.clock.nextTimerInMs);
    await app.clock.pass(app.clock.nextTimerInMs);
  }
  assert.equal(pauses, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.is(await answer, 'failed');
  assert.is(app.notifier.pending, 1);
  assert.is(app.notifier.failing?.why, WHY);
  assert.is(app.notifier.failing?.inARow, 8);
  await app.answer(true);
  assert.is(app.notifier.pending, 0);
  assert.is(app.notifier.failing, undefined);
  assert.is(app.clock.timers, 0);
  assert.equal(app.notifier.counts, { applied: 1, failed: 8, merged: 0, dropped: 0 });
  assert.is(app.chargedBytes, 0);
});

test('pauses are shortened by chance', async () => {
  const app = new ScriptedApp({ random: () => 0.999 });
  void app.notifier.tell(change('a-1'));
  await app.answer(false);
  assert.ok(app.clock.nextTimerInMs > 75 && app.clock.nextTimerInMs < 76);
});

test('failures and recovery are told with their number, and since when', async () => {
  const said: unknown[] = [];
  const app = new ScriptedApp({
    failed: (why, inARow) => said.push([why, inARow]),
    recovered: (after) => said.push(after),
  });
  void app.notifier.tell(change('a-1'));
  await app.answer(false);
  const sinceMs = app.clock.now();
  await app.clock.pass(100);
  await app.answer(false);
  assert.is(app.notifier.failing?.sinceMs, sinceMs);
  await app.clock.pass(200);
  await app.answer(true);
  assert.equal(said, [[WHY, 1], [WHY, 2], 2]);
});

test('what waits behind a failing change has failed, too, and is told after it', async () => {
  const app = new ScriptedApp();
  const answers = [app.notifier.tell(change('a-1')), app.notifier.tell(change('a-2', { caches: ['flags'] }))];
  await app.answer(false);
  assert.equal(await Promise.all(answers), ['failed', 'failed']);
  await app.drain();
  assert.equal(app.ids, ['a-1', 'a-1', 'a-2']);
});

test('who tells something of an app that fails has it tried within 100 ms, not after the whole pause', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-1'));
  for (let i = 0; i < 6; i++) {
    await app.answer(false);
    await app.clock.pass(app.clock.nextTimerInMs);
  }
  await app.answer(false);
  await app.clock.pass(50);
  const answer = app.notifier.tell(change('a-2', { caches: ['flags'] }));
  assert.is(await soFar(answer), 'waiting');
  assert.is(app.clock.nextTimerInMs, 50);
  await app.clock.pass(50);
  await app.answer(true);
  await app.answer(true);
  assert.is(await answer, 'applied');
});

test('a handler that waits for its own call is not waited for a second time', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-1'));
  const first = app.notifier.tell(change('a-2'));
  assert.is(await soFar(first), 'waiting');
  await app.answer(false);
  assert.is(await first, 'failed');
  await app.clock.pass(100);
  assert.ok(app.calling);
  assert.is(await soFar(app.notifier.tell(change('a-3'))), 'failed');
  await app.drain();
  assert.is(app.notifier.pending, 0);
});

test('what waits is replaced by what covers it, and both have the one answer', async () => {
  const app = busyApp();
  const one = app.notifier.tell(change('a-1', key('7')));
  const all = app.notifier.tell(change('a-2'));
  await app.answer(true);
  assert.equal(app.ids, ['busy', 'a-2']);
  assert.is(await soFar(one), 'waiting');
  await app.answer(true);
  assert.equal(await Promise.all([one, all]), ['applied', 'applied']);
  assert.is(app.notifier.counts.merged, 1);
  assert.is(app.chargedBytes, 0);
});

test('what comes while something waits that covers it needs no call', async () => {
  const app = busyApp();
  const all = app.notifier.tell(change('a-1'));
  const one = app.notifier.tell(change('a-2', key('7')));
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-1']);
  assert.equal(await Promise.all([all, one]), ['applied', 'applied']);
});

test('the call in flight covers nothing that is told after it began', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-1'));
  void app.notifier.tell(change('a-2'));
  await app.drain();
  assert.equal(app.ids, ['a-1', 'a-2']);
});

test('a refresh does not stand for an invalidation, an invalidation stands for a refresh', async () => {
  const app = busyApp();
  void app.notifier.tell(change('a-1'));
  void app.notifier.tell(change('a-2', { kind: 'refresh', caches: ['users', 'flags'] }));
  void app.notifier.tell(change('a-3', { caches: ['flags', 'users'] }));
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-3']);
});

test('a refresh that covers an invalidation does not replace it', async () => {
  const app = busyApp();
  void app.notifier.tell(change('a-1'));
  void app.notifier.tell(change('a-2', { kind: 'refresh', caches: ['users', 'flags'] }));
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-1', 'a-2']);
});

test('of two objects of one scope that wait the newer is delivered, whichever came first', async () => {
  for (const ids of [
    ['a-1', 'a-2'],
    ['a-2', 'a-1'],
  ]) {
    const app = busyApp();
    const answers = ids.map((id) => app.notifier.tell(change(id, object(id))));
    await app.drain();
    assert.equal(app.ids, ['busy', 'a-2']);
    assert.equal(await Promise.all(answers), ['applied', 'applied']);
  }
});

test('of two objects of one time, made at two instances, every app ends with the same', async () => {
  const [one, other] = [change('a-1', object('of a')), change('b-1', object('of b'))];
  for (const [first, second] of [
    [one, other],
    [other, one],
  ] as const) {
    const waiting = busyApp();
    const onItsWay = new ScriptedApp();
    const delivered = new ScriptedApp();
    void delivered.notifier.tell(first);
    await delivered.answer(true);
    for (const app of [waiting, onItsWay]) void app.notifier.tell(first);
    for (const app of [waiting, onItsWay, delivered]) {
      void app.notifier.tell(second);
      await app.drain();
      assert.is(app.ids.at(-1), 'b-1');
    }
  }
});

test('objects of different scopes are all delivered, in hybrid-clock order', async () => {
  const app = busyApp();
  void app.notifier.tell(change('a-2', { ...object('2'), caches: ['flags'] }));
  void app.notifier.tell(change('b-3', { ...object('3'), ...key('7') }));
  void app.notifier.tell(change('c-1', object('1')));
  await app.drain();
  assert.equal(app.ids, ['busy', 'c-1', 'a-2', 'b-3']);
});

test('an object is merged into no change without one, whatever covers it', async () => {
  const app = busyApp();
  void app.notifier.tell(change('a-1', object('1')));
  void app.notifier.tell(change('a-2', { caches: ['users', 'flags'] }));
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-1', 'a-2']);
});

test('an invalidation that is newer than an object is told after it, though it stands for older ones', async () => {
  const app = busyApp();
  void app.notifier.tell(change('a-1'));
  void app.notifier.tell(change('a-2', object('2')));
  void app.notifier.tell(change('a-3', key('7')));
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-2', 'a-1']);
});

test('an older object that comes after a newer one was delivered is not delivered', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-2', object('2')));
  await app.answer(true);
  assert.is(await app.notifier.tell(change('b-1', { ...object('1'), ...key('7') })), 'applied');
  assert.equal(app.ids, ['a-2']);
  assert.is(app.notifier.counts.dropped, 1);
  assert.is(app.chargedBytes, 0);
});

test('an older object that comes while a newer one is on its way shares its fate', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-2', object('2')));
  const late = app.notifier.tell(change('b-1', object('1')));
  assert.is(await soFar(late), 'waiting');
  await app.answer(false);
  assert.is(await late, 'failed');
  await app.drain();
  assert.equal(app.ids, ['a-2', 'a-2']);
});

test('an older object of more than the newer one is delivered, and what it may have undone is told again', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-2', { ...object('2'), ...key('7') }));
  await app.answer(true);
  void app.notifier.tell(change('a-3', { caches: ['flags'] }));
  await app.answer(true);
  void app.notifier.tell(change('b-1', object('1')));
  await app.drain();
  assert.equal(app.ids, ['a-2', 'a-3', 'b-1', 'a-2']);
  const again = app.calls.at(-1)!;
  assert.ok(again.kind === 'refresh');
  assert.is(again.body, undefined);
  assert.equal(again.keys, [Buffer.from('7')]);
});

test('an object that is older than an invalidation does not have the last word', async () => {
  const app = new ScriptedApp();
  void app.notifier.tell(change('a-2'));
  await app.answer(true);
  void app.notifier.tell(change('b-1', object('1')));
  await app.drain();
  assert.equal(app.ids, ['a-2', 'b-1', 'a-2']);
});

test('a resync stands for all that waits, and objects are told before it', async () => {
  const app = busyApp();
  const answers = [
    app.notifier.tell(change('a-1', { caches: ['flags'] })),
    app.notifier.tell(change('a-2', object('2'))),
    app.notifier.resync(),
    app.notifier.tell(change('a-3', key('7'))),
    app.notifier.resync(),
  ];
  await app.drain();
  assert.equal(app.ids, ['busy', 'a-2', 'resync']);
  assert.equal(
    await Promise.all(answers),
    answers.map(() => 'applied'),
  );
});

test('over 1,000 that wait become one resync, and all of them failed', async () => {
  const app = busyApp();
  const answers = Array.from({ length: 1_001 }, (_, i) => app.notifier.tell(change(`a-${i}`, key(`k${i}`))));
  assert.is(app.notifier.pending, 2);
  assert.is((await Promise.all(answers)).filter((answer) => answer === 'failed').length, 1_001);
  await app.drain();
  assert.equal(app.ids, ['busy', 'resync']);
  assert.is(app.notifier.counts.dropped, 1_001);
  assert.is(app.chargedBytes, 0);
});

test('1,000 wait one by one', async () => {
  const app = busyApp();
  for (let i = 0; i < 1_000; i++) void app.notifier.tell(change(`a-${i}`, key(`k${i}`)));
  assert.is(app.notifier.pending, 1_001);
  assert.is(app.notifier.counts.dropped, 0);
  app.notifier.close();
});

test('over 1 MiB that waits becomes one resync', async () => {
  const app = busyApp();
  const large = body('x'.repeat(64 * 1024));
  for (let i = 0; i < 17; i++) {
    void app.notifier.tell(change(`a-${i}`, { kind: 'refresh', ...key(`k${i}`), body: large }));
    assert.ok(app.chargedBytes < (1 << 20) + 70_000);
  }
  await app.drain();
  assert.equal(app.ids.slice(0, 2), ['busy', 'resync']);
  assert.is(app.chargedBytes, 0);
});

test('where there is no room, all that waits becomes one resync', async () => {
  const app = busyApp();
  const waiting = app.notifier.tell(change('a-1'));
  app.roomBytes = app.chargedBytes;
  const refused = app.notifier.tell(change('a-2', { caches: ['flags'] }));
  assert.equal(await Promise.all([waiting, refused]), ['failed', 'failed']);
  await app.drain();
  assert.equal(app.ids, ['busy', 'resync']);
  assert.is(app.chargedBytes, 0);
});

test('a handler that calls back without the header is told in growing gaps, and that it loops is said', async () => {
  const said: number[] = [];
  const app: ScriptedApp = new ScriptedApp({ looping: () => said.push(app.clock.now()) });
  const begunAtMs: number[] = [];
  app.answers = (told) => {
    begunAtMs.push(app.clock.now());
    if (told.kind !== 'resync') void app.notifier.tell({ ...told, id: `${told.id}-1` });
    return true;
  };
  void app.notifier.tell(change('a-1'));
  await app.clock.pass(90_000);
  const gaps = begunAtMs.slice(1).map((atMs, i) => atMs - begunAtMs[i]!);
  assert.equal(gaps.slice(0, 10), [0, 0, 0, 0, 50, 100, 200, 400, 800, 1_000]);
  assert.ok(begunAtMs.length < 100);
  assert.is(said.length, 2);
  assert.ok(said[1]! - said[0]! >= 60_000);
  app.notifier.close();
});

test('changes of other scopes are not held up by one that loops', async () => {
  const app: ScriptedApp = new ScriptedApp();
  app.answers = (told) => {
    if (told.kind !== 'resync' && told.caches[0] === 'users') void app.notifier.tell(change('loop-1'));
    return true;
  };
  void app.notifier.tell(change('loop-1'));
  await app.clock.pass(5_000);
  const before = app.calls.length;
  const answer = app.notifier.tell(change('a-2', { caches: ['flags'] }));
  assert.is(await soFar(answer), 'applied');
  assert.is(app.calls.length, before + 1);
  app.notifier.close();
});

test('an object does not overtake an older change of its scope that is held up, and is not starved by a loop', async () => {
  const app: ScriptedApp = new ScriptedApp();
  let n = 0;
  app.answers = (told) => {
    if (told.kind !== 'resync' && told.body === undefined) void app.notifier.tell(change(`loop-${++n}`));
    return true;
  };
  void app.notifier.tell(change('loop-0'));
  await app.clock.pass(5_000);
  assert.is(app.notifier.pending, 1);
  const before = app.calls.length;
  void app.notifier.tell(change('a-100', { ...object('2'), ...key('7') }));
  await settled();
  assert.is(app.calls.length, before);
  n = 100;
  await app.clock.pass(1_000);
  assert.equal(app.ids.slice(before), [`loop-${before}`, 'a-100']);
  app.notifier.close();
});

test('an object is late where it is older than any invalidation that was told, the last or not', async () => {
  const app = new ScriptedApp();
  for (const id of ['a-5', 'b-1']) {
    void app.notifier.tell(change(id));
    await app.answer(true);
  }
  void app.notifier.tell(change('c-3', object('3')));
  await app.drain();
  assert.equal(app.ids, ['a-5', 'b-1', 'c-3', 'b-1']);
});

test('many changes of one scope that come more slowly are never delayed', async () => {
  const app = new ScriptedApp();
  app.answers = () => true;
  for (let i = 0; i < 20; i++) {
    assert.is(await soFar(app.notifier.tell(change(`a-${i}`))), 'applied');
    await app.clock.pass(201);
  }
  assert.is(app.calls.length, 20);
});

test('many changes of different scopes are never delayed', async () => {
  const app = new ScriptedApp();
  app.answers = () => true;
  for (let i = 0; i < 200; i++)
    assert.is(await soFar(app.notifier.tell(change(`a-${i}`, key(`${i}`)))), 'applied');
  assert.is(app.clock.fired, 0);
});

test('closing answers who waits, gives back what was charged, and calls nobody any more', async () => {
  const app = new ScriptedApp();
  const answers = [app.notifier.tell(change('a-1')), app.notifier.tell(change('a-2', { caches: ['flags'] }))];
  app.notifier.close();
  assert.equal(await Promise.all(answers), ['failed', 'failed']);
  await app.answer(true);
  assert.equal(app.ids, ['a-1']);
  assert.is(app.chargedBytes, 0);
  assert.is(await app.notifier.tell(change('a-3')), 'failed');
  assert.is(app.clock.timers, 0);
});

test.run();
