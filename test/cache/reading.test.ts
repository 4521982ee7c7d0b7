// What a read says, and when: the times of an entry, with and without an origin that sets them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { NOT_THERE } from '../../src/cache/cache.ts';
import { RequestError } from '../../src/errors.ts';
import { seededRandom } from '../store/seeded-random.ts';
import { Lab } from './cache-lab.ts';
import { settled } from './fake-clock.ts';

const test = suite('reading');
const SECOND = 1000;
const MINUTE = 60 * SECOND;

test('of what is not there waits for a load, and then it is a hit', async () => {
  const lab = new Lab();
  const reading = await lab.loaded('value', { contentType: 'a/b' });
  assert.is(reading.result, 'miss');
  assert.is(reading.text, 'value');
  assert.is(reading.answer?.kind === 'value' && reading.answer.contentType, 'a/b');
  assert.is(lab.read().result, 'hit');
  assert.is(lab.loader.loads, 1);
  await lab.end();
});

test('by a hundred who miss together makes one load', async () => {
  const lab = new Lab();
  const readings = Array.from({ length: 100 }, () => lab.read());
  lab.loader.last.answer('value');
  await settled();
  for (const { result, text, answers } of readings)
    assert.equal([result, text, answers], ['miss', 'value', 1]);
  assert.equal(
    readings.map(({ answer }) => answer?.kind === 'value' && answer.collapsed),
    [false, ...Array(99).fill(true)],
  );
  assert.is(lab.loader.loads, 1);
  await lab.end();
});

test('without a loader says that nothing is there', async () => {
  const lab = new Lab({ withoutLoader: true });
  assert.is(lab.read().result, 'not there');
  assert.is(lab.cache.counters.reads('miss'), 1);
  await lab.end();
});

test('keeps apart keys that differ only in one part', async () => {
  const lab = new Lab();
  await lab.loaded('in one org', {}, 'org1/space');
  await lab.loaded('in another', {}, 'org2/space');
  assert.is(lab.read('org1/space').text, 'in one org');
  assert.is(lab.read('org2/space').text, 'in another');
  await lab.end();
});

test('keeps apart caches: dropping one leaves the others’ entries', async () => {
  const lab = new Lab();
  const other = lab.add('two', { withoutLoader: true });
  lab.write('one');
  const draft = lab.store.draft();
  draft.append(Buffer.from('two'));
  other.write(Buffer.from('key'), draft, { contentType: 'a/b', tags: [] });
  draft.release();
  lab.apply('invalidate');
  assert.is(lab.read('key', other).text, 'two');
  assert.not.ok(lab.isStored);
  await lab.end();
});

test('older than refresh returns the old value at once and starts exactly one load', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('old');
  lab.clock.advance(MINUTE);
  const readings = Array.from({ length: 50 }, () => lab.read());
  for (const { result, text } of readings) assert.equal([result, text], ['stale', 'old']);
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('new');
  await settled();
  const reading = lab.read();
  assert.equal([reading.result, reading.text], ['hit', 'new']);
  assert.is(lab.loader.loads, 2);
  await lab.end();
});

test('with refresh off never gets old', async () => {
  const lab = new Lab();
  await lab.loaded('value');
  lab.clock.advance(10_000 * MINUTE);
  assert.is(lab.read().result, 'hit');
  await lab.end();
});

test('of entries loaded together finds them old at different times, none later than refresh', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE }, settings: { concurrency: 2000 } });
  for (let i = 0; i < 1000; i++) lab.read(`k${i}`);
  for (const call of lab.loader.open) call.answer('value');
  await settled();
  const loadsBySecond: number[] = [];
  for (let second = 53; second <= 60; second++) {
    lab.clock.advance(second === 53 ? 53 * SECOND : SECOND);
    const before = lab.loader.loads;
    for (let i = 0; i < 1000; i++) lab.read(`k${i}`);
    loadsBySecond.push(lab.loader.loads - before);
  }
  assert.is(loadsBySecond[0], 0);
  assert.is(
    loadsBySecond.reduce((sum, loads) => sum + loads),
    1000,
  );
  assert.ok(Math.max(...loadsBySecond) < 300, `${loadsBySecond}`);
  for (const call of lab.loader.open) call.fail();
  await lab.end();
});

