// Bytes outside V8's heap, in equal blocks that are chained: nothing can fragment, and what is freed is used again.
//
// Memory is taken from the system a region at a time, when it is first needed, and is never given back, so RSS
// follows the largest use so far, not the budget. A value of n bytes takes ceil(n / BLOCK_BYTES) blocks, wherever
// they are. Who may allocate how much is the budget's business; the arena only checks that it has the block.

export const BLOCK_BYTES = 128;
/** What one block costs, its link included. */
export const BLOCK_COST_BYTES = BLOCK_BYTES + 4;

const REGION_SHIFT = 13;
const REGION_BLOCKS = 1 << REGION_SHIFT;
const REGION_MASK = REGION_BLOCKS - 1;

/** The end of a chain, and the answer where there is none. */
export const NO_BLOCK = -1;

export function blocksFor(bytes: number): number {
  return Math.ceil(bytes / BLOCK_BYTES);
}

export class Arena {
  readonly #maxBlocks: number;
  readonly #regions: Buffer[] = [];
  /** Link of each block to the next of its chain; of a free block to the next free one. */
  readonly #next: Int32Array;
  #freeHead = NO_BLOCK;
  #fresh = 0;

  constructor(maxBytes: number) {
    this.#maxBlocks = Math.ceil(maxBytes / BLOCK_COST_BYTES) + 1;
    this.#next = new Int32Array(this.#maxBlocks);
  }

  /** A chain of one block. */
  take(): number {
    let block = this.#freeHead;
    if (block !== NO_BLOCK) {
      this.#freeHead = this.#next[block]!;
    } else {
      if (this.#fresh === this.#maxBlocks) throw new Error('arena: more blocks taken than the budget has');
      block = this.#fresh++;
      if ((block & REGION_MASK) === 0)
        this.#regions.push(Buffer.allocUnsafeSlow(REGION_BLOCKS * BLOCK_BYTES));
    }
    this.#next[block] = NO_BLOCK;
    return block;
  }

  link(block: number, next: number): void {
    this.#next[block] = next;
  }

  next(block: number): number {
    return this.#next[block]!;
  }

  /** Returns every block of the chain. */
  free(head: number): void {
    let last = head;
    for (let next = this.#next[last]!; next !== NO_BLOCK; next = this.#next[last]!) last = next;
    this.#next[last] = this.#freeHead;
    this.#freeHead = head;
  }

  /** The region that holds `block`; its bytes begin at `offset(block)`. */
  region(block: number): Buffer {
    return this.#regions[block >>> REGION_SHIFT]!;
  }

  offset(block: number): number {
    return (block & REGION_MASK) * BLOCK_BYTES;
  }

  /** Copies `bytes[start, end)` into `block` at `at`; the caller keeps within the block. */
  write(block: number, at: number, bytes: Uint8Array, start: number, end: number): void {
    const region = this.region(block);
    let to = this.offset(block) + at;
    for (let from = start; from < end; from++) region[to++] = bytes[from]!;
  }

  /** Copies `length` bytes from position `from` of the chain into `target[at…]`. */
  read(head: number, from: number, target: Uint8Array, at: number, length: number): void {
    let block = head;
    let skip = from;
    while (skip >= BLOCK_BYTES) {
      block = this.#next[block]!;
      skip -= BLOCK_BYTES;
    }
    let to = at;
    let left = length;
    while (left > 0) {
      const region = this.region(block);
      const begin = this.offset(block) + skip;
      const end = begin + Math.min(left, BLOCK_BYTES - skip);
      for (let i = begin; i < end; i++) target[to++] = region[i]!;
      left -= end - begin;
      skip = 0;
      block = this.#next[block]!;
    }
  }

  /** Whether the chain holds `bytes[start, end)` from its beginning. */
  startsWith(head: number, bytes: Uint8Array, start: number, end: number): boolean {
    let block = head;
    let at = start;
    while (at < end) {
      const region = this.region(block);
      let i = this.offset(block);
      const stop = Math.min(end, at + BLOCK_BYTES);
      while (at < stop) if (region[i++] !== bytes[at++]) return false;
      block = this.#next[block]!;
    }
    return true;
  }
}
