// All caches together: what a call is about, and what time does.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lab } from './cache-lab.ts';
import { settled } from './fake-clock.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

const calls = suite('calls');

calls('selections unite: what any of them names goes, each entry counted once', async () => {
  const lab = new Lab({ withoutLoader: true });
  lab.write('1', { key: 'a1', tags: ['t'] });
  lab.write('2', { key: 'a2' });
  lab.write('3', { key: 'b1', tags: ['t', 'u'] });
  lab.write('4', { key: 'b2' });
  lab.write('5', { key: 'c' });
  const { entries } = lab.apply('invalidate', {
    keys: ['a1', 'c', 'none'],
    tags: ['t', 'u'],
    prefixes: ['a', 'zz'],
  });
  assert.is(entries, 4);
  assert.is(lab.cache.counters.invalidations('local'), 1);
  assert.is(lab.cache.counters.invalidatedEntries, 4);
  assert.is(lab.cache.shelf.stored.entries, 1);
  assert.is(lab.read('b2').result, 'hit');
  await lab.end();
});

calls('a call without a selection is about the whole of its caches, and no other', async () => {
  const lab = new Lab({ withoutLoader: true });
  const other = lab.add('two', { withoutLoader: true });
  for (const key of ['a', 'b']) lab.write('v', { key });
  assert.is(lab.apply('invalidate', { caches: [other] }).entries, 0);
  assert.is(lab.cache.shelf.stored.entries, 2);
  assert.is(lab.apply('invalidate', { caches: [other, lab.cache] }).entries, 2);
  assert.equal(
    [lab.cache, other].map(({ counters }) => counters.invalidations('local')),
    [1, 2],
  );
  await lab.end();
});

calls(
  'a refresh keeps serving the old value until the new one is in; who waits for it is told then',
  async () => {
    const lab = new Lab();
    await lab.loaded('old', { tags: ['t'] }, 'a');
    await lab.loaded('old', {}, 'b');
    const { entries, loaded } = lab.apply('refresh', { keys: ['a'], tags: ['t'], prefixes: ['b'] });
    assert.is(entries, 2);
    assert.is(lab.loader.open.length, 2);
    let isLoaded = false;
    void loaded.then(() => {
      isLoaded = true;
    });
    assert.equal([lab.read('a').result, lab.read('a').text], ['stale', 'old']);
    lab.loader.open[0]!.answer('new');
    await settled();
    assert.equal([lab.read('a').result, lab.read('a').text], ['hit', 'new']);
    assert.not.ok(isLoaded);
    lab.loader.open[0]!.fail();
    await settled();
    assert.ok(isLoaded, 'however the loads ended');
    assert.equal([lab.read('b').result, lab.read('b').text], ['stale', 'old']);
    await lab.end();
  },
);

calls(
  'a refresh of a whole cache makes all of it old at once, and loads the thousand that were read last',
  async () => {
    const lab = new Lab({ settings: { concurrency: 20, queue: 30 } });
    lab.loader.onLoad = (call) => call.answer('old');
    for (let i = 0; i < 1500; i++) {
      lab.read(`k${i}`);
      await settled();
    }
    lab.clock.advance(10 * SECOND);
    for (let i = 100; i < 1100; i++) assert.is(lab.read(`k${i}`).result, 'hit');
    lab.loader.onLoad = undefined;
    const before = lab.loader.loads;
    const { entries, loaded } = lab.apply('refresh');
    assert.is(entries, 1500);
    const missing = lab.read('missing');
    assert.is(missing.result, 'waiting', 'the queue is left to readers');
    while (lab.loader.open.length > 0) {
      assert.ok(lab.loader.open.length <= 20);
      for (const call of lab.loader.open) call.answer('new');
      await settled();
    }
    await loaded;
    assert.is(missing.text, 'new');
    const reloaded = new Set(lab.loader.calls.slice(before).map(({ key }) => key));
    assert.is(reloaded.size, 1001);
    for (let i = 100; i < 1100; i++) assert.ok(reloaded.has(`k${i}`));
    assert.is(lab.read('k100').result, 'hit');
    assert.is(lab.read('k5').result, 'stale');
    lab.loader.last.answer('new');
    await settled();
    assert.is(lab.read('k5').result, 'hit');
    await lab.end();
  },
);

calls('what is written after a refresh of the whole cache is fresh', async () => {
  const lab = new Lab();
  lab.write('old');
  lab.apply('refresh');
  const [call] = lab.loader.calls;
  lab.write('written');
  call!.answer('late');
  await settled();
  assert.equal([lab.read().result, lab.read().text], ['hit', 'written']);
  await lab.end();
});

calls('a refresh does not load again what readers had loaded while it was at it', async () => {
  const lab = new Lab({ settings: { concurrency: 1 } });
  for (const key of ['a', 'b', 'c']) await lab.loaded('old', { etag: '"1"' }, key);
  const { loaded } = lab.apply('refresh');
  const first = lab.loader.open[0]!;
  const others = ['a', 'b', 'c'].filter((key) => key !== first.key);
  for (const key of others) assert.is(lab.read(key).result, 'stale');
  while (lab.loader.open.length > 0) {
    lab.loader.open[0]!.notModified();
    await settled();
  }
  await loaded;
  assert.is(lab.loader.loads, 6);
  await lab.end();
});

