// Replays a trace through the store as it runs in the daemon, all entries of one size; returns its misses.

import { BLOCK_COST_BYTES } from '../../src/store/arena.ts';
import { ENTRY_OVERHEAD_BYTES, NO_SLOT } from '../../src/store/entries.ts';
import type { HashSeed } from '../../src/store/hash.ts';
import { Store } from '../../src/store/store.ts';

const PLAIN = { contentType: '', etag: '', tags: [] };

/** A key and its value of none take one block. */
const ENTRY_BYTES = ENTRY_OVERHEAD_BYTES + BLOCK_COST_BYTES;

export interface Replay {
  misses: number;
  windowShare: number;
  evictionBytes: number;
}

export function throughStore(keys: Uint32Array, capacity: number, seed: HashSeed = [1, 2]): Replay {
  const store = new Store({ memoryBytes: capacity * ENTRY_BYTES, maxValueBytes: 0, seed });
  const cache = store.addCache({ shareBytes: undefined, evictable: true });
  const bytes = Buffer.alloc(4);
  let misses = 0;
  keys.forEach((key, at) => {
    bytes.writeUInt32LE(key);
    const slot = store.find(cache, bytes, 0, bytes.length);
    if (slot !== NO_SLOT) {
      store.touch(cache, slot, at);
      return;
    }
    misses++;
    const draft = store.draft(cache);
    store.put(cache, bytes, draft, PLAIN, at);
    draft.release();
    if (cache.entries > capacity) throw new Error(`the store holds ${cache.entries} entries of ${capacity}`);
  });
  const { windowShare, overheadBytes } = cache.eviction;
  return { misses, windowShare, evictionBytes: overheadBytes };
}
