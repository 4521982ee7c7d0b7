// What becomes of entries, as it is told to who watches them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lab } from './cache-lab.ts';
import { settled } from './fake-clock.ts';

const MINUTE = 60_000;
const told = suite('what becomes of entries');

told('every entry that expires, or goes for want of room, is told once, when it is gone', async () => {
  const watcher = { active: true };
  const lab = new Lab({ withoutLoader: true, times: { expiryMs: MINUTE }, shareBytes: 2000 });
  const keys: string[] = [];
  lab.caches.watchEntries(watcher, (cache, key) => {
    assert.is(cache, lab.cache.name);
    assert.is(lab.cache.shelf.peek(key), -1, 'it is gone');
    keys.push(key.toString());
  });
  for (let i = 0; i < 30; i++) lab.write('x'.repeat(100), { key: `k${i}` });
  assert.ok(keys.length > 10, `${keys.length} of 30`);
  lab.clock.advance(2 * MINUTE);
  assert.is(lab.cache.shelf.stored.entries, 0);
  assert.is(new Set(keys).size, 30);
  assert.is(keys.length, 30);
  await lab.end();
});

told('nothing is told while nobody watches, nor of what was invalidated', async () => {
  const watcher = { active: false };
  const lab = new Lab({ withoutLoader: true, times: { expiryMs: MINUTE } });
  let count = 0;
  lab.caches.watchEntries(watcher, () => count++);
  lab.write('v', { key: 'a' });
  lab.clock.advance(2 * MINUTE);
  assert.is(lab.cache.shelf.stored.entries, 0);
  watcher.active = true;
  lab.write('v', { key: 'b' });
  lab.apply('invalidate', {});
  assert.is(count, 0);
  await lab.end();
});

told('what a load has replaced, or found to be gone, is told before whoever waits is answered', async () => {
  const watcher = { active: true };
  const lab = new Lab({ times: { refreshMs: MINUTE, negativeMs: MINUTE } });
  const keys: string[] = [];
  lab.caches.watchEntries(watcher, (_cache, key) => keys.push(key.toString()));
  await lab.loaded('old');
  lab.clock.advance(MINUTE);
  lab.read();
  lab.loader.last.answer('new');
  await settled();
  lab.apply('invalidate', {});
  const waiting = lab.read();
  assert.equal(keys, ['key', 'key']);
  lab.loader.last.absent();
  await settled();
  assert.is(waiting.result, 'absent');
  assert.equal(keys, ['key', 'key', 'key']);
  await lab.end();
});

told.run();
