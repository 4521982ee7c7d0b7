// Loads: how many at a time, how long a reader waits, what a 304 does, and what careless loaders and waiters cannot break.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Answer } from '../../src/cache/flight.ts';
import { TooLargeError } from '../../src/errors.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { Lab, type Reading, waiterOf } from './cache-lab.ts';
import { settled } from './fake-clock.ts';
import { termsOf } from './scripted-loader.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const KEY = Buffer.from('key');

const gate = suite('the gate');

gate('lets no more loads run at one time than concurrency, and all in the end', async () => {
  const lab = new Lab({ settings: { concurrency: 3 } });
  const random = seededRandom(8);
  const readings = Array.from({ length: 200 }, (_, i) => lab.read(`k${i}`));
  for (let step = 0; lab.loader.open.length > 0; step++) {
    assert.ok(lab.loader.open.length <= 3);
    assert.is(lab.cache.loads!.gate.running, lab.loader.open.length);
    const call = random.pick(lab.loader.open);
    if (step % 3 === 0) call.fail();
    else call.answer('value');
    await settled();
  }
  for (const { answers } of readings) assert.is(answers, 1);
  assert.is(lab.loader.loads, 200);
  await lab.end();
});

gate('refuses with 503 beyond its queue, and serves the old value where there is one', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, settings: { concurrency: 1, queue: 1 } });
  const terms = { freshMs: SECOND, staleWhileRevalidateMs: 0, staleIfErrorMs: MINUTE };
  await lab.loaded('old', { terms });
  await lab.clock.pass(2 * SECOND);
  const [running, queued] = [lab.read('a'), lab.read('b')];
  const refused = lab.read('c');
  assert.is(refused.result, 'error');
  assert.equal([refused.error!.code, refused.error!.status], ['queue_full', 503]);
  assert.ok(refused.error!.retryAfterMs! > 0);
  const stale = lab.read();
  assert.equal([stale.result, stale.text], ['stale', 'old']);
  const joined = lab.read('a');
  assert.is(joined.result, 'waiting', 'who needs no load of their own is welcome');
  for (let i = 0; i < 2; i++) {
    lab.loader.open[0]!.answer('value');
    await settled();
  }
  for (const { text } of [running, queued, joined]) assert.is(text, 'value');
  await lab.end();
});

gate('is not as deep in calls as its queue is long, when loads end as soon as they start', async () => {
  const lab = new Lab({ settings: { concurrency: 1, queue: 50_000 }, store: { memoryBytes: 256 << 20 } });
  const readings = Array.from({ length: 30_000 }, (_, i) => lab.read(`k${i}`));
  lab.loader.onLoad = () => {
    throw new TooLargeError('at once');
  };
  lab.loader.last.fail();
  await settled();
  for (const { result } of readings) assert.is(result, 'error');
  assert.is(lab.loader.loads, 30_000);
  await lab.end();
});

gate('queues no more than there is memory for: keys are charged while they wait', async () => {
  const lab = new Lab({ settings: { concurrency: 1, queue: 100_000 }, store: { memoryBytes: 2 << 20 } });
  const readings = Array.from({ length: 100 }, (_, i) => lab.read(`${i}`.padEnd(60_000, 'k')));
  assert.ok(lab.store.budget.usedBytes <= lab.store.budget.limitBytes);
  const refused = readings.filter(({ error }) => error?.code === 'no_room');
  assert.ok(refused.length > 50, `${refused.length} refused`);
  lab.loader.onLoad = (call) => call.answer('value');
  lab.loader.open[0]!.answer('value');
  for (let i = 0; i < 100; i++) await settled();
  for (const { result } of readings) assert.is.not(result, 'waiting');
  await lab.end();
});

const soft = suite('the soft limit');
const WAITS = { freshMs: SECOND, staleWhileRevalidateMs: 0, staleIfErrorMs: MINUTE };

async function pastItsWindow(): Promise<Lab> {
  const lab = new Lab({ settings: { softTimeoutMs: 300 } });
  await lab.loaded('old', { terms: WAITS });
  lab.clock.advance(2 * SECOND);
  return lab;
}

