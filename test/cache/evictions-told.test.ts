// Evictions and expiries as they are told to who watches them.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Lab } from './cache-lab.ts';

const MINUTE = 60_000;
const told = suite('evictions told');

told('every entry that expires, or goes for want of room, is told once, when it is gone', async () => {
  const watcher = { active: true };
  const lab = new Lab({ withoutLoader: true, times: { expiryMs: MINUTE }, shareBytes: 2000 });
  const keys: string[] = [];
  lab.caches.watchEvictions(watcher, (cache, key) => {
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
  lab.caches.watchEvictions(watcher, () => count++);
  lab.write('v', { key: 'a' });
  lab.clock.advance(2 * MINUTE);
  assert.is(lab.cache.shelf.stored.entries, 0);
  watcher.active = true;
  lab.write('v', { key: 'b' });
  lab.apply('invalidate', {});
  assert.is(count, 0);
  await lab.end();
});

told.run();