test('past ttl waits for a load, and where that fails says so: never the value', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE, ttlMs: 10 * MINUTE } });
  await lab.loaded('value');
  lab.clock.advance(10 * MINUTE - 1);
  assert.is(lab.read().result, 'stale');
  lab.loader.last.fail();
  await settled();
  lab.clock.advance(1);
  const reading = lab.read();
  assert.is.not(reading.result, 'stale');
  for (const call of lab.loader.open) call.fail();
  await settled();
  lab.clock.advance(5 * SECOND);
  const again = lab.read();
  assert.is(again.result, 'waiting');
  lab.loader.last.fail();
  await settled();
  assert.is(again.result, 'error');
  assert.is(again.text, undefined);
  await lab.end();
});

test('past an entry’s own ttl finds nothing, and ttl itself bounds that of the entry', async () => {
  const lab = new Lab({ times: { ttlMs: 10 * MINUTE }, withoutLoader: true });
  lab.write('short', { key: 'short', ttlMs: SECOND });
  lab.write('long', { key: 'long', ttlMs: 99 * MINUTE });
  lab.clock.advance(SECOND - 1);
  assert.is(lab.read('short').result, 'hit');
  lab.clock.advance(1);
  assert.is(lab.read('short').result, 'not there');
  lab.clock.advance(10 * MINUTE - SECOND - 1);
  assert.is(lab.read('long').result, 'hit');
  lab.clock.advance(1);
  assert.is(lab.read('long').result, 'not there');
  assert.is(lab.cache.shelf.stored.evictions.ttl, 2);
  await lab.end();
});

test('of an entry that nobody read for expiry finds nothing, from then on to ten milliseconds', async () => {
  const lab = new Lab({ times: { expiryMs: MINUTE }, withoutLoader: true });
  lab.write('value');
  lab.clock.advance(MINUTE - 1);
  assert.is(lab.read().result, 'hit');
  lab.clock.advance(MINUTE - 1);
  assert.is(lab.read().result, 'hit');
  const key = Buffer.from('key');
  const nowMs = lab.clock.now() + MINUTE;
  assert.is(lab.cache.read(key, 0, 3, nowMs - 10), 0);
  lab.reads++;
  lab.clock.advance(MINUTE - 1);
  lab.clock.advance(1);
  assert.is(lab.cache.shelf.stored.entries, 1, 'the read a moment before counts');
  // Before the timer could drop it: the read itself knows.
  assert.is(lab.cache.read(key, 0, 3, nowMs + MINUTE), NOT_THERE);
  lab.reads++;
  await lab.end();
});

test('nobody at all, an entry goes when expiry has passed', async () => {
  const lab = new Lab({ times: { expiryMs: MINUTE }, withoutLoader: true });
  for (let i = 0; i < 100; i++) lab.write('value', { key: `k${i}` });
  lab.clock.advance(MINUTE - 1);
  assert.is(lab.cache.shelf.stored.entries, 100);
  lab.clock.advance(1);
  assert.is(lab.cache.shelf.stored.entries, 0);
  assert.is(lab.cache.shelf.stored.evictions.expiry, 100);
  assert.is(lab.clock.timers, 0);
  await lab.end();
});

test('is what expiry counts from: reloads behind readers are not', async () => {
  const lab = new Lab({ times: { refreshMs: 10 * SECOND, refreshAhead: true, expiryMs: MINUTE } });
  await lab.loaded('value');
  lab.clock.advance(SECOND);
  lab.read();
  for (let i = 0; i < 58; i++) {
    await lab.clock.pass(SECOND);
    for (const call of lab.loader.open) call.answer('newer');
    await settled();
  }
  assert.is(lab.cache.shelf.stored.entries, 1);
  lab.apply('refresh', { keys: ['key'] });
  for (const call of lab.loader.open) call.answer('newest');
  await settled();
  await lab.clock.pass(2 * SECOND);
  assert.is(lab.cache.shelf.stored.entries, 0);
  await lab.end();
});

