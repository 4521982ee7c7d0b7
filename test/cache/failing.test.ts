// What becomes of readers, and of the origin, when loads fail: stale on error, back-off, the breaker.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Failures } from '../../src/cache/failures.ts';
import { LoadError, RequestError, RoomError, TooLargeError } from '../../src/errors.ts';
import { Lab, type Reading } from './cache-lab.ts';
import { settled } from './fake-clock.ts';

const test = suite('failing loads');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Loads that fail at once from now on. */
function failing(lab: Lab, error?: unknown): void {
  lab.loader.onLoad = (call) => call.fail(error);
}

async function readFor(lab: Lab, ms: number, everyMs: number): Promise<Reading[]> {
  const readings: Reading[] = [];
  for (let passed = 0; passed < ms; passed += everyMs) {
    readings.push(lab.read());
    await lab.clock.pass(everyMs);
  }
  return readings;
}

test('every waiter of a cold load gets its error; a read after 250 ms tries again', async () => {
  const lab = new Lab({ random: () => 0 });
  const readings = Array.from({ length: 100 }, () => lab.read());
  const error = new LoadError('load_timeout', 'too slow');
  lab.loader.last.fail(error);
  await settled();
  for (const reading of readings) assert.is(reading.error, error);
  assert.is(lab.read().error, error);
  lab.clock.advance(249);
  assert.is(lab.read().result, 'refused');
  assert.is(lab.loader.loads, 1);
  lab.clock.advance(1);
  assert.is(lab.read().result, 'waiting');
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('back');
  await settled();
  assert.is(lab.read().text, 'back');
  await lab.end();
});

test('a cold failure is repeated to readers for 250 ms, doubling to retry', async () => {
  const lab = new Lab({ random: () => 0 });
  failing(lab);
  const beganMs = lab.clock.now();
  const loadedAtMs: number[] = [];
  lab.loader.onLoad = (call) => {
    loadedAtMs.push(lab.clock.now() - beganMs);
    call.fail();
  };
  await readFor(lab, 20 * SECOND, 10);
  assert.equal(loadedAtMs.slice(0, 8), [0, 250, 750, 1750, 3750, 7750, 12_750, 17_750]);
  await lab.end();
});

test('a failed refresh keeps the old value and is counted', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('old');
  lab.clock.advance(MINUTE);
  lab.read();
  lab.loader.last.fail();
  await settled();
  assert.equal([lab.read().result, lab.read().text], ['stale', 'old']);
  assert.is(lab.cache.counters.loads('refresh', 'failed'), 1);
  await lab.end();
});

test('a key read 1000 times a second while the origin is down is loaded at retry, 2, 4, 8, 16 and 16 times it', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE, retryMs: SECOND }, random: () => 0 });
  await lab.loaded('old');
  lab.clock.advance(MINUTE);
  const beganMs = lab.clock.now();
  const loadedAtS: number[] = [];
  lab.loader.onLoad = (call) => {
    loadedAtS.push((lab.clock.now() - beganMs) / SECOND);
    call.fail(new RoomError('counts for the key, not for the origin'));
  };
  for (const { result } of await readFor(lab, 100 * SECOND, 1)) assert.is(result, 'stale');
  assert.equal(loadedAtS, [0, 1, 3, 7, 15, 31, 47, 63, 79, 95]);
  lab.loader.onLoad = undefined;
  await lab.clock.pass(16 * SECOND);
  lab.read();
  lab.loader.last.answer('back');
  await settled();
  assert.is(lab.read().text, 'back');
  assert.is(lab.cache.loads!.failures.any, false);
  await lab.end();
});

test('keys that failed together do not come back together', async () => {
  const lab = new Lab({ times: { retryMs: SECOND } });
  failing(lab, new TooLargeError('too large'));
  for (let i = 0; i < 200; i++) lab.read(`k${i}`);
  await settled();
  const before = lab.loader.loads;
  lab.clock.advance(237);
  for (let i = 0; i < 200; i++) lab.read(`k${i}`);
  await settled();
  const early = lab.loader.loads - before;
  assert.ok(early > 50 && early < 150, `${early} of 200`);
  await lab.end();
});

