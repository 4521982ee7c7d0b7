// Doubly linked lists of slots in their words, most recently read first.

import { NO_SLOT } from './entries.ts';
import { NEWER, OLDER, SLOT_WORDS } from './slot-words.ts';

export interface RecencyList {
  newest: number;
  oldest: number;
}

export function emptyList(): RecencyList {
  return { newest: NO_SLOT, oldest: NO_SLOT };
}

export class Recency {
  readonly #words: Int32Array;

  /** `words`: those of the slots. */
  constructor(words: Int32Array) {
    this.#words = words;
  }

  older(slot: number): number {
    return this.#words[slot * SLOT_WORDS + OLDER]!;
  }

  newer(slot: number): number {
    return this.#words[slot * SLOT_WORDS + NEWER]!;
  }

  pushNewest(list: RecencyList, slot: number): void {
    this.#words[slot * SLOT_WORDS + NEWER] = NO_SLOT;
    this.#words[slot * SLOT_WORDS + OLDER] = list.newest;
    if (list.newest === NO_SLOT) list.oldest = slot;
    else this.#words[list.newest * SLOT_WORDS + NEWER] = slot;
    list.newest = slot;
  }

  remove(list: RecencyList, slot: number): void {
    const newer = this.#words[slot * SLOT_WORDS + NEWER]!;
    const older = this.#words[slot * SLOT_WORDS + OLDER]!;
    if (newer === NO_SLOT) list.newest = older;
    else this.#words[newer * SLOT_WORDS + OLDER] = older;
    if (older === NO_SLOT) list.oldest = newer;
    else this.#words[older * SLOT_WORDS + NEWER] = newer;
  }

  /** Moves the whole of `from` to the old end of `to`. */
  append(to: RecencyList, from: RecencyList): void {
    if (from.newest === NO_SLOT) return;
    if (to.oldest === NO_SLOT) {
      to.newest = from.newest;
    } else {
      this.#words[to.oldest * SLOT_WORDS + OLDER] = from.newest;
      this.#words[from.newest * SLOT_WORDS + NEWER] = to.oldest;
    }
    to.oldest = from.oldest;
    from.newest = NO_SLOT;
    from.oldest = NO_SLOT;
  }
}