test('is what brings an entry back: a reload that ends after it expired does not', async () => {
  const lab = new Lab({ times: { refreshMs: 10 * SECOND, expiryMs: MINUTE } });
  await lab.loaded('value');
  lab.clock.advance(10 * SECOND);
  assert.is(lab.read().result, 'stale');
  lab.clock.advance(MINUTE);
  assert.is(lab.cache.shelf.stored.entries, 0);
  lab.loader.last.answer('late');
  await settled();
  assert.is(lab.cache.shelf.stored.entries, 0);
  await lab.end();
});

test('of what the origin does not have is remembered for negative, and then asked again', async () => {
  const lab = new Lab({ times: { negativeMs: 10 * SECOND, refreshMs: SECOND } });
  const reading = lab.read();
  lab.loader.last.absent(410);
  await settled();
  assert.is(reading.result, 'absent');
  assert.is(reading.answer?.kind === 'absent' && reading.answer.status, 410);
  for (let i = 0; i < 9; i++) {
    lab.clock.advance(SECOND);
    assert.is(lab.read().result, 'negative');
  }
  assert.is(lab.loader.loads, 1);
  lab.clock.advance(SECOND);
  assert.is(lab.read().result, 'waiting');
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('there now');
  await settled();
  assert.is(lab.read().text, 'there now');
  assert.is(lab.cache.shelf.stored.evictions.negative, 1);
  await lab.end();
});

test('of what the origin does not have is not remembered where negative is off', async () => {
  const lab = new Lab();
  for (let i = 1; i <= 3; i++) {
    assert.is(lab.read().result, 'waiting');
    lab.loader.last.absent();
    await settled();
    assert.is(lab.loader.loads, i);
  }
  await lab.end();
});

test('of an absence that was refreshed asks the origin behind the reader', async () => {
  const lab = new Lab({ times: { negativeMs: 10 * MINUTE }, settings: { concurrency: 1, queue: 0 } });
  lab.read();
  lab.loader.last.absent();
  await settled();
  for (const selection of [{ keys: ['key'] }, { prefixes: ['k'] }, {}]) {
    // The gate is full: the call itself can load nothing.
    lab.read('blocker');
    const blocker = lab.loader.last;
    lab.apply('refresh', selection);
    blocker.absent();
    await settled();
    const loads = lab.loader.loads;
    assert.is(lab.read().result, 'negative');
    assert.is(lab.loader.loads, loads + 1);
    lab.loader.last.absent();
    await settled();
    assert.is(lab.read().result, 'negative');
    assert.is(lab.loader.loads, loads + 1);
    lab.apply('invalidate', { keys: ['blocker'] });
  }
  await lab.end();
});

test('that waited for a load which failed is not answered with an absence that another load found', async () => {
  const lab = new Lab({ times: { negativeMs: MINUTE } });
  const before = lab.read();
  lab.apply('invalidate', { keys: ['key'] });
  lab.read();
  lab.loader.calls[1]!.absent();
  await settled();
  assert.is(lab.read().result, 'negative');
  lab.loader.calls[0]!.fail();
  await settled();
  assert.is(before.result, 'error');
  await lab.end();
});

test('of an entry that the origin dropped finds it gone', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('value');
  lab.clock.advance(MINUTE);
  assert.is(lab.read().result, 'stale');
  lab.loader.last.absent();
  await settled();
  assert.not.ok(lab.isStored);
  assert.is(lab.read().result, 'waiting');
  lab.loader.last.absent();
  await lab.end();
});

test('every second finds nothing old where what is read is refreshed ahead', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed);
    const lab = new Lab({ times: { refreshMs: 10 * SECOND, refreshAhead: true }, random });
    await lab.loaded('value 0');
    for (let second = 1; second <= 120; second++) {
      await lab.clock.pass(SECOND - 200);
      for (const call of lab.loader.open) call.answer(`value ${second}`);
      await lab.clock.pass(200);
      assert.is(lab.read().result, 'hit', `seed ${seed}, second ${second}`);
    }
    assert.ok(lab.loader.loads <= 22, `${lab.loader.loads} loads`);
    for (const call of lab.loader.open) call.answer('last');
    await lab.end();
  }
});

test('of an entry with its own ttl finds nothing old either where it is refreshed ahead', async () => {
  const lab = new Lab({ times: { refreshMs: 10 * SECOND, refreshAhead: true }, random: () => 0.5 });
  lab.write('written', { ttlMs: 10 * MINUTE });
  for (let second = 1; second <= 20; second++) {
    await lab.clock.pass(SECOND);
    for (const call of lab.loader.open) call.answer('loaded');
    await settled();
    assert.is(lab.read().result, 'hit', `second ${second}`);
  }
  await lab.end();
});

