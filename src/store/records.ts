// Pieces of memory of any size up to some hundred kilobytes, packed: between two of them nothing is ever left free.
//
// Those of one size class lie one behind the other in a chain of pages, over the pages' edges where it comes so. When
// one is freed the last of its class takes its place, and whoever owns that is told. So of each class only the last
// page may be partly used, whatever the order in which sizes come and go: no fragmentation can build up, and a page
// that falls free is anybody's. A move costs the copy of one piece.
//
// A place is counted in words of 4 bytes: its page and the word in it.

import { copyWords } from './copy-words.ts';
import { NO_PAGE, PAGE_BYTES, PAGE_WORDS, type Pages } from './pages.ts';
import { classOf, SIZE_CLASSES, sizeOf } from './size-classes.ts';

const WORD_SHIFT = 10;
const WORD_MASK = PAGE_WORDS - 1;
/** A line of a processor's cache. */
const LINE_WORDS = 16;
const LINE_SHIFT = 6;
const LINE_BYTES = 1 << LINE_SHIFT;

class SizeClass {
  readonly words: number;
  pages = new Int32Array(4);
  pageCount = 0;
  count = 0;

  constructor(words: number) {
    this.words = words;
  }

  placeOf(index: number): number {
    const word = index * this.words;
    return this.pages[Math.floor(word / PAGE_WORDS)]! * PAGE_WORDS + (word & WORD_MASK);
  }
}

/** Told that what was at `from` is at `to` now. */
export type Moved = (from: number, to: number) => void;

export class Records {
  readonly #pages: Pages;
  readonly #moved: Moved;
  readonly #classes: (SizeClass | undefined)[] = Array.from({ length: SIZE_CLASSES }, () => undefined);

  constructor(pages: Pages, moved: Moved) {
    this.#pages = pages;
    this.#moved = moved;
  }

  /** A place for `bytes` bytes. */
  take(bytes: number): number {
    const sizeClass = this.#classFor(bytes);
    const end = (sizeClass.count + 1) * sizeClass.words;
    while (sizeClass.pageCount * PAGE_WORDS < end) this.#addPage(sizeClass);
    return sizeClass.placeOf(sizeClass.count++);
  }

  /** Gives back a place that was taken for `bytes` bytes. */
  free(place: number, bytes: number): void {
    const sizeClass = this.#classFor(bytes);
    const last = sizeClass.placeOf(sizeClass.count - 1);
    if (last !== place) {
      this.#copy(last, place, sizeClass.words);
      this.#moved(last, place);
    }
    sizeClass.count--;
    this.#releasePages(sizeClass);
  }

  /** The region of the place's first byte, which is at `offset(place)` there; the place may go on in another page. */
  bytes(place: number): Uint8Array {
    return this.#pages.bytes(place >>> WORD_SHIFT);
  }

  offset(place: number): number {
    return this.#pages.offset(place >>> WORD_SHIFT) + ((place & WORD_MASK) << 2);
  }

  word(place: number, index: number): number {
    let at = (place & WORD_MASK) + index;
    let page = place >>> WORD_SHIFT;
    for (; at >= PAGE_WORDS; at -= PAGE_WORDS) page = this.#pages.next(page);
    return this.#pages.words(page)[(this.#pages.offset(page) >>> 2) + at]!;
  }

  setWord(place: number, index: number, word: number): void {
    let at = (place & WORD_MASK) + index;
    let page = place >>> WORD_SHIFT;
    for (; at >= PAGE_WORDS; at -= PAGE_WORDS) page = this.#pages.next(page);
    this.#pages.words(page)[(this.#pages.offset(page) >>> 2) + at] = word;
  }