soft('answers with the old value at that time, and the late result is stored', async () => {
  const lab = await pastItsWindow();
  const reading = lab.read();
  lab.clock.advance(299);
  assert.is(reading.result, 'waiting');
  lab.clock.advance(1);
  assert.equal([reading.result, reading.text], ['stale', 'old']);
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('new');
  await settled();
  assert.is(reading.answers, 1);
  assert.is(lab.read().text, 'new');
  await lab.end();
});

soft('is no limit to a load that is quicker, or that fails', async () => {
  const quick = await pastItsWindow();
  const reading = quick.read();
  quick.loader.last.answer('new');
  await settled();
  assert.is(reading.result, 'miss');
  quick.clock.advance(SECOND);
  assert.is(reading.answers, 1);
  assert.is(quick.clock.timers, 0, 'its timer is gone');
  await quick.end();

  const failing = await pastItsWindow();
  const stale = failing.read();
  failing.loader.last.fail();
  await settled();
  failing.clock.advance(SECOND);
  assert.equal([stale.result, stale.answers], ['stale', 1]);
  await failing.end();
});

soft('is not for who misses: they wait for the load', async () => {
  const lab = new Lab({ settings: { softTimeoutMs: 300 } });
  const reading = lab.read();
  lab.clock.advance(MINUTE);
  assert.is(reading.result, 'waiting');
  lab.loader.last.answer('value');
  await settled();
  assert.is(reading.text, 'value');
  await lab.end();
});

soft('serves nothing that was invalidated while the reader waited', async () => {
  const lab = await pastItsWindow();
  const reading = lab.read();
  lab.apply('invalidate', { keys: ['key'] });
  lab.clock.advance(MINUTE);
  assert.is(reading.result, 'waiting');
  lab.loader.last.answer('new');
  await settled();
  assert.is(reading.answers, 1);
  await lab.end();
});

soft('does not end the wait for a refresh, nor count it as a read', async () => {
  const lab = await pastItsWindow();
  const reading = lab.read();
  const slot = lab.cache.shelf.peek(KEY);
  lab.apply('invalidate', { keys: ['other'] });
  let isLoaded = false;
  void lab.cache.reload([slot]).then(() => {
    isLoaded = true;
  });
  assert.is(lab.loader.loads, 2, 'it joined the load of the reader');
  lab.apply('invalidate', { tags: ['t'] });
  lab.loader.last.answer('of before', { tags: ['t'] });
  await lab.clock.pass(SECOND);
  assert.is(reading.text, 'of before');
  assert.is(lab.loader.loads, 3);
  assert.not.ok(isLoaded);
  lab.loader.last.answer('new');
  await settled();
  assert.ok(isLoaded);
  await lab.end();
});

const revalidation = suite('revalidation');

revalidation('asks with the origin’s ETag, and a 304 begins the entry’s times anew', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE, ttlMs: 5 * MINUTE } });
  await lab.loaded('value', { etag: '"1"' });
  const version = lab.store.entries.version(0);
  for (let i = 0; i < 10; i++) {
    lab.clock.advance(MINUTE);
    const reading = lab.read();
    assert.equal([reading.result, reading.text], ['stale', 'value']);
    assert.is(lab.loader.last.etag, '"1"');
    lab.loader.last.notModified();
    await settled();
    assert.is(lab.read().result, 'hit');
  }
  assert.is(lab.store.entries.version(0), version);
  assert.is(lab.cache.counters.loads('refresh', 'unchanged'), 10);
  await lab.end();
});

revalidation('a 304 that says nothing of it keeps the lifetime that the origin gave', async () => {
  const lab = new Lab();
  await lab.loaded('value', { etag: '"1"', terms: termsOf({ freshMs: MINUTE }) });
  for (let i = 0; i < 3; i++) {
    lab.clock.advance(MINUTE);
    assert.is(lab.read().result, 'stale');
    lab.loader.last.notModified();
    await settled();
    assert.is(lab.read().result, 'hit');
  }
  assert.is(lab.loader.loads, 4);
  await lab.end();
});