calls(
  'an invalidation of a hundred thousand entries touches none of them; their memory comes back in slices',
  async () => {
    const lab = new Lab({
      withoutLoader: true,
      store: { memoryBytes: 64 << 20 },
      times: { expiryMs: MINUTE },
    });
    for (let i = 0; i < 100_000; i++) lab.write('v', { key: `k${i}` });
    const charged = lab.store.budget.usedBytes;
    assert.is(lab.apply('invalidate').entries, 100_000);
    assert.is(lab.store.budget.usedBytes, charged);
    assert.is(lab.read('k7').result, 'not there');
    lab.write('new', { key: 'k7' });
    const firedBefore = lab.clock.fired;
    lab.clock.advance(SECOND);
    assert.ok(lab.store.budget.usedBytes < 1000);
    assert.ok(lab.clock.fired - firedBefore >= 99, 'a slice a turn');
    assert.is(lab.read('k7').text, 'new');
    lab.apply('invalidate');
    lab.clock.advance(2 * MINUTE);
    assert.is(lab.store.budget.usedBytes, 0);
    assert.is(lab.clock.timers, 0);
    await lab.end();
  },
);

const time = suite('time');

for (const [what, end] of [
  ['due at once', (lab: Lab) => lab.clock.advance(MINUTE - 10)],
  ['dropped at once', (lab: Lab) => void lab.apply('invalidate')],
] as const) {
  time(`what is ${what} goes a millisecond a turn`, async () => {
    const lab = new Lab({ withoutLoader: true, store: { memoryBytes: 64 << 20 }, times: { ttlMs: MINUTE } });
    const { entries } = lab.store;
    for (let i = 0; i < 3000; i++) lab.write('v', { key: `k${i}` });
    end(lab);
    const free = entries.free.bind(entries);
    entries.free = (slot) => {
      lab.clock.work(0.01);
      free(slot);
    };
    const wentAtOnce: number[] = [];
    for (let live = entries.live; live > 0; live = entries.live) {
      lab.clock.advance(lab.clock.nextTimerInMs);
      wentAtOnce.push(live - entries.live);
    }
    assert.equal(
      wentAtOnce.filter((went) => went > 0),
      Array(30).fill(100),
    );
    await lab.end();
  });
}

time('nothing is scheduled where nothing is ever due', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  assert.is(lab.clock.timers, 0);
  await lab.loaded('value');
  lab.write('value', { key: 'other' });
  assert.is(lab.clock.timers, 0);
  await lab.end();
});

time(
  'the next thing that is due is what is scheduled, and the last one leaves nothing scheduled',
  async () => {
    const lab = new Lab({ withoutLoader: true });
    lab.write('v', { key: 'late', ttlMs: MINUTE });
    assert.is(lab.clock.nextTimerInMs, MINUTE);
    lab.write('v', { key: 'soon', ttlMs: SECOND });
    assert.is(lab.clock.nextTimerInMs, SECOND);
    lab.write('v', { key: 'later', ttlMs: 2 * MINUTE });
    assert.is(lab.clock.nextTimerInMs, SECOND);
    assert.is(lab.clock.timers, 1);
    lab.clock.advance(SECOND);
    assert.is(lab.cache.shelf.stored.entries, 2);
    lab.clock.advance(10 * MINUTE);
    assert.is(lab.cache.shelf.stored.entries, 0);
    assert.is(lab.clock.timers, 0);
    assert.ok(lab.clock.fired <= 5, `woken ${lab.clock.fired} times for three`);
    await lab.end();
  },
);

time('what is due together is done in bounded turns, with room for others between them', async () => {
  for (const times of [{ ttlMs: MINUTE }, { expiryMs: MINUTE }]) {
    const lab = new Lab({ withoutLoader: true, store: { memoryBytes: 32 << 20 }, times });
    for (let i = 0; i < 5500; i++) lab.write('v', { key: `k${i}` });
    lab.clock.advance(MINUTE);
    assert.is(lab.cache.shelf.stored.entries, 4500);
    lab.clock.advance(1);
    assert.is(lab.cache.shelf.stored.entries, 3500);
    assert.is(lab.read('k5499').result, 'not there', 'reads know at once');
    lab.clock.advance(5);
    assert.is(lab.cache.shelf.stored.entries, 0);
    assert.is(lab.clock.timers, 0);
    await lab.end();
  }
});

time('reloads ahead of readers are done in bounded turns, too', async () => {
  const lab = new Lab({
    times: { refreshMs: 40, refreshAhead: true },
    settings: { concurrency: 10_000 },
    store: { memoryBytes: 32 << 20 },
  });
  for (let i = 0; i < 5000; i++) lab.read(`k${i}`);
  for (const call of lab.loader.open) call.answer('v');
  await settled();
  for (let i = 0; i < 5000; i++) lab.read(`k${i}`);
  const turns: number[] = [];
  const first = lab.loader.loads;
  while (lab.loader.loads < first + 5000) {
    const before = lab.loader.loads;
    lab.clock.advance(lab.clock.nextTimerInMs);
    turns.push(lab.loader.loads - before);
  }
  assert.is(Math.max(...turns), 1000, turns.join(' '));
  for (const call of lab.loader.open) call.answer('v');
  await lab.end();
});

time('a deadline months away is waited for in steps that timers can do', async () => {
  const lab = new Lab({ withoutLoader: true });
  lab.write('v', { ttlMs: 90 * 24 * 60 * MINUTE });
  assert.ok(lab.clock.nextTimerInMs <= 2 ** 31 - 1);
  lab.clock.advance(90 * 24 * 60 * MINUTE);
  assert.is(lab.cache.shelf.stored.entries, 0);
  await lab.end();
});

time('after closing nothing is scheduled any more', async () => {
  const lab = new Lab({ withoutLoader: true });
  lab.write('v', { ttlMs: MINUTE });
  lab.caches.close();
  lab.write('v', { key: 'other', ttlMs: SECOND });
  assert.is(lab.clock.timers, 0);
  await lab.end();
});

calls.run();
time.run();
