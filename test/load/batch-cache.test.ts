// A cache before a batching loader: what its readers miss together is one request, and each value an entry of its own.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Cache, HIT, WAIT } from '../../src/cache/cache.ts';
import { Caches } from '../../src/cache/caches.ts';
import type { Answer } from '../../src/cache/flight.ts';
import { loadsAtOnce } from '../../src/load/settings.ts';
import { Store } from '../../src/store/store.ts';
import { systemClock } from '../../src/system-clock.ts';
import { storedBytes } from '../store/shelves.ts';
import { type Answering, all, batching, ownValue } from './batching.ts';

const test = suite('a cache before a batching loader');

const MEMORY_BYTES = 8 << 20;
const OFF = { refreshMs: undefined, refreshAhead: false, expiryMs: undefined, ttlMs: undefined };
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `key-${i}`);

interface Lab {
  readonly store: Store;
  readonly cache: Cache;
  readonly asked: readonly string[][];
}

async function caching(answering: Answering, body: (lab: Lab) => Promise<void>): Promise<void> {
  await batching(answering, async ({ loader, asked }) => {
    const store = new Store({ memoryBytes: MEMORY_BYTES, maxValueBytes: 1 << 20, seed: [1, 2] });
    const caches = new Caches(store, systemClock, () => 0.5);
    const settings = { url: '{keys}', concurrency: 4, batchSize: 100 };
    const cache = caches.add({
      name: 'batched',
      times: { ...OFF, negativeMs: undefined, retryMs: 5000 },
      shareBytes: undefined,
      evictable: true,
      loading: {
        loader,
        settings: { softTimeoutMs: undefined, queue: 1000, concurrency: loadsAtOnce(settings) },
      },
      unstorable: () => undefined,
    });
    try {
      await body({ store, cache, asked });
      assert.is(store.room.draftBytes, 0);
    } finally {
      caches.close();
    }
  });
}

/** The answer to a reader who finds nothing: its text, or the code of its error. */
function miss({ cache }: Lab, key: string): Promise<string> {
  const bytes = Buffer.from(key);
  assert.is(cache.read(bytes, 0, bytes.length, systemClock.now()), WAIT);
  return new Promise((resolve) => {
    cache.wait(bytes, { answered: (answer) => resolve(outcomeOf(answer)) });
  });
}

function outcomeOf(answer: Answer): string {
  if (answer.kind === 'error') return answer.error.code;
  if (answer.kind === 'absent') return 'absent';
  const value = Buffer.alloc(answer.value.length);
  answer.value.copy(0, value, 0, value.length);
  answer.value.release();
  return value.toString();
}

test('row 22: 150 keys missed within the window are 2 origin calls of at most 100, and hits from then on', () =>
  caching(all, async (lab) => {
    const texts = await Promise.all(names(150).map((key) => miss(lab, key)));
    assert.equal(
      texts,
      names(150).map((key) => JSON.stringify(ownValue(key))),
    );
    assert.equal(
      lab.asked.map((keys) => keys.length),
      [100, 50],
    );
    for (const key of names(150)) {
      const bytes = Buffer.from(key);
      assert.is(lab.cache.read(bytes, 0, bytes.length, systemClock.now()), HIT);
      assert.is(storedBytes(lab.store, lab.cache.slot).toString(), JSON.stringify(ownValue(key)));
    }
    assert.is(lab.asked.length, 2);
  }));

test('an answer larger than the memory fails those values that find no room, and holds no more than they may', () => {
  const large = `"${'x'.repeat(512 * 1024)}"`;
  return caching(
    (keys, response) => response.end(`{${keys.map((key) => `"${key}":${large}`).join(',')}}`),
    async (lab) => {
      const texts = await Promise.all(names(40).map((key) => miss(lab, key)));
      const received = texts.filter((text) => text === large).length;
      const refused = texts.filter((text) => text === 'no_room').length;
      assert.is(received + refused, 40);
      // What is received may hold half of the memory.
      const most = MEMORY_BYTES / 2 / large.length;
      assert.ok(received > 0 && received <= most, `${received} of 40 received, at most ${most} may be`);
      assert.ok(lab.store.budget.usedBytes <= MEMORY_BYTES);
    },
  );
});

test.run();
