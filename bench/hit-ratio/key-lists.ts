// Doubly linked lists over the keys of a trace, which are small whole numbers from 1; a key is in one list or in none.

/** Of no list. */
export const NONE = 0;

export class KeyLists {
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #listOf: Uint8Array;
  readonly #sizes: number[];
  readonly #highestKey: number;

  /** Lists have numbers from 1 to `lists`. */
  constructor(keys: Uint32Array, lists: number) {
    this.#highestKey = keys.reduce((highest, key) => Math.max(highest, key), 0);
    const places = this.#highestKey + lists + 1;
    this.#next = Int32Array.from({ length: places }, (_, place) => place);
    this.#previous = Int32Array.from(this.#next);
    this.#listOf = new Uint8Array(places);
    this.#sizes = Array(lists + 1).fill(0);
  }

  listOf(key: number): number {
    return this.#listOf[key]!;
  }

  size(list: number): number {
    return this.#sizes[list]!;
  }

  /** The last of the list, 0 where it is empty. */
  last(list: number): number {
    return this.#key(this.#previous[this.#highestKey + list]!);
  }

  /** The key nearer the front than `key`, 0 where it is the first. */
  before(key: number): number {
    return this.#key(this.#previous[key]!);
  }

  remove(key: number): void {
    const list = this.#listOf[key]!;
    if (list === NONE) return;
    this.#sizes[list]!--;
    this.#listOf[key] = NONE;
    const next = this.#next[key]!;
    const previous = this.#previous[key]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
  }

  /** Puts the key at the front of the list, wherever it was. */
  toFront(list: number, key: number): void {
    this.remove(key);
    const head = this.#highestKey + list;
    const first = this.#next[head]!;
    this.#next[head] = key;
    this.#previous[key] = head;
    this.#next[key] = first;
    this.#previous[first] = key;
    this.#sizes[list]!++;
    this.#listOf[key] = list;
  }

  #key(place: number): number {
    return place > this.#highestKey ? 0 : place;
  }
}
