// What tracking knows of keys, from real caches: and that nothing a client keeps is older than what is here.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Cache, CacheChange } from '../../../src/cache/cache.ts';
import { Tracking } from '../../../src/serve/resp/tracking.ts';
import { CacheNames } from '../../../src/serve/resp/tracking-names.ts';
import { Lab } from '../../cache/cache-lab.ts';
import { settled } from '../../cache/fake-clock.ts';
import { seededRandom } from '../../store/seeded-random.ts';
import { changed, PushClient } from './push-clients.ts';

const test = suite('RESP client tracking, names of caches');

function setUp(times: object = {}) {
  const told = (name: string) => (change: CacheChange) => tracking.changed(name, change);
  const lab = new Lab({ times, changed: told('one') });
  const plain = lab.add('default', { withoutLoader: true, changed: told('default') });
  const folded = lab.add('folded', {
    withoutLoader: true,
    changed: told('folded'),
    foldKey: (bytes, start, end) => {
      for (let i = start; i < end; i++) bytes[i]! |= 0x20;
    },
  });
  const names = new CacheNames(lab.caches, lab.clock);
  const tracking: Tracking = new Tracking({
    names,
    clock: lab.clock,
    random: seededRandom(1),
    charge: (bytes) => lab.store.budget.charge(bytes),
    release: (bytes) => lab.store.budget.release(bytes),
    maxBytes: 1_000_000,
    client: () => undefined,
    soon: (run) => run(),
  });
  const client = new PushClient(1);
  tracking.turnOn(client, {
    ...{ redirect: 0, isBroadcast: false, isOptIn: false, isOptOut: false, isNoLoop: false },
    prefixes: [],
  });
  const put = (cache: Cache, key: string, tags: string[] = []): void => {
    const draft = lab.store.draft();
    draft.append(Buffer.from('v'));
    cache.write(Buffer.from(key), draft, { contentType: '', tags });
    draft.release();
  };
  return { lab, plain, folded, names, tracking, client, put };
}

test('a name is of the cache that it begins with, else of the default one', () => {
  const { names } = setUp();
  assert.is(names.cacheOf('one:a'), 'one');
  for (const name of ['a', 'two:a', 'default:a', ':a', '', 'one', 'One:a'])
    assert.is(names.cacheOf(name), 'default');
  for (const name of ['one:a', 'one:', 'a:b', 'one:\xff\x00']) {
    const cache = names.cacheOf(name);
    const key = cache === 'default' ? name : name.slice(cache.length + 1);
    assert.is(names.nameOf(cache, Buffer.from(key, 'latin1')), name);
  }
});

test('names that mean the same have one form', () => {
  const { names, folded, tracking, client, put } = setUp();
  assert.is(names.stored('folded:ABC'), 'folded:abc');
  assert.is(names.stored('one:ABC'), 'one:ABC');
  tracking.note(client, 'folded:Abc');
  put(folded, 'aBC');
  assert.equal(client.take(), [changed('folded:abc', 'folded:Abc')]);
});

test('what is there may be kept until it gets old, or ends; what is not there, if nothing loads it', async () => {
  const { lab, plain, names, put } = setUp({ refreshMs: 10_000, ttlMs: 60_000, retryMs: 5000 });
  assert.is(names.keepMs('one:a'), 0);
  assert.is(names.keepMs('a'), Number.POSITIVE_INFINITY);
  put(plain, 'a');
  assert.is(names.keepMs('a'), Number.POSITIVE_INFINITY);
  await lab.loaded('v', {}, 'a');
  const keepMs = names.keepMs('one:a');
  assert.ok(keepMs > 8000 && keepMs <= 10_000, String(keepMs));
  lab.clock.advance(10_000);
  assert.is(names.keepMs('one:a'), 5000);
  lab.clock.advance(49_000);
  assert.is(names.keepMs('one:a'), 1000);
  lab.clock.advance(1000);
  assert.is(names.keepMs('one:a'), 0);
});

test('a client keeps nothing for much longer than it is fresh here, though nobody reads it here any more', async () => {
  const { lab, tracking, client } = setUp({ refreshMs: 10_000, retryMs: 5000 });
  await lab.loaded('old', {}, 'a');
  tracking.note(client, 'one:a');
  lab.clock.advance(12_000);
  assert.equal(client.take(), [changed('one:a')]);
  // It looks again: the old value is served, and reloaded behind it.
  assert.is(lab.read('a').result, 'stale');
  tracking.note(client, 'one:a');
  lab.loader.last.answer('new');
  await settled();
  lab.clock.advance(7000);
  assert.equal(client.take(), [changed('one:a')]);
  assert.is(lab.read('a').text, 'new');
});

test('of a cache that passes through nothing may be kept', () => {
  const { plain, names } = setUp();
  plain.passThrough('joining', true);
  assert.is(names.keepMs('a'), 0);
});

test('who read what has a tag is told of it, and of what is not there any more', () => {
  const { plain, names, tracking, client, put } = setUp();
  put(plain, 'a', ['red', 'big']);
  put(plain, 'b', ['blue']);
  assert.ok(names.mayHave('a', 'red'));
  assert.not(names.mayHave('b', 'red'));
  assert.ok(names.mayHave('c', 'red'));
  tracking.note(client, 'a');
  tracking.note(client, 'b');
  plain.invalidateTag('red');
  assert.equal(client.take(), [changed('a')]);
});

test('every way a client changes an entry is told', () => {
  const { plain, tracking, client, put } = setUp();
  const ways: Record<string, () => void> = {
    write: () => put(plain, 'a'),
    invalidate: () => void plain.invalidateKey(Buffer.from('a')),
    refresh: () => void plain.refreshKey(Buffer.from('a')),
    prefix: () => void plain.invalidatePrefix(Buffer.from('a')),
    whole: () => void plain.invalidateAll(),
  };
  for (const [way, change] of Object.entries(ways)) {
    put(plain, 'a');
    tracking.note(client, 'a');
    change();
    assert.is(client.take().length, 1, way);
  }
});

test('a value that a change overtook while it was loaded is told behind its reply', async () => {
  const { lab, tracking, client } = setUp();
  const reading = lab.read('a');
  const read = tracking.wait(['one:a']);
  lab.cache.invalidateKey(Buffer.from('a'));
  lab.loader.last.answer('old');
  await settled();
  assert.is(reading.text, 'old');
  tracking.noteWaited(client, read);
  assert.equal(client.take(), [changed('one:a')]);
  assert.is(tracking.keys, 0);
});

test.run();
