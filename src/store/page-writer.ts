// Writes bytes into a chain of pages, one after the other.

import { NO_PAGE, PAGE_BYTES, type Pages } from './pages.ts';

export class PageWriter {
  readonly #pages: Pages;
  #tail = NO_PAGE;
  #beforeTail = NO_PAGE;
  #used = PAGE_BYTES;
  head = NO_PAGE;

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  append(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      if (this.#used === PAGE_BYTES) this.#grow();
      const stop = Math.min(bytes.length, at + PAGE_BYTES - this.#used);
      this.#pages.write(this.#tail, this.#used, bytes, at, stop);
      this.#used += stop - at;
      at = stop;
    }
  }

  /** Takes what lies in the last page, where it is not full, off the chain: copies it into `target` and frees the page. */
  cutTail(target: Uint8Array): number {
    if (this.#used === PAGE_BYTES) return 0;
    const length = this.#used;
    this.#pages.read(this.#tail, 0, target, 0, length);
    this.#pages.free(this.#tail);
    if (this.#beforeTail === NO_PAGE) this.head = NO_PAGE;
    else this.#pages.link(this.#beforeTail, NO_PAGE);
    this.#tail = this.#beforeTail;
    this.#used = PAGE_BYTES;
    return length;
  }

  #grow(): void {
    const page = this.#pages.take();
    if (this.head === NO_PAGE) this.head = page;
    else this.#pages.link(this.#tail, page);
    this.#beforeTail = this.#tail;
    this.#tail = page;
    this.#used = 0;
  }
}
