// What could not be had of a document: how much, and the first few by name.

const MOST_NAMED = 10;

export class Missing {
  readonly #named: string[] = [];
  #count = 0;

  add(what: string): void {
    if (this.#count++ < MOST_NAMED) this.#named.push(what);
  }

  get count(): number {
    return this.#count;
  }

  /** The first few, and how many more. */
  get list(): string[] {
    const more = this.#count - this.#named.length;
    return more > 0 ? [...this.#named, `and ${more} more`] : [...this.#named];
  }
}
