// Keys that mean the same, and those who are told of each change: what caches of a preset need.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CacheChange } from '../../src/cache/cache.ts';
import { foldKey } from '../../src/landscape/keys.ts';
import { Lab } from './cache-lab.ts';

const test = suite('keys that are folded');

/** A lab with one cache whose keys are folded, and the changes that it told of. */
function foldingLab() {
  const changes: CacheChange[] = [];
  const lab = new Lab({ foldKey, changed: (change) => changes.push(change) });
  return { lab, changes };
}

test('a key in any case is one entry, for reads, writes and invalidations', async () => {
  const { lab } = foldingLab();
  await lab.loaded('value', {}, 'My-Key');
  assert.is(lab.read('my-key').result, 'hit');
  assert.is(lab.read('MY-KEY').result, 'hit');
  assert.is(lab.loader.last.key, 'my-key', 'loaded under its one form');
  lab.write('other', { key: 'mY-kEY' });
  assert.is(lab.read('my-key').text, 'other');
  assert.is(lab.apply('invalidate', { keys: ['MY-key'] }).entries, 1);
  await lab.loaded('third', {}, 'my-key');
  assert.is(lab.apply('invalidate', { prefixes: ['MY-'] }).entries, 1);
  await lab.end();
});

test('folding for one cache leaves the key as it is for the others of the same call', () => {
  const { lab } = foldingLab();
  const exact = lab.add('two', { withoutLoader: true });
  const key = Buffer.from('Key');
  lab.caches.apply(
    'invalidate',
    { caches: [lab.cache, exact], keys: [key], tags: [], prefixes: [] },
    'local',
  );
  assert.is(key.toString(), 'Key');
});

test('each change is told of once, after it, with what it is about', () => {
  const { lab, changes } = foldingLab();
  lab.write('value', { key: 'K' });
  lab.apply('invalidate', { keys: ['A'] });
  lab.apply('invalidate', { tags: ['tag'] });
  lab.apply('invalidate', { prefixes: ['P'] });
  lab.apply('invalidate', {});
  lab.apply('refresh', { keys: ['A'] });
  lab.apply('refresh', { tags: ['tag'] });
  lab.apply('refresh', { prefixes: ['P'] });
  lab.apply('refresh', {});
  const said = changes.map(({ soft, key, tag, prefix }) => [soft, `${key ?? tag ?? prefix ?? 'all'}`]);
  assert.equal(said, [
    [false, 'k'],
    [false, 'a'],
    [false, 'tag'],
    [false, 'p'],
    [false, 'all'],
    [true, 'a'],
    [true, 'tag'],
    [true, 'p'],
    [true, 'all'],
  ]);
});

test.run();
