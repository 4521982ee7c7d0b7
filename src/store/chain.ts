// Writes bytes into a chain of blocks, one after the other.

import { type Arena, BLOCK_BYTES, NO_BLOCK } from './arena.ts';

export class ChainWriter {
  readonly #arena: Arena;
  #tail = NO_BLOCK;
  #used = BLOCK_BYTES;
  head = NO_BLOCK;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** Takes the first block though nothing is written yet: an entry of no bytes has one, too. */
  reserve(): void {
    if (this.head === NO_BLOCK) this.#grow();
  }

  append(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#used === BLOCK_BYTES) this.#grow();
      const stop = Math.min(end, at + BLOCK_BYTES - this.#used);
      this.#arena.write(this.#tail, this.#used, bytes, at, stop);
      this.#used += stop - at;
      at = stop;
    }
  }

  #grow(): void {
    const block = this.#arena.take();
    if (this.head === NO_BLOCK) this.head = block;
    else this.#arena.link(this.#tail, block);
    this.#tail = block;
    this.#used = 0;
  }
}