revalidation('does not ask with an ETag that is not the origin’s', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  lab.write('written');
  lab.clock.advance(MINUTE);
  lab.read();
  assert.is(lab.loader.last.etag, undefined);
  lab.loader.last.notModified();
  await settled();
  assert.is(lab.cache.counters.loadsEnded('failed'), 1, 'a 304 that nobody asked for is a failure');
  assert.is(lab.read().text, 'written');
  await lab.end();
});

revalidation('of an entry that went meanwhile serves its value to who waits', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('v'.repeat(5000), { etag: '"1"' });
  lab.clock.advance(MINUTE);
  lab.read();
  lab.store.evict(lab.cache.slot, 'memory');
  const waiting = lab.read();
  assert.is(waiting.result, 'waiting');
  lab.loader.last.notModified();
  await settled();
  assert.equal([waiting.result, waiting.text], ['miss', 'v'.repeat(5000)]);
  assert.is(waiting.answer?.kind === 'value' && waiting.answer.stored, false);
  await lab.end();
});

revalidation('takes the tags of the 304, and keeps them where it has none', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('value', { etag: '"1"', tags: ['a', 'b'] });
  const revalidate = async (tags: string[] | undefined): Promise<string[]> => {
    lab.clock.advance(MINUTE);
    lab.read();
    lab.loader.last.notModified({ tags });
    await settled();
    lab.read();
    return lab.store.tags(lab.cache.slot);
  };
  assert.equal(await revalidate(undefined), ['a', 'b']);
  assert.equal(await revalidate(['b', 'c']), ['b', 'c']);
  assert.is(lab.apply('invalidate', { tags: ['a'] }).entries, 0);
  assert.is(lab.apply('invalidate', { tags: ['c'] }).entries, 1);
  await lab.end();
});

revalidation('answered with tags that find no room costs the entry, not the daemon', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, shareBytes: 1200 });
  await lab.loaded('value', { etag: '"1"' });
  lab.clock.advance(MINUTE);
  lab.read();
  const waiting = { answers: 0 } as Reading;
  lab.cache.wait(KEY, { ...waiterOf(waiting), uncounted: true });
  lab.loader.last.notModified({ tags: Array.from({ length: 64 }, (_, i) => `tag ${i}`) });
  await settled();
  assert.is(waiting.text, 'value');
  assert.not.ok(lab.isStored);
  assert.ok(lab.cache.shelf.stored.bytes <= 1200);
  await lab.end();
});

revalidation('by which the origin says that the value may not be stored drops it', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('value', { etag: '"1"' });
  lab.clock.advance(MINUTE);
  lab.read();
  lab.loader.last.notModified({ terms: { unstorable: 'no-store' } });
  await settled();
  assert.not.ok(lab.isStored);
  assert.equal(lab.unstorable, ['no-store']);
  await lab.end();
});

const careless = suite('careless loaders and waiters');

careless('a loader that throws before it promises anything fails the load', async () => {
  const lab = new Lab();
  lab.loader.onLoad = () => {
    throw new TypeError('a defect');
  };
  const reading = lab.read();
  await settled();
  assert.is(reading.error!.code, 'load_failed');
  assert.instance(reading.error!.cause, TypeError);
  await lab.end();
});

careless(
  'a loader that never answers and does not care to be aborted keeps nobody waiting at the end',
  async () => {
    const lab = new Lab({ times: { refreshMs: MINUTE }, settings: { concurrency: 2 } });
    const readings = [lab.read('a'), lab.read('b'), lab.read('queued')];
    lab.apply('invalidate', { keys: ['a'] });
    readings.push(lab.read('a'));
    const loaded = lab.apply('refresh', { keys: ['a'] }).loaded;
    lab.caches.close();
    await settled();
    for (const reading of readings) assert.equal([reading.result, reading.answers], ['error', 1]);
    assert.is(readings[0]!.error!.code, 'load_refused');
    await loaded;
    const late = lab.read('later');
    await settled();
    assert.is(late.error!.code, 'load_refused');
    assert.ok(lab.loader.isClosed);
    assert.is(lab.loader.loads, 2, 'what was queued is not begun');
    assert.ok(lab.loader.calls.every(({ request }) => request.signal.aborted));
    for (const call of lab.loader.open) call.answer('far too late');
    await settled();
    assert.is(lab.cache.shelf.stored.entries, 0);
    await lab.end();
  },
);

