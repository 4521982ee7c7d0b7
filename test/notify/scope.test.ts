// What a change is about, and which change covers another.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { covers, mayOverlap, scopeOf } from '../../src/notify/scope.ts';
import { change } from './scripted-app.ts';

const test = suite('scope');

interface Text {
  caches?: string[];
  keys?: string[];
  tags?: string[];
  prefixes?: string[];
}

function scope({ keys = [], prefixes = [], ...rest }: Text) {
  const bytes = {
    keys: keys.map((key) => Buffer.from(key)),
    prefixes: prefixes.map((key) => Buffer.from(key)),
  };
  return scopeOf(change('a-1', { ...rest, ...bytes }));
}

const PAIRS: [name: string, outer: Text, inner: Text, covered: boolean, meets: boolean][] = [
  ['a cache and a key of it', {}, { keys: ['1'] }, true, true],
  ['a cache and another', {}, { caches: ['flags'] }, false, false],
  ['two caches and one of them', { caches: ['users', 'flags'] }, {}, true, true],
  ['keys and some of them', { keys: ['1', '2'] }, { keys: ['2'] }, true, true],
  ['keys and others', { keys: ['1'] }, { keys: ['2'] }, false, false],
  ['a prefix and a key that begins with it', { prefixes: ['a:'] }, { keys: ['a:1'] }, true, true],
  ['a prefix and one that begins with it', { prefixes: ['a:'] }, { prefixes: ['a:b'] }, true, true],
  ['a prefix and itself', { prefixes: ['a:'] }, { prefixes: ['a:'] }, true, true],
  ['a prefix and a key that does not', { prefixes: ['a:'] }, { keys: ['b:1'] }, false, false],
  ['keys, and more than keys', { keys: ['1'] }, { keys: ['1'], prefixes: ['1'] }, false, true],
  ['tags and some of them', { tags: ['t', 'u'] }, { tags: ['t'] }, true, true],
  ['a tag and another', { tags: ['t'] }, { tags: ['u'] }, false, true],
  ['a key and a tag', { keys: ['1'] }, { tags: ['t'] }, false, true],
  ['a key of one cache and of another', { keys: ['1'] }, { caches: ['flags'], keys: ['1'] }, false, false],
];

for (const [name, outer, inner, covered, meets] of PAIRS) {
  test(`${name}: ${covered ? 'covered' : 'not covered'}, ${meets ? 'may meet' : 'never meet'}`, () => {
    assert.is(covers(scope(outer), scope(inner)), covered);
    assert.is(mayOverlap(scope(outer), scope(inner)), meets);
    assert.is(mayOverlap(scope(inner), scope(outer)), meets);
  });
}

test('a key does not cover its cache', () => {
  assert.not(covers(scope({ keys: ['1'] }), scope({})));
});

test('a scope has one name, of bounded length', () => {
  assert.is(scope({ keys: ['1', '2'] }).name, scope({ keys: ['2', '1', '1'] }).name);
  assert.is.not(scope({ keys: ['1'] }).name, scope({ tags: ['1'] }).name);
  assert.ok(scope({ keys: ['x'.repeat(60_000)] }).name.length < 600);
});

test.run();
