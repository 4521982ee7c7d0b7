// How often keys that are not in the cache were asked for of late, estimated from their hashes: a count-min sketch of
// 4-bit counters that ages. Entries count for themselves (slots.ts); what they have counted comes here when they go, so
// the favourites, which are asked for most, mislead nobody.
//
// A key has four counters in one block of 32 bytes, one in each quarter; its estimate is the lowest of the four, never too
// low. When sixteen times as many requests as there are entries have been counted, everything is halved, and
// half of the requests with it: the counters a chunk of 16 KiB a request, the entries' own by the epoch. Blocks grow in number one
// by one with the entries (linear hashing: the new block begins as a copy of the one that it relieves), never with a pause.
// The hash is keyed, so nobody outside can choose keys that share counters.
// Sources: Cormode and Muthukrishnan (2005); Einziger, Friedman and Manes, "TinyLFU" (2017); Litwin (1980).

const BLOCK_WORDS = 8;
const CHUNK_BLOCKS = 512;
const ENTRIES_PER_BLOCK = 4;
export const HIGHEST_COUNT = 15;
/** Counters up to 15 could tell nothing more of a longer time. */
const PERIOD_PER_ENTRY = HIGHEST_COUNT + 1;
/** A cache of a few entries would forget before it had learned. */
const FEWEST_ENTRIES = 16;
/** It begins to grow when room is first needed, and there may be many entries then. */
const BLOCKS_A_TICK = 8;
const NOT_HALVING = -1;

/** What the sketch costs an entry, beyond the first chunk of 16 KiB that every cache in use has. */
export const FREQUENCY_BYTES_PER_ENTRY = (BLOCK_WORDS * 4) / ENTRIES_PER_BLOCK;

export class Frequency {
  readonly #chunks: Uint32Array[] = [];
  /** A power of two; the blocks beyond it, `#split` of them, were split off the first ones. */
  #base = CHUNK_BLOCKS;
  #split = 0;
  #counted = 0;
  /** The next chunk to be halved. */
  #halving = NOT_HALVING;
  #epoch = 0;

  get bytes(): number {
    return this.#chunks.length * CHUNK_BLOCKS * BLOCK_WORDS * 4;
  }

  /** How many times everything was halved. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Counts one request, of any key, in a cache of `entries`. It does not grow before it is needed, that is `grows`. */
  tick(entries: number, grows = true): void {
    if (this.#halving !== NOT_HALVING) this.#halveChunk();
    else if (grows) this.#grow(entries);
    this.#counted++;
    if (this.#counted < PERIOD_PER_ENTRY * Math.max(entries, FEWEST_ENTRIES)) return;
    if (this.#halving !== NOT_HALVING) return;
    this.#counted >>>= 1;
    this.#epoch++;
    this.#halving = 0;
    this.#halveChunk();
  }

  /** The estimate, 0 to HIGHEST_COUNT. */
  of(hash: number): number {
    if (this.#chunks.length === 0) return 0;
    const block = this.#block(hash);
    const chunk = this.#chunk(block);
    const first = firstWord(block);
    let rows = mix(hash);
    let lowest = HIGHEST_COUNT;
    for (let row = 0; row < BLOCK_WORDS; row += 2, rows >>>= 4) {
      const word = first + row + ((rows >>> 3) & 1);
      const count = (chunk[word]! >>> ((rows & 7) << 2)) & HIGHEST_COUNT;
      if (count < lowest) lowest = count;
    }
    return lowest;
  }

  /** From now on the estimate for the key is at least `count`. */
  raise(hash: number, count: number): void {
    if (this.#chunks.length === 0) this.#chunks.push(newChunk());
    const block = this.#block(hash);
    const chunk = this.#chunk(block);
    const first = firstWord(block);
    let rows = mix(hash);
    for (let row = 0; row < BLOCK_WORDS; row += 2, rows >>>= 4) {
      const word = first + row + ((rows >>> 3) & 1);
      const shift = (rows & 7) << 2;
      const before = (chunk[word]! >>> shift) & HIGHEST_COUNT;
      if (before < count) chunk[word] = chunk[word]! + ((count - before) << shift);
    }
  }

  #block(hash: number): number {
    const block = hash & (this.#base * 2 - 1);
    return block < this.#base + this.#split ? block : block - this.#base;
  }

  #chunk(block: number): Uint32Array {
    return this.#chunks[(block / CHUNK_BLOCKS) | 0]!;
  }

  #grow(entries: number): void {
    for (let i = 0; i < BLOCKS_A_TICK; i++) {
      if ((this.#base + this.#split) * ENTRIES_PER_BLOCK >= entries) return;
      this.#addBlock();
    }
  }

  #addBlock(): void {
    if (this.#chunks.length === 0) this.#chunks.push(newChunk());
    const added = this.#base + this.#split;
    if (added % CHUNK_BLOCKS === 0) this.#chunks.push(newChunk());
    const source = this.#chunk(this.#split);
    const from = firstWord(this.#split);
    this.#chunk(added).set(source.subarray(from, from + BLOCK_WORDS), firstWord(added));
    if (++this.#split < this.#base) return;
    this.#base *= 2;
    this.#split = 0;
  }

  #halveChunk(): void {
    const chunk = this.#chunks[this.#halving];
    if (chunk) {
      for (let word = 0; word < chunk.length; word++) chunk[word] = (chunk[word]! >>> 1) & 0x77777777;
      this.#halving++;
    }
    if (this.#halving >= this.#chunks.length) this.#halving = NOT_HALVING;
  }
}

function newChunk(): Uint32Array {
  return new Uint32Array(CHUNK_BLOCKS * BLOCK_WORDS);
}

function firstWord(block: number): number {
  return (block % CHUNK_BLOCKS) * BLOCK_WORDS;
}

/** Other bits than those that choose the block. Source: the finalizer of MurmurHash3, public domain. */
function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