  /** A byte of a line of the place, counted from the one it begins in; 0 beyond the place's first page. */
  byteOfLine(place: number, line: number): number {
    const at = (place & WORD_MASK & -LINE_WORDS) + line * LINE_WORDS;
    return at < PAGE_WORDS ? this.bytes(place)[this.#pages.offset(place >>> WORD_SHIFT) + (at << 2)]! : 0;
  }

  /** How many lines so many bytes of the place are in. */
  linesOf(place: number, bytes: number): number {
    return (((place & (LINE_WORDS - 1)) << 2) + bytes + LINE_BYTES - 1) >>> LINE_SHIFT;
  }

  /** Copies `length` bytes from byte `from` of the place into `target[at…]`. */
  read(place: number, from: number, target: Uint8Array, at: number, length: number): void {
    this.#pages.read(place >>> WORD_SHIFT, ((place & WORD_MASK) << 2) + from, target, at, length);
  }

  /** The same to a view, for pieces that lie in one page and are short. */
  readShort(place: number, from: number, target: DataView, at: number, length: number): void {
    const page = place >>> WORD_SHIFT;
    copyWords(
      this.#pages.view(page),
      this.#pages.offset(page) + ((place & WORD_MASK) << 2) + from,
      target,
      at,
      length,
    );
  }

  /** Copies `bytes[start, end)` to byte `to` of the place. */
  write(place: number, to: number, bytes: Uint8Array, start: number, end: number): void {
    this.#pages.write(place >>> WORD_SHIFT, ((place & WORD_MASK) << 2) + to, bytes, start, end);
  }

  /** Whether `bytes[start, end)` stands at byte `from` of the place. */
  equals(place: number, from: number, bytes: Uint8Array, start: number, end: number): boolean {
    return this.#pages.equals(place >>> WORD_SHIFT, ((place & WORD_MASK) << 2) + from, bytes, start, end);
  }

  /** Whether the first `length` bytes of the place lie in one page. */
  inOnePage(place: number, length: number): boolean {
    return ((place & WORD_MASK) << 2) + length <= PAGE_BYTES;
  }

  #classFor(bytes: number): SizeClass {
    const at = classOf(bytes);
    let sizeClass = this.#classes[at];
    if (sizeClass === undefined) {
      sizeClass = new SizeClass(sizeOf(at) / 4);
      this.#classes[at] = sizeClass;
    }
    return sizeClass;
  }

  #addPage(sizeClass: SizeClass): void {
    const page = this.#pages.take();
    const { pageCount } = sizeClass;
    if (pageCount === sizeClass.pages.length) {
      const longer = new Int32Array(2 * pageCount);
      longer.set(sizeClass.pages);
      sizeClass.pages = longer;
    }
    if (pageCount > 0) this.#pages.link(sizeClass.pages[pageCount - 1]!, page);
    sizeClass.pages[sizeClass.pageCount++] = page;
  }

  #releasePages(sizeClass: SizeClass): void {
    const end = sizeClass.count * sizeClass.words;
    while (sizeClass.pageCount > 0 && (sizeClass.pageCount - 1) * PAGE_WORDS >= end) {
      this.#pages.free(sizeClass.pages[--sizeClass.pageCount]!);
      if (sizeClass.pageCount > 0) this.#pages.link(sizeClass.pages[sizeClass.pageCount - 1]!, NO_PAGE);
    }
  }

  #copy(from: number, to: number, words: number): void {
    let fromPage = from >>> WORD_SHIFT;
    let toPage = to >>> WORD_SHIFT;
    let fromAt = from & WORD_MASK;
    let toAt = to & WORD_MASK;
    for (let left = words; left > 0; ) {
      const part = Math.min(left, PAGE_WORDS - fromAt, PAGE_WORDS - toAt);
      const source = this.#pages.words(fromPage);
      const target = this.#pages.words(toPage);
      const begin = (this.#pages.offset(fromPage) >>> 2) + fromAt;
      const shift = (this.#pages.offset(toPage) >>> 2) + toAt - begin;
      for (let i = begin; i < begin + part; i++) target[i + shift] = source[i]!;
      left -= part;
      fromAt += part;
      toAt += part;
      if (fromAt === PAGE_WORDS) {
        fromPage = this.#pages.next(fromPage);
        fromAt = 0;
      }
      if (toAt === PAGE_WORDS) {
        toPage = this.#pages.next(toPage);
        toAt = 0;
      }
    }
  }
}
