// Caches that another instance has in another mode.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Modes } from '../../src/fleet/modes.ts';

const test = suite('modes');

test('a cache that differs anywhere is told once, and taken back when it differs nowhere', () => {
  const { modes, told } = modesOf({ a: 'local', b: 'invalidation' });
  modes.heard('one', { a: 'invalidation', b: 'invalidation' });
  modes.heard('two', { a: 'invalidation' });
  assert.equal(told, [['a', true]]);
  modes.heard('one', { a: 'local' });
  assert.equal(told, [['a', true]]);
  modes.forget('two');
  assert.equal(told, [
    ['a', true],
    ['a', false],
  ]);
});

test('a cache that one side does not know does not differ', () => {
  const { modes, told } = modesOf({ a: 'local' });
  modes.heard('one', { b: 'invalidation' });
  assert.equal(told, []);
});

test('a cache may be called as what every object has', () => {
  const { modes, told } = modesOf({ constructor: 'invalidation' } as unknown as Record<string, string>);
  modes.heard('one', {});
  assert.equal(told, []);
});

function modesOf(own: Record<string, string>) {
  const told: [string, boolean][] = [];
  return { modes: new Modes(own, (cache, differs) => told.push([cache, differs])), told };
}

test.run();