test('by nobody, an entry is not loaded again ahead of readers', async () => {
  const lab = new Lab({ times: { refreshMs: 10 * SECOND, refreshAhead: true } });
  await lab.loaded('value');
  await lab.clock.pass(10 * MINUTE);
  assert.is(lab.loader.loads, 1);
  assert.is(lab.read().result, 'stale');
  lab.loader.last.answer('newer');
  await settled();
  await lab.clock.pass(10 * MINUTE);
  assert.is(lab.loader.loads, 2);
  await lab.end();
});

test('however often, an absence is not asked for again ahead of readers', async () => {
  const lab = new Lab({ times: { refreshMs: 10 * SECOND, refreshAhead: true, negativeMs: 2 * MINUTE } });
  lab.read();
  lab.loader.last.absent();
  await settled();
  for (let second = 1; second < 120; second++) {
    await lab.clock.pass(SECOND);
    assert.is(lab.read().result, 'negative');
  }
  assert.is(lab.loader.loads, 1);
  await lab.end();
});

test('for the first time after its reload was due, an entry is reloaded ahead of the next', async () => {
  const lab = new Lab({ times: { refreshMs: 100 * SECOND, refreshAhead: true }, random: () => 0 });
  await lab.loaded('value');
  await lab.clock.pass(80 * SECOND);
  assert.is(lab.loader.loads, 1);
  assert.is(lab.read().result, 'hit');
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('newer');
  await lab.end();
});

test('follows the origin: fresh for max-age, stale within stale-while-revalidate, then it waits', async () => {
  const lab = new Lab({ times: { refreshMs: 99 * MINUTE } });
  const terms = { freshMs: 10 * SECOND, staleWhileRevalidateMs: 5 * SECOND };
  await lab.loaded('value', { terms });
  lab.clock.advance(10 * SECOND - 1);
  assert.is(lab.read().result, 'hit');
  lab.clock.advance(1);
  assert.is(lab.read().result, 'stale');
  lab.clock.advance(5 * SECOND - 1);
  assert.is(lab.read().result, 'stale');
  lab.clock.advance(1);
  const waiting = lab.read();
  assert.is(waiting.result, 'waiting');
  assert.is(lab.loader.loads, 2);
  lab.loader.last.answer('newer', { terms });
  await settled();
  assert.is(waiting.text, 'newer');
  await lab.end();
});

test('follows the origin: after a failed load the old value is served within stale-if-error, and no longer', async () => {
  const lab = new Lab({ times: { retryMs: SECOND } });
  const terms = { freshMs: 10 * SECOND, staleWhileRevalidateMs: 0, staleIfErrorMs: 20 * SECOND };
  await lab.loaded('value', { terms });
  lab.clock.advance(29 * SECOND);
  const first = lab.read();
  assert.is(first.result, 'waiting');
  lab.loader.last.fail();
  await settled();
  assert.is(first.result, 'stale');
  assert.is(lab.read().result, 'stale', 'while the origin is left alone, too');
  lab.clock.advance(SECOND);
  const second = lab.read();
  lab.loader.last.fail();
  await settled();
  assert.is(second.result, 'error');
  assert.is(lab.read().result, 'refused');
  await lab.end();
});

test('follows the origin, but never past ttl', async () => {
  const lab = new Lab({ times: { ttlMs: 10 * SECOND } });
  await lab.loaded('value', { terms: { freshMs: MINUTE, staleIfErrorMs: MINUTE } });
  lab.clock.advance(10 * SECOND);
  assert.is(lab.read().result, 'waiting');
  lab.loader.last.answer('newer', { terms: { freshMs: MINUTE, ageMs: 9 * SECOND } });
  await settled();
  lab.clock.advance(SECOND);
  assert.is(lab.read().result, 'waiting', 'its age counts');
  lab.loader.last.answer('x');
  await lab.end();
});

