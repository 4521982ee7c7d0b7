// Memory outside V8's heap in equal pages that are chained: nothing can fragment, and what is freed is used again.
//
// All of it is asked for at once, and the system backs it where it is first written and gets none of it back: RSS follows
// the largest use so far, not the budget. Were it asked for as the store grows, V8 would take that for garbage that
// piles up, and stop the daemon to collect its whole heap. Who may take how much is the budget's business; here it is
// only checked that there is a page. What lies in them: records, packed (records.ts), and long values, a page after another.

const PAGE_SHIFT = 12;
export const PAGE_BYTES = 1 << PAGE_SHIFT;
export const PAGE_WORDS = PAGE_BYTES / 4;
/** What a page costs, its link and its line in a list of pages included. */
export const PAGE_COST_BYTES = PAGE_BYTES + 8;

/** A region is one buffer, of 1 GiB where there are several. */
const REGION_SHIFT = 18;
const REGION_PAGES = 1 << REGION_SHIFT;
const REGION_MASK = REGION_PAGES - 1;

/** The end of a chain, and the answer where there is none. */
export const NO_PAGE = -1;

export class Pages {
  readonly #maxPages: number;
  readonly #bytes: Uint8Array[] = [];
  readonly #words: Int32Array[] = [];
  readonly #views: DataView[] = [];
  /** Link of each page to the next of its chain; of a free page to the next free one. */
  readonly #next: Int32Array;
  #freeHead = NO_PAGE;
  #fresh = 0;

  constructor(maxPages: number) {
    this.#maxPages = maxPages;
    this.#next = new Int32Array(maxPages);
    for (let first = 0; first < maxPages; first += REGION_PAGES)
      this.#addRegion(Math.min(maxPages - first, REGION_PAGES));
  }

  /** A chain of one page. */
  take(): number {
    let page = this.#freeHead;
    if (page !== NO_PAGE) {
      this.#freeHead = this.#next[page]!;
    } else {
      if (this.#fresh === this.#maxPages) throw new Error('pages: more taken than the budget has');
      page = this.#fresh++;
    }
    this.#next[page] = NO_PAGE;
    return page;
  }

  link(page: number, next: number): void {
    this.#next[page] = next;
  }

  next(page: number): number {
    return this.#next[page]!;
  }

  /** Returns every page of the chain. */
  free(head: number): void {
    let last = head;
    for (let next = this.#next[last]!; next !== NO_PAGE; next = this.#next[last]!) last = next;
    this.#next[last] = this.#freeHead;
    this.#freeHead = head;
  }

  /** The region that holds `page`; its bytes begin at `offset(page)`, its words at a quarter of that. */
  bytes(page: number): Uint8Array {
    return this.#bytes[page >>> REGION_SHIFT]!;
  }

  words(page: number): Int32Array {
    return this.#words[page >>> REGION_SHIFT]!;
  }

  view(page: number): DataView {
    return this.#views[page >>> REGION_SHIFT]!;
  }

  offset(page: number): number {
    return (page & REGION_MASK) << PAGE_SHIFT;
  }

  /** Copies `length` bytes from position `from` of the chain into `target[at…]`. */
  read(head: number, from: number, target: Uint8Array, at: number, length: number): void {
    let page = head;
    let skip = from;
    for (; skip >= PAGE_BYTES; skip -= PAGE_BYTES) page = this.#next[page]!;
    let to = at;
    for (let left = length; left > 0; skip = 0) {
      const begin = this.offset(page) + skip;
      const part = Math.min(left, PAGE_BYTES - skip);
      copyBytes(this.bytes(page), begin, target, to, part);
      to += part;
      left -= part;
      page = this.#next[page]!;
    }
  }

  /** Copies `bytes[start, end)` to position `from` of the chain, which is long enough. */
  write(head: number, from: number, bytes: Uint8Array, start: number, end: number): void {
    let page = head;
    let skip = from;
    for (; skip >= PAGE_BYTES; skip -= PAGE_BYTES) page = this.#next[page]!;
    for (let at = start; at < end; skip = 0) {
      const part = Math.min(end - at, PAGE_BYTES - skip);
      copyBytes(bytes, at, this.bytes(page), this.offset(page) + skip, part);
      at += part;
      page = this.#next[page]!;
    }
  }

  /** Whether `bytes[start, end)` stands at position `from` of the chain. */
  equals(head: number, from: number, bytes: Uint8Array, start: number, end: number): boolean {
    let page = head;
    let skip = from;
    for (; skip >= PAGE_BYTES; skip -= PAGE_BYTES) page = this.#next[page]!;
    for (let at = start; at < end; skip = 0) {
      const region = this.bytes(page);
      let i = this.offset(page) + skip;
      const stop = Math.min(end, at + PAGE_BYTES - skip);
      while (at < stop) if (region[i++] !== bytes[at++]) return false;
      page = this.#next[page]!;
    }
    return true;
  }

  #addRegion(pages: number): void {
    const bytes = Buffer.allocUnsafeSlow(pages * PAGE_BYTES);
    this.#bytes.push(bytes);
    this.#views.push(new DataView(bytes.buffer));
    this.#words.push(new Int32Array(bytes.buffer));
  }
}

/** Below so many bytes a loop is faster than the call that a copy of many is. */
const COPIED_ONE_BY_ONE = 64;
/** Taken from it once: what is global is behind a getter, and Buffer is. */
const { copy } = Buffer.prototype;

function copyBytes(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (length > COPIED_ONE_BY_ONE) {
    copy.call(from, to, at, start, start + length);
    return;
  }
  for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
}
