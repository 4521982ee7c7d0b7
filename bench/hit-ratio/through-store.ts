// Replays a trace through the store as it runs in the daemon, all entries of one size; returns its misses.

import { NO_SLOT } from '../../src/store/entries.ts';
import { ENTRY_OVERHEAD_BYTES } from '../../src/store/entry-cost.ts';
import type { HashSeed } from '../../src/store/hash.ts';
import { Store } from '../../src/store/store.ts';

const PLAIN = { contentType: '', etag: '', tags: [] };

/** A header of three bytes, a key of four and its value of none take two words. */
const ENTRY_BYTES = ENTRY_OVERHEAD_BYTES + 8;

export interface Replay {
  misses: number;
  windowShare: number;
  evictionBytes: number;
}

export function throughStore(keys: Uint32Array, capacity: number, seed: HashSeed = [1, 2]): Replay {
  const shareBytes = capacity * ENTRY_BYTES;
  const store = new Store({ memoryBytes: 2 * shareBytes + (1 << 20), maxValueBytes: 0, seed });
  const cache = store.addCache({ shareBytes, evictable: true });
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