test('after ten failures in a row no key is loaded but one probe per retry, and one success lets all load at once', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, random: () => 0 });
  await lab.loaded('old', {}, 'old');
  lab.clock.advance(MINUTE);
  failing(lab);
  for (let i = 0; i < 10; i++) {
    assert.not.ok(lab.cache.loads!.failures.breakerOpen);
    lab.read(`k${i}`);
    await settled();
  }
  assert.ok(lab.cache.loads!.failures.breakerOpen);
  const before = lab.loader.loads;
  const refused = lab.read('never asked for');
  assert.is(refused.result, 'refused');
  assert.is(refused.error!.code, 'breaker_open');
  assert.ok(refused.error!.retryAfterMs! <= 5 * SECOND);
  assert.is(lab.read('old').result, 'stale');
  for (let s = 0; s < 50; s++) {
    await lab.clock.pass(SECOND);
    for (let i = 0; i < 20; i++) lab.read(`k${i}`);
    await settled();
  }
  assert.is(lab.loader.loads - before, 10);
  lab.loader.onLoad = undefined;
  await lab.clock.pass(5 * SECOND);
  lab.read('k3');
  lab.read('k4');
  assert.is(lab.loader.open.length, 1);
  lab.loader.last.answer('back');
  await settled();
  for (const key of ['k4', 'k5', 'k19', 'never asked for']) assert.is(lab.read(key).result, 'waiting');
  assert.is(lab.loader.open.length, 4);
  assert.is(lab.read('old').result, 'stale');
  for (const call of lab.loader.open) call.answer('back');
  await lab.end();
});

test('keys that were asked for together and failed together count as one failure', async () => {
  const lab = new Lab();
  const together = new LoadError('load_failed', 'the batch failed');
  failing(lab, together);
  for (let i = 0; i < 20; i++) lab.read(`k${i}`);
  await settled();
  assert.is(lab.cache.loads!.failures.inARow, 1);
  assert.is(lab.read('k3').result, 'refused', 'each key is left alone all the same');
  for (let i = 0; i < 9; i++) {
    failing(lab);
    lab.read(`l${i}`);
    await settled();
  }
  assert.ok(lab.cache.loads!.failures.breakerOpen);
});

test('what is the key’s or the value’s own fault does not open the breaker', async () => {
  const lab = new Lab();
  const refused = new LoadError('load_failed', 'the origin answered 400', { ofKeyOnly: true });
  const errors = [new RequestError('bad_key', 'no'), new TooLargeError('no'), new RoomError('no'), refused];
  for (const error of errors) {
    failing(lab, error);
    for (let i = 0; i < 20; i++) lab.read(`${error.code}${i}`);
    await settled();
  }
  assert.not.ok(lab.cache.loads!.failures.breakerOpen);
  await lab.end();
});

test('an origin that would not have one key is well: the failures before it are over', async () => {
  const lab = new Lab();
  failing(lab);
  for (let i = 0; i < 9; i++) lab.read(`k${i}`);
  await settled();
  failing(lab, new LoadError('load_failed', 'the origin answered 400', { ofKeyOnly: true }));
  lab.read('bad');
  await settled();
  failing(lab);
  lab.read('next');
  await settled();
  assert.not.ok(lab.cache.loads!.failures.breakerOpen);
  await lab.end();
});

test('a key that may not be asked for is refused each time, and remembered not at all', async () => {
  const lab = new Lab();
  failing(lab, new RequestError('bad_key', 'no'));
  for (let i = 0; i < 3; i++) {
    const reading = lab.read('..');
    await settled();
    assert.is(reading.error!.code, 'bad_key');
  }
  assert.is(lab.cache.loads!.failures.any, false);
  await lab.end();
});

test('without memory for it a value is not loaded again and again', async () => {
  const lab = new Lab({ store: { memoryBytes: 40_000 } });
  const hog = lab.store.draft();
  hog.expect(16_000);
  lab.loader.onLoad = (call) => call.send('x'.repeat(5000));
  for (const reading of await readFor(lab, SECOND, 10)) {
    assert.is(reading.error!.code, 'no_room');
  }
  assert.ok(lab.loader.loads <= 4, `${lab.loader.loads} loads`);
  hog.release();
  await lab.end();
});

test('an origin that cannot be reached is looked for once per retry, and found, may be asked at once', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('old');
  await lab.clock.pass(MINUTE);
  failing(lab, new LoadError('load_failed', 'refused', { unreachable: true }));
  lab.loader.isReachable = false;
  await readFor(lab, 21 * SECOND, 100);
  assert.is(lab.loader.timesLooked, 4);
  const loads = lab.loader.loads;
  lab.loader.isReachable = true;
  lab.loader.onLoad = undefined;
  await lab.clock.pass(5 * SECOND);
  assert.is(lab.loader.timesLooked, 5);
  lab.read();
  assert.is(lab.loader.loads, loads + 1, 'long before its pause was over');
  lab.loader.last.answer('back');
  await lab.clock.pass(10 * MINUTE);
  assert.is(lab.loader.timesLooked, 5);
  await lab.end();
});

