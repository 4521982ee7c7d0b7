// What a store asks of V8 it asks for at its beginning, within what typed arrays can number.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MOST_MEMORY_BYTES } from '../../src/config/memory-limit.ts';
import { collectGarbage } from './collect-garbage.ts';
import { newCache, newStore, putBytes } from './shelves.ts';

const MIB = 1 << 20;

const test = suite('memory that a store reserves');

test('it does not grow with what is stored, or V8 would collect its whole heap for it again and again', () => {
  const store = newStore({ memoryBytes: 32 * MIB });
  const cache = newCache(store);
  const value = Buffer.alloc(1000);
  const atFirst = buffersBytes();
  for (let i = 0; store.budget.usedBytes < 24 * MIB; i++) putBytes(store, cache, `key:${i}`, value);
  assert.ok(buffersBytes() - atFirst < MIB / 2, `${buffersBytes() - atFirst} bytes more`);
});

test('the largest memory that may be configured can be had, and none of it is taken before it is used', () => {
  // The process itself takes memory now and then, for what V8 compiles: the least of some tries is the store's.
  const taken = Array.from({ length: 5 }, () => {
    collectGarbage();
    const residentBytes = process.memoryUsage.rss();
    const store = newStore({ memoryBytes: MOST_MEMORY_BYTES });
    putBytes(store, newCache(store), 'key', Buffer.from('value'));
    assert.is(store.entries.live, 1);
    return process.memoryUsage.rss() - residentBytes;
  });
  assert.ok(Math.min(...taken) < 4 * MIB, `${taken} bytes`);
});

function buffersBytes(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

test.run();