test('is served what may not be stored, which then is not', async () => {
  const lab = new Lab({ times: { refreshMs: MINUTE } });
  await lab.loaded('stored');
  lab.apply('refresh', { keys: ['key'] });
  assert.is(lab.read().result, 'stale');
  lab.loader.last.answer('secret', { terms: { unstorable: 'no-store' } });
  await settled();
  assert.not.ok(lab.isStored, 'nor is what it replaces');
  const readings = [lab.read(), lab.read()];
  lab.loader.last.answer('secret', { terms: { unstorable: 'set-cookie' } });
  await settled();
  for (const reading of readings) {
    assert.equal([reading.result, reading.text], ['miss', 'secret']);
    assert.is(reading.answer?.kind === 'value' && reading.answer.stored, false);
  }
  assert.equal(lab.unstorable, ['no-store', 'set-cookie']);
  assert.is(lab.cache.counters.loadsEnded('unstorable'), 2);
  await lab.end();
});

test('is served what finds no room, which then is not stored', async () => {
  const lab = new Lab({ shareBytes: 3000 });
  for (const text of ['x'.repeat(3500), 'y'.repeat(10_000)]) {
    const reading = lab.read();
    lab.loader.last.answer(text);
    await settled();
    assert.equal([reading.result, reading.text], ['miss', text]);
    assert.not.ok(lab.isStored);
  }
  const full = new Lab({ store: { memoryBytes: 62_500 }, evictable: false });
  while (full.store.budget.freeBytes > 9000) full.write('z'.repeat(4000), { key: `${full.reads++}` });
  full.reads = 0;
  const reading = full.read();
  full.loader.last.answer('w'.repeat(4000), { tags: ['t'.repeat(200), 'u'.repeat(5000)] });
  await settled();
  assert.is(reading.text?.length, 4000);
  assert.equal(full.unstorable, ['no-room']);
  await lab.end();
  await full.end();
});

test('gives what clients wrote an ETag of its own that no other value ever had, in another daemon’s life either', async () => {
  const etags = new Set<string>();
  for (let life = 0; life < 5; life++) {
    const lab = new Lab({ withoutLoader: true, random: Math.random });
    for (let i = 0; i < 10; i++) {
      lab.write(`value ${i}`);
      lab.read();
      etags.add(lab.cache.shelf.etagOf(lab.cache.slot));
    }
    await lab.end();
  }
  assert.is(etags.size, 50);
  for (const etag of etags) assert.match(etag, /^"[0-9a-z-]+"$/);
});

const writing = suite('writing');

writing('says whether the entry was created or replaced', async () => {
  const lab = new Lab({ times: { negativeMs: MINUTE } });
  assert.is(lab.write('one'), 'created');
  assert.is(lab.write('two'), 'replaced');
  lab.apply('invalidate', { keys: ['key'] });
  const reading = lab.read();
  lab.loader.last.absent();
  await settled();
  assert.is(reading.result, 'absent');
  assert.is(lab.read().result, 'negative');
  assert.is(lab.write('three'), 'created');
  assert.is(lab.read().text, 'three');
  await lab.end();
});

writing('is refused by its condition before anything changed', async () => {
  const lab = new Lab();
  lab.write('one');
  const { lease } = lab.cache;
  const condition = (slot: number): void => {
    assert.is.not(slot, -1);
    throw new RequestError('precondition_failed', 'no');
  };
  assert.throws(
    () => lab.write('two', { condition }),
    (error: RequestError) => error.code === 'precondition_failed',
  );
  assert.is(lab.read().text, 'one');
  assert.is(lab.cache.lease, lease);
  assert.is(lab.cache.counters.writes, 1);
  await lab.end();
});

writing('counts as a read for expiry', async () => {
  const lab = new Lab({ times: { expiryMs: MINUTE }, withoutLoader: true });
  lab.write('one');
  lab.clock.advance(50_000);
  lab.write('two');
  lab.clock.advance(50_000);
  assert.is(lab.read().text, 'two');
  await lab.end();
});

writing('what finds no room leaves what was there', async () => {
  const lab = new Lab({ shareBytes: 2000, withoutLoader: true });
  lab.write('one');
  assert.throws(() => lab.write('x'.repeat(3000)), /more than its cache may hold/);
  assert.is(lab.read().text, 'one');
  await lab.end();
});

test.run();
writing.run();