test('an origin that can be reached again is probed at once, though the breaker is open', async () => {
  const lab = new Lab({ times: { retryMs: 10 * SECOND } });
  lab.loader.onLoad = (call) => call.fail(new LoadError('load_failed', 'refused', { unreachable: true }));
  for (let i = 0; i < 10; i++) {
    await lab.clock.pass(900);
    lab.read(`k${i}`);
  }
  await settled();
  assert.is(lab.read('other').error!.code, 'breaker_open');
  lab.loader.onLoad = undefined;
  await lab.clock.pass(2 * SECOND);
  assert.is(lab.loader.timesLooked, 1);
  assert.is(lab.read('other').result, 'waiting');
  assert.is(lab.read('another').result, 'refused');
  lab.loader.last.answer('back');
  await lab.end();
});

test('when the breaker closes, long pauses of single keys end with it', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, random: () => 0 });
  await lab.loaded('old');
  await lab.clock.pass(MINUTE);
  failing(lab);
  await readFor(lab, 16 * SECOND, SECOND);
  for (let i = 0; i < 7; i++) lab.read(`k${i}`);
  await settled();
  assert.ok(lab.cache.loads!.failures.breakerOpen);
  lab.loader.onLoad = undefined;
  await lab.clock.pass(5 * SECOND);
  await lab.loaded('back', {}, 'k0');
  const loads = lab.loader.loads;
  assert.is(lab.read().result, 'stale');
  assert.is(lab.loader.loads, loads + 1);
  lab.loader.last.answer('new');
  await lab.end();
});

test('a reachable origin that fails again goes on with longer pauses', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE, retryMs: SECOND }, random: () => 0 });
  await lab.loaded('old');
  lab.clock.advance(MINUTE);
  failing(lab, new RoomError('no'));
  await readFor(lab, 4 * SECOND, 100);
  const { failures } = lab.cache.loads!;
  failures.endPauses(lab.clock.now());
  const before = lab.loader.loads;
  await readFor(lab, 7 * SECOND, 100);
  assert.is(lab.loader.loads - before, 1);
  await lab.end();
});

test('after closing nothing looks for the origin any more', async () => {
  const lab = new Lab();
  failing(lab, new LoadError('load_failed', 'refused', { unreachable: true }));
  lab.loader.isReachable = false;
  lab.read();
  await settled();
  lab.caches.close();
  await lab.clock.pass(MINUTE);
  assert.is(lab.loader.timesLooked, 0);
  assert.is(lab.clock.timers, 0);
  await lab.end();
});

test('an invalidation or refresh of a key lets it be loaded at once', async () => {
  for (const kind of ['invalidate', 'refresh'] as const) {
    for (const selection of [{ keys: ['key'] }, { prefixes: ['k'] }, {}]) {
      const lab = new Lab();
      lab.read();
      lab.loader.last.fail();
      await settled();
      assert.is(lab.read().result, 'refused');
      lab.apply(kind, selection);
      assert.is(lab.read().result, 'waiting');
      lab.loader.last.answer('back');
      await lab.end();
    }
  }
});

test('a refresh by a tag loads what failed before at once, too', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('old', { tags: ['t'] });
  lab.clock.advance(MINUTE);
  lab.read();
  lab.loader.last.fail();
  await settled();
  const loads = lab.loader.loads;
  lab.apply('refresh', { tags: ['t'] });
  assert.is(lab.loader.loads, loads + 1);
  lab.loader.last.answer('new');
  await lab.end();
});

test('what is remembered of failed keys is bounded, however many and long they are', async () => {
  const lab = new Lab({ settings: { concurrency: 10_000, queue: 0 } });
  failing(lab, new TooLargeError('no'));
  const { failures } = lab.cache.loads!;
  let remembered = 0;
  for (let i = 0; i < 200; i++) {
    lab.read(`${i}`.padEnd(60_000, 'k'));
    await settled();
  }
  for (let i = 0; i < 200; i++) if (failures.of(`${i}`.padEnd(60_000, 'k'))) remembered++;
  assert.ok(remembered > 5 && remembered < 100, `${remembered} keys of 60,000 bytes`);
  assert.ok(failures.of('199'.padEnd(60_000, 'k')), 'the latest are');
  await lab.end();
});

test('keys that fail alike share one error: each has a stack, which is most of what a failure costs', () => {
  const failures = new Failures(5000, () => 0);
  const error = (status: number): LoadError => new LoadError('load_failed', `the origin answered ${status}`);
  for (let i = 0; i < 10; i++) failures.failed(`k${i}`, error(i < 5 ? 500 : 502), true, i);
  const kept = new Set(Array.from({ length: 10 }, (_, i) => failures.of(`k${i}`)!.error));
  assert.equal(
    [...kept].map(({ message }) => message),
    ['the origin answered 500', 'the origin answered 502'],
  );
});

test.run();
