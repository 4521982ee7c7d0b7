// V8's garbage, kept small, since promise 5 counts it. V8 collects when its own heap fills; the bytes of buffers lie
// outside it, and tens of megabytes of them may be dead before it looks. Who lets large ones go by says so here.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Collecting what is young takes about a millisecond (measured); all of it some ten. */
const YOUNG_AFTER_BYTES = 2 << 20;
const ALL_AFTER_BYTES = 6 << 20;

export type Collect = (how?: { type: 'minor' }) => void;

export interface GarbageParts {
  /** What V8 holds, dead or not. */
  readonly heldBytes: () => number;
  readonly takeCollector: () => Collect;
}

export class Garbage {
  readonly #parts: GarbageParts;
  #collect: Collect | undefined;
  /** Since what is young was collected last, and since all was. */
  #passedBytes = 0;
  #allPassedBytes = 0;
  #heldBytes = 0;

  constructor(parts: GarbageParts = { heldBytes, takeCollector }) {
    this.#parts = parts;
    this.begin();
  }

  /** What V8 holds now is of use: the daemon is set up, and the store has its memory. */
  begin(): void {
    this.#heldBytes = this.#parts.heldBytes();
    this.#allPassedBytes = 0;
  }

  /** So many bytes in buffers or large strings are, or will soon be, of no use any more. */
  passed(bytes: number): void {
    this.#passedBytes += bytes;
    this.#allPassedBytes += bytes;
    if (this.#passedBytes < YOUNG_AFTER_BYTES) return;
    this.#passedBytes = 0;
    this.#collect ??= this.#parts.takeCollector();
    this.#collect({ type: 'minor' });
    // What outlived two collections counts as old, long strings after one, and only a full one finds it dead. That cannot
    // be more than what passed: else it is of use, as compiled code is.
    const grownBytes = this.#parts.heldBytes() - this.#heldBytes;
    const isMuch = Math.min(grownBytes, this.#allPassedBytes) > ALL_AFTER_BYTES;
    if (isMuch) this.#collect();
    if (isMuch || grownBytes < 0) this.begin();
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
