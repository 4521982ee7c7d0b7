// V8's garbage, kept small, since promise 5 counts it. V8 collects when its own heap fills; the bytes of buffers lie
// outside it, and tens of megabytes of them may be dead before it looks. Who lets large ones go by says so here.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collecting what is young takes about a millisecond (measured); all of it some ten. */
const YOUNG_AFTER_BYTES = 2 << 20;
const ALL_AFTER_BYTES = 6 << 20;

/** The longest that V8 takes: 23 days. */
const NEVER_MS = 2_000_000_000;

type Collect = (how?: { type: 'minor' }) => void;

export class Garbage {
  #collect: Collect | undefined;
  #passedBytes = 0;
  #heldBytes = 0;

  constructor() {
    keepHeapTight();
    this.#heldBytes = heldBytes();
  }

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

/**
 * Keeps the space of young objects at its first size, 1 MiB: V8 would let it grow to 16 MiB and more under load, and
 * at 30,000 requests a second that is no faster (measured). What became old too early for it is marked, beside the work,
 * from 60 % of the way to V8's limit on. V8 itself would begin so late that the limit may come first, and then it marks
 * everything at once: 9 to 15 ms, in place of 2 (measured). So there is little that V8 could give back when nothing has
 * happened for some seconds, and packing the whole heap for it would stop a daemon that is read from again for 11 ms
 * (measured).
 */
function keepHeapTight(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
  setFlagsFromString('--incremental-marking-soft-trigger=60');
  setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${NEVER_MS}`);
}

/** V8's own collector, only when it is first needed: the context that it comes from takes an idle process 1 MB. */
function takeCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  return typeof collect === 'function' ? (how) => collect(how) : () => {};
}