careless('a loader that goes on sending after its load failed holds no memory', async () => {
  const lab = new Lab();
  lab.read();
  const [call] = lab.loader.calls;
  call!.fail();
  await settled();
  assert.throws(() => call!.request.sink.append(Buffer.alloc(10_000)), /released/);
  await lab.end();
});

careless('a waiter that throws costs the others nothing', async () => {
  const lab = new Lab({ times: { retryMs: 10 } });
  for (const end of ['answer', 'absent', 'fail'] as const) {
    const first = lab.read();
    lab.cache.wait(KEY, {
      uncounted: true,
      answered: (answer) => {
        if (answer.kind === 'value') answer.value.release();
        throw new Error('its own fault');
      },
    });
    const last = lab.read();
    if (end === 'answer') lab.loader.last.answer('value', { terms: { unstorable: 'no-store' } });
    else lab.loader.last[end]();
    await settled();
    assert.equal([first.answers, last.answers], [1, 1], end);
    lab.clock.advance(MINUTE);
  }
  assert.is(lab.defects.length, 3);
  lab.defects.length = 0;
  assert.is(lab.cache.counters.loadsEnded('failed'), 1);
  await lab.end();
});

careless('a waiter may read, write, drop and wait again while it is answered', async () => {
  const lab = new Lab({ times: { retryMs: 10 } });
  const acts: ((answer: Answer) => void)[] = [
    () => void lab.read(),
    () => void lab.write('written'),
    () => void lab.apply('invalidate'),
    () => void lab.apply('refresh'),
    () => void lab.cache.invalidateKey(KEY),
  ];
  const readings: Reading[] = [];
  for (let round = 0; round < 30; round++) {
    if (lab.isStored) lab.cache.invalidateKey(KEY);
    const before = lab.read();
    const reading = { answers: 0 } as Reading;
    const act = acts[round % acts.length]!;
    lab.cache.wait(KEY, {
      uncounted: true,
      answered: (answer) => {
        act(answer);
        const again = lab.read();
        readings.push(again);
        waiterOf(reading).answered(answer);
      },
    });
    const after = lab.read();
    readings.push(before, after, reading);
    const flying = lab.loader.open[0]!;
    if (round % 3 === 0) flying.fail();
    else if (round % 3 === 1) flying.answer('loaded', { tags: ['t'] });
    else flying.absent();
    await settled();
    for (let i = 0; i < 5; i++) {
      for (const call of lab.loader.open) call.answer('again');
      await settled();
    }
    lab.clock.advance(MINUTE);
  }
  for (const reading of readings) assert.is.not(reading.result, 'waiting');
  await lab.end();
});

careless('what a loader does inside a part of a body — read, write, drop — does no harm', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  const first = lab.read();
  const [call] = lab.loader.calls;
  call!.send('one');
  const joined = lab.read();
  lab.write('written', { key: 'other' });
  call!.send('two');
  lab.apply('invalidate', { keys: ['other'] });
  call!.answer('three');
  await settled();
  assert.equal([first.text, joined.text], ['onetwothree', 'onetwothree']);
  await lab.end();
});

careless(
  'a refresh call ends although its load failed before it promised anything, or its entry’s time was over',
  async () => {
    const lab = new Lab({ times: { ttlMs: MINUTE } });
    await lab.loaded('value');
    lab.loader.onLoad = () => {
      throw new Error('at once');
    };
    await lab.apply('refresh', { keys: ['key'] }).loaded;
    lab.loader.onLoad = undefined;
    lab.cache.loads!.failures.forgetAll();
    const slot = lab.cache.shelf.peek(KEY);
    lab.cache.shelf.setEnd(slot, lab.clock.now());
    const before = lab.loader.loads;
    await lab.cache.reload([slot]);
    assert.is(lab.loader.loads, before);
    await lab.end();
  },
);

