// When an entry gets old, when it was read and when it goes: words of its record, where it has such times at all. Each but
// the second is counted from when the entry was loaded: in milliseconds up to 24 days, in seconds beyond.

import { type Entries, momentOf, roundedUp, TIMED } from './entries.ts';
import { timesWordOf } from './record.ts';
import type { Records } from './records.ts';

/** All as times of the clock, Infinity = never. */
export interface EntryTimes {
  readonly loadedAtMs: number;
  /** From here on: served, and reloaded behind the reader. */
  readonly refreshAtMs: number;
  /** From here on: a read waits for a load. */
  readonly waitAtMs: number;
  /** From here on: not served even when the origin fails. */
  readonly errorUntilMs: number;
  /** From here on: never served. */
  readonly diesAtMs: number;
}

const REFRESH = 0;
const WAIT = 1;
const ERROR = 2;
const DIES = 3;
const READ = 4;

const NEVER = Number.POSITIVE_INFINITY;
const NEVER_WORD = -1;
/** Words from here on are seconds. */
const SECONDS = 2 ** 31;

export class Lifetimes {
  readonly #entries: Entries;
  readonly #records: Records;

  constructor(entries: Entries, records: Records) {
    this.#entries = entries;
    this.#records = records;
  }

  /** Whether an entry with these times needs words for them. */
  static needsWords(times: Omit<EntryTimes, 'loadedAtMs'>): boolean {
    const { refreshAtMs, waitAtMs, errorUntilMs, diesAtMs } = times;
    return Math.min(refreshAtMs, waitAtMs, errorUntilMs, diesAtMs) !== NEVER;
  }

  /** A record was written anew: it has no times yet but when it was read. */
  begin(slot: number, readAtMs: number): void {
    if (this.#entries.has(slot, TIMED)) {
      for (const which of [REFRESH, WAIT, ERROR, DIES]) this.#setWord(slot, which, NEVER_WORD);
    }
    this.setReadAt(slot, readAtMs);
  }

  /** The record has words for times, or needs none. */
  set(slot: number, times: EntryTimes, nowMs: number): void {
    this.#entries.setLoadedAt(slot, times.loadedAtMs, nowMs);
    if (!this.#entries.has(slot, TIMED)) return;
    const loadedAtMs = this.#entries.loadedAtMs(slot, nowMs);
    this.#set(slot, REFRESH, times.refreshAtMs - loadedAtMs);
    this.#set(slot, WAIT, times.waitAtMs - loadedAtMs);
    this.#set(slot, ERROR, times.errorUntilMs - loadedAtMs);
    this.#set(slot, DIES, times.diesAtMs - loadedAtMs);
  }

  /** The same for an entry that was just loaded, and is as good as new until it goes. */
  setEnd(slot: number, diesAtMs: number, nowMs: number): void {
    const afterMs = diesAtMs - this.#entries.loadedAtMs(slot, nowMs);
    this.#set(slot, ERROR, afterMs);
    this.#set(slot, DIES, afterMs);
  }

  refreshAtMs(slot: number, nowMs: number): number {
    return this.#at(slot, REFRESH, nowMs);
  }

  waitAtMs(slot: number, nowMs: number): number {
    return this.#at(slot, WAIT, nowMs);
  }

  errorUntilMs(slot: number, nowMs: number): number {
    return this.#at(slot, ERROR, nowMs);
  }

  diesAtMs(slot: number, nowMs: number): number {
    return this.#at(slot, DIES, nowMs);
  }

  /** Notes that the entry was read. */
  setReadAt(slot: number, nowMs: number): void {
    this.#entries.setReadAt(slot, nowMs);
    if (this.#entries.has(slot, TIMED)) this.#setWord(slot, READ, roundedUp(nowMs));
  }

  /** To 10 ms, and to 4 s for an entry without times. */
  readAtMs(slot: number, nowMs: number): number {
    if (!this.#entries.has(slot, TIMED)) return this.#entries.readAtMs(slot, nowMs);
    const place = this.#entries.place(slot);
    return momentOf(this.#records.word(place, timesWordOf(this.#records, place) + READ), nowMs);
  }

  /** All of them, for an entry that may have none. */
  of(slot: number, nowMs: number): EntryTimes {
    return {
      loadedAtMs: this.#entries.loadedAtMs(slot, nowMs),
      refreshAtMs: this.refreshAtMs(slot, nowMs),
      waitAtMs: this.waitAtMs(slot, nowMs),
      errorUntilMs: this.errorUntilMs(slot, nowMs),
      diesAtMs: this.diesAtMs(slot, nowMs),
    };
  }

  #at(slot: number, which: number, nowMs: number): number {
    if (!this.#entries.has(slot, TIMED)) return NEVER;
    const place = this.#entries.place(slot);
    const word = this.#records.word(place, timesWordOf(this.#records, place) + which);
    if (word === NEVER_WORD) return NEVER;
    const loadedAtMs = this.#entries.loadedAtMs(slot, nowMs);
    return loadedAtMs + (word >= 0 ? word : (word + SECONDS) * 1000);
  }

  #set(slot: number, which: number, afterMs: number): void {
    this.#setWord(slot, which, wordOf(afterMs));
  }

  #setWord(slot: number, which: number, word: number): void {
    const place = this.#entries.place(slot);
    this.#records.setWord(place, timesWordOf(this.#records, place) + which, word);
  }
}

function wordOf(afterMs: number): number {
  if (afterMs === NEVER) return NEVER_WORD;
  const ms = Math.max(0, Math.ceil(afterMs));
  if (ms < SECONDS) return ms;
  return Math.min(Math.ceil(ms / 1000), SECONDS - 2) | SECONDS;
}
