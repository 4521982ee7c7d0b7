// A list of the Cloud Controller, all pages of it: the first one says how many there are, the others are asked for together.

import { LoadError } from '../errors.ts';
import { codeOf, isObject, parseObject, refusal } from './api-errors.ts';
import type { RequestType } from './cloud-controller.ts';
import type { ApiCounters } from './counters.ts';
import type { Answered } from './exchange.ts';
import { MalformedResource } from './read-records.ts';
import type { ApiReport } from './report.ts';

export interface List<T> {
  readonly type: RequestType;
  /** With the filters, without the page. */
  readonly query: URL;
  readonly read: (resource: unknown) => T;
}

export interface PagesParts {
  readonly place: string;
  readonly pageSize: number;
  readonly counters: ApiCounters;
  readonly report: ApiReport;
  get(type: RequestType, url: URL, signal: AbortSignal): Promise<Answered>;
  /** Told that so many bytes are garbage now. */
  readonly passed: (bytes: number) => void;
  /** Of the text of all pages of one list. */
  readonly maxListBytes: number;
}

interface Page<T> {
  readonly records: readonly T[];
  readonly textBytes: number;
  readonly totalPages: number;
  readonly totalResults: number;
}

/** More pages than any list of a Cloud Controller has. */
const MOST_PAGES = 1000;
/** A first page that says so many times what a list may be is believed; later ones are often shorter. */
const TOO_LONG_BY_FAR = 2;
const MIB = 1024 * 1024;
/** A list that changes while it is read is read anew so often: an item may have moved to a page that was read before. */
const MOST_READINGS = 3;

/** A text as it came, as a string and as objects (measured: some three times itself). */
const GARBAGE_OF_TEXT = 3;

export class Pages {
  readonly #parts: PagesParts;

  constructor(parts: PagesParts) {
    this.#parts = parts;
  }

  /** Every record once. Throws LoadError, where one page fails, too. What of it still runs is the signal's to end. */
  async all<T extends { readonly guid: string }>(list: List<T>, signal: AbortSignal): Promise<T[]> {
    let pages: Page<T>[] = [];
    for (let reading = 0; reading < MOST_READINGS; reading++) {
      // What was read before is not held beside what is read anew.
      pages = [];
      pages = await this.#readAll(list, signal);
      if (pages.every(({ totalResults }) => totalResults === pages[0]?.totalResults)) break;
    }
    this.#parts.report.succeeded(list.type);
    const byGuid = new Map<string, T>();
    for (const { records } of pages) for (const record of records) byGuid.set(record.guid, record);
    return [...byGuid.values()];
  }

  async #readAll<T>(list: List<T>, signal: AbortSignal): Promise<Page<T>[]> {
    const { maxListBytes } = this.#parts;
    const first = await this.#read(list, 1, signal);
    if (first.textBytes * first.totalPages > maxListBytes * TOO_LONG_BY_FAR) throw this.#tooLong(list.type);
    let readBytes = first.textBytes;
    const readOther = async (page: number): Promise<Page<T>> => {
      const other = await this.#read(list, page, signal);
      readBytes += other.textBytes;
      if (readBytes > maxListBytes) throw this.#tooLong(list.type);
      return other;
    };
    const others = Array.from({ length: Math.max(0, first.totalPages - 1) }, (_, i) => readOther(i + 2));
    return [first, ...(await Promise.all(others))];
  }

  #tooLong(type: RequestType): LoadError {
    return this.#bad(type, `a list of more than ${Math.floor(this.#parts.maxListBytes / MIB)} MiB`);
  }

  /** Not by the links of the page before: those would have to be waited for, and name what the API takes for its address. */
  async #read<T>({ type, query, read }: List<T>, page: number, signal: AbortSignal): Promise<Page<T>> {
    const url = new URL(query);
    url.searchParams.set('per_page', String(this.#parts.pageSize));
    url.searchParams.set('page', String(page));
    const answered = await this.#parts.get(type, url, signal);
    if (answered.status !== 200) {
      throw this.#parts.report.failed(type, codeOf(type, answered), refusal(this.#parts.place, answered));
    }
    const parsed = this.#parse(type, read, answered.text);
    this.#parts.passed(answered.text.length * GARBAGE_OF_TEXT);
    return parsed;
  }

  #parse<T>(type: RequestType, read: (resource: unknown) => T, text: string): Page<T> {
    if (isDense(text)) throw this.#bad(type, 'more objects and lists than any list has');
    const body = parseObject(text);
    if (body === undefined) throw this.#bad(type, 'something that is not a JSON object');
    const { pagination, resources } = body;
    if (!isObject(pagination) || !Array.isArray(resources))
      throw this.#bad(type, 'something that is not a list');
    const { total_pages: totalPages, total_results: totalResults } = pagination;
    if (!isCount(totalPages) || !isCount(totalResults)) throw this.#bad(type, 'a list of no known length');
    if (totalPages > MOST_PAGES) throw this.#bad(type, `a list of more than ${MOST_PAGES} pages`);
    return {
      records: this.#records(type, read, resources),
      totalPages,
      totalResults,
      textBytes: Buffer.byteLength(text),
    };
  }

  #records<T>(type: RequestType, read: (resource: unknown) => T, resources: readonly unknown[]): T[] {
    try {
      return resources.map(read);
    } catch (error) {
      if (error instanceof MalformedResource) throw this.#bad(type, error.message);
      throw error;
    }
  }

  #bad(type: RequestType, what: string): LoadError {
    const { counters, report, place } = this.#parts;
    counters.failed('bad_answer');
    return report.failed(type, 'bad_answer', new LoadError('load_failed', `${place} answered with ${what}`));
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Shorter ones may be as they like. */
const MAX_ANY_CHARS = 64 * 1024;
/** Of text for each object and each list in it; the densest of the API's has some 40. */
const FEWEST_CHARS = 16;

/** Parsed, a text of nothing but brackets would hold many times itself, and take as long. */
function isDense(text: string): boolean {
  if (text.length <= MAX_ANY_CHARS) return false;
  let left = text.length / FEWEST_CHARS;
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (--left < 0) return true;
    }
  }
  return false;
}