careless('an old entry that has to go for its own reload is not read any more', async () => {
  for (const refreshAhead of [false, true]) {
    const lab = new Lab({
      times: { refreshMs: MINUTE, refreshAhead },
      store: { memoryBytes: 100_000, maxValueBytes: 50_000 },
    });
    const quiet = lab.add('quiet', { shareBytes: 60_000, withoutLoader: true });
    await lab.loaded('v'.repeat(40_000));
    for (let i = 0; lab.store.budget.freeBytes > 2000; i++) {
      const draft = lab.store.draft();
      draft.append(Buffer.alloc(1000));
      quiet.write(Buffer.from(`${i}`), draft, { contentType: 'a/b', tags: [] });
      draft.release();
    }
    const reading = ((): Reading => {
      lab.clock.advance(refreshAhead ? 0.86 * MINUTE : MINUTE);
      return lab.read();
    })();
    assert.is(reading.result, 'waiting');
    assert.is(lab.loader.loads, 2);
    lab.loader.last.answer('new');
    await settled();
    assert.is(reading.text, 'new');
    await lab.end();
  }
});

careless('an entry whose load ended in any way is loaded again when it is old again', async () => {
  const ends = [
    'answer',
    'absent',
    'fail',
    'notModified',
    'write',
    'invalidate',
    'refresh',
    'tag',
    'evict',
  ] as const;
  for (const end of ends) {
    const lab = new Lab({ times: { refreshMs: MINUTE, retryMs: 10 } });
    const script = { etag: '"1"', tags: ['t'] };
    await lab.loaded('value', script);
    lab.clock.advance(MINUTE);
    lab.read();
    const flying = lab.loader.last;
    if (end === 'write') lab.write('written');
    else if (end === 'invalidate' || end === 'refresh') lab.apply(end, { keys: ['key'] });
    else if (end === 'tag') lab.apply('refresh', { tags: ['t'] });
    else if (end === 'evict') lab.store.evict(lab.cache.slot, 'memory');
    if (end === 'answer' || end === 'absent' || end === 'fail' || end === 'notModified') {
      if (end === 'answer') flying.answer('new', script);
      else flying[end]();
    } else {
      flying.answer('late', script);
    }
    await settled();
    for (const call of lab.loader.open) call.answer('now', script);
    await settled();
    for (let i = 0; i < 2; i++) {
      lab.clock.advance(2 * MINUTE);
      const before = lab.loader.loads;
      lab.read();
      assert.is(lab.loader.loads, before + 1, end);
      lab.loader.last.answer('again', script);
      await settled();
      assert.is(lab.read().result, 'hit', end);
    }
    await lab.end();
  }
});

careless(
  'who is told that an entry was replaced may take its room: who waits is answered all the same',
  async () => {
    const lab = new Lab({ store: { memoryBytes: 1 << 20 } });
    await lab.loaded('old', { terms: { freshMs: SECOND, staleWhileRevalidateMs: 0 } });
    lab.clock.advance(2 * SECOND);
    const { budget } = lab.store;
    const takeAll = (): void => {
      let bytes = budget.limitBytes;
      while (bytes > 0 && !budget.charge(bytes)) bytes--;
      budget.release(bytes);
    };
    let isTaken = false;
    lab.caches.watchEntries({ active: true }, (_cache, key) => {
      if (isTaken || !key.equals(Buffer.from('key'))) return;
      isTaken = true;
      takeAll();
      lab.write('bad', { key: 'yek' });
    });
    const reading = lab.read();
    lab.loader.last.answer('new');
    await settled();
    assert.ok(isTaken);
    assert.equal([reading.result, reading.text], ['miss', 'new']);
    assert.is(lab.read('yek').text, 'bad');
    await lab.end();
  },
);

gate.run();
soft.run();
revalidation.run();
careless.run();
