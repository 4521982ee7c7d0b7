// V8's garbage, kept small, since promise 5 counts it. V8 collects when its own heap fills; the bytes of buffers lie
// outside it, and tens of megabytes of them may be dead before it looks. Who lets large ones go by says so here.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collecting what is young takes about a millisecond (measured); all of it some ten. */
const YOUNG_AFTER_BYTES = 2 << 20;
const ALL_AFTER_BYTES = 6 << 20;

type Collect = (how?: { type: 'minor' }) => void;

export class Garbage {
  #collect: Collect | undefined;
  #passedBytes = 0;
  #heldBytes = heldBytes();

  /** So many bytes in buffers or large strings are, or will soon be, of no use any more. */
  passed(bytes: number): void {
    this.#passedBytes += bytes;
    if (this.#passedBytes < YOUNG_AFTER_BYTES) return;
    this.#passedBytes = 0;
    this.#collect ??= takeCollector();
    this.#collect({ type: 'minor' });
    // What outlived two collections counts as old, long strings after one, and only a full one finds it dead.
    const grownBytes = heldBytes() - this.#heldBytes;
    if (grownBytes > ALL_AFTER_BYTES) this.#collect();
    if (grownBytes > ALL_AFTER_BYTES || grownBytes < 0) this.#heldBytes = heldBytes();
  }
}

/** V8's heap and the buffers outside it. */
function heldBytes(): number {
  const { used_heap_size, external_memory } = getHeapStatistics();
  return used_heap_size + external_memory;
}

/** V8's own collector, only when it is first needed: the context that it comes from takes an idle process 1 MB. */
function takeCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  return typeof collect === 'function' ? (how) => collect(how) : () => {};
}
