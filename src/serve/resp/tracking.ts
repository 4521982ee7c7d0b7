// Client tracking: who has read what, and who is to be told when it changes, gets old or goes, so that what clients keep
// in their own memory is what is here. No I/O: a push is handed to the connection, which sends it behind the reply
// under way. Source: Redis 7's CLIENT TRACKING.
//
//   a read ─▶ table: name → readers ─┐
//   a change, an end, a load ────────┴▶ its readers, once; and who gave a prefix of it
//
// Nothing that was read goes unwatched: for what cannot be noted the reader is told at once that it changed.

import type { CacheChange } from '../../cache/cache.ts';
import type { Clock } from '../../cache/clock.ts';
import type { TrackedTotals } from './server-facts.ts';
import type { Setting } from './settings.ts';
import { Broadcasts } from './tracking-broadcast.ts';
import { refusal, type TrackedClient, type TrackingOptions, TrackingState } from './tracking-client.ts';
import { TrackingDeadlines } from './tracking-deadlines.ts';
import { writeChanged } from './tracking-frames.ts';
import { ALL_CHANGED, TrackingNotices } from './tracking-notices.ts';
import { type Row, TrackingTable } from './tracking-table.ts';
import { TrackingWaits, type WaitedRead } from './tracking-waits.ts';

/** What is known of names, which are keys as RESP clients write them, of one character a byte. */
export interface TrackedNames {
  nameOf(cache: string, key: Buffer): string;
  /** Which cache it is of. */
  cacheOf(name: string): string;
  /** Names that mean the same have this in common. */
  stored(name: string): string;
  /** What is known of it now may be kept for so long; 0: it may not, Infinity: until it changes. Sets `version`. */
  keepMs(name: string): number;
  /** Of what `keepMs` was asked for last; 0: it is old, or there is nothing. */
  readonly version: number;
  /** Whether a change of all that has the tag may be one of this: what is not stored may have had it. */
  mayHave(name: string, tag: string): boolean;
}

export interface TrackingParts {
  readonly names: TrackedNames;
  readonly clock: Clock;
  /** In [0, 1). */
  random(): number;
  charge(bytes: number): boolean;
  release(bytes: number): void;
  /** Of the table. */
  readonly maxBytes: number;
  /** A client by its number; undefined: it is gone. */
  client(id: number): TrackedClient | undefined;
  /** Calls `run` when what is being done is done. */
  soon(run: () => void): void;
}

export class Tracking {
  /** Some client tracks: only then anything needs to be said to this. */
  active = false;
  /** Number of the client whose command is being run; 0: of none. What changes, changes by it. */
  by = 0;
  readonly #parts: TrackingParts;
  readonly #notices: TrackingNotices;
  readonly #table: TrackingTable;
  readonly #deadlines: TrackingDeadlines;
  readonly #broadcasts: Broadcasts;
  readonly #waits: TrackingWaits;

  constructor(parts: TrackingParts) {
    this.#parts = parts;
    this.#notices = new TrackingNotices(parts.client);
    this.#table = new TrackingTable({
      maxBytes: parts.maxBytes,
      charge: (bytes) => parts.charge(bytes),
      release: (bytes) => parts.release(bytes),
      random: () => parts.random(),
      dropped: (row) => {
        this.#deadlines.remove(row);
        this.#notices.tellOf(row, 0);
      },
    });
    this.#waits = new TrackingWaits(parts);
    this.#deadlines = new TrackingDeadlines(parts.clock, (rows) => this.#due(rows));
    this.#broadcasts = new Broadcasts({
      tell: (state, names) => this.#notices.tell(state, writeChanged(names)),
      soon: (run) => parts.soon(run),
    });
  }

  // --- what clients choose

  stateOf(client: TrackedClient): TrackingState | undefined {
    return client.tracks ? this.#notices.states.get(client.id) : undefined;
  }

  /** Returns why not; undefined: it is on. */
  turnOn(client: TrackedClient, options: TrackingOptions): string | undefined {
    const before = this.stateOf(client);
    const refused = refusal(before, options);
    if (refused !== undefined) return refused;
    const state = before ?? new TrackingState(client, options);
    Object.assign(state, { options, isRedirectBroken: false });
    this.#notices.states.set(client.id, state);
    client.tracks = true;
    this.active = true;
    const isAll = options.isBroadcast && options.prefixes.length === 0;
    for (const prefix of isAll ? [''] : options.prefixes) {
      state.prefixes.add(prefix);
      this.#broadcasts.add(state, prefix);
    }
    return undefined;
  }

  /** Also of a client that is gone. What it has read stays in the table until it changes. */
  turnOff(client: TrackedClient): void {
    const state = this.stateOf(client);
    if (!state) return;
    for (const prefix of state.prefixes) this.#broadcasts.remove(state, prefix);
    this.#notices.states.delete(client.id);
    client.tracks = false;
    this.active = this.#notices.states.size > 0;
    if (!this.active) this.#clear();
  }

  /** What CLIENT CACHING said held for one command, which is done. */
  commandDone(client: TrackedClient): void {
    const state = this.stateOf(client);
    if (state) state.isCachingSaid = false;
  }

  // --- what they read

  /** Whether what the client reads now is to be noted. */
  isNoting(client: TrackedClient): boolean {
    return this.stateOf(client)?.isNoting ?? false;
  }

  /** The client has read the name; to be said when the reply is there. */
  note(client: TrackedClient, name: string): void {
    const state = this.stateOf(client);
    if (!state) return;
    const { names } = this.#parts;
    const stored = names.stored(name);
    const keepMs = names.keepMs(stored);
    const { version } = names;
    // Who has read something else was not told, so it is told now.
    if (this.#table.get(stored)?.version !== version) this.#takeAndTell(stored, 0);
    const row = keepMs > 0 ? this.#table.add(stored, name, client.id) : undefined;
    if (!row) {
      this.#notices.tell(state, writeChanged([name]));
      return;
    }
    row.version = version;
    if (keepMs !== Number.POSITIVE_INFINITY && row.at !== -1) this.#deadlines.add(row, keepMs);
  }

  /** The client is reading the names, and its reply is to come: `noteWaited` is to be said of it then. */
  wait(names: readonly string[]): WaitedRead {
    return this.#waits.begin(
      names.map((asked) => {
        const stored = this.#parts.names.stored(asked);
        return { asked, stored, isHeld: this.#parts.names.keepMs(stored) > 0, hasChanged: false };
      }),
    );
  }

  noteWaited(client: TrackedClient, read: WaitedRead): void {
    this.#waits.end(read);
    const state = this.stateOf(client);
    const changed: string[] = [];
    for (const { asked, hasChanged } of read.names)
      if (hasChanged) changed.push(asked);
      else this.note(client, asked);
    if (state && changed.length > 0) this.#notices.tell(state, writeChanged(changed));
  }

  // --- what changes

  /** What the cache did; it is told by it right after. */
  changed(cache: string, { key, tag, prefix }: CacheChange): void {
    if (!this.active) return;
    const { names } = this.#parts;
    if (key !== undefined) {
      if (this.#hasNothing) return;
      const name = names.nameOf(cache, key);
      this.#waits.changed(name);
      this.#changedOne(name, this.by);
    } else if (tag !== undefined) this.#changedMany(cache, '', (name) => names.mayHave(name, tag));
    else if (prefix !== undefined) this.#changedMany(cache, prefix.toString('latin1'), () => true);
    else if (names.nameOf(cache, NO_KEY) === '') this.flush();
    else this.#changedMany(cache, '', () => true);
  }

  /** An entry was evicted or expired, or was replaced by what its origin says now: no client did that. */
  gone(cache: string, key: Buffer): void {
    if (!this.active || this.#hasNothing) return;
    const name = this.#parts.names.nameOf(cache, key);
    this.#waits.replaced(name);
    this.#changedOne(name, 0);
  }

  /** All may have changed: everybody is told to keep nothing. */
  flush(): void {
    if (!this.active) return;
    this.#broadcasts.forget();
    this.#waits.changedWhere(() => true);
    this.#clear();
    for (const state of this.#notices.states.values()) this.#notices.tell(state, writeChanged(undefined));
  }

  // --- for those who count

  get clients(): number {
    return this.#notices.states.size;
  }

  get keys(): number {
    return this.#table.size;
  }

  get bytes(): number {
    return this.#table.bytes;
  }

  get totals(): TrackedTotals {
    return { keys: this.#table.size, items: this.#table.items, prefixes: this.#broadcasts.size };
  }

  get setting(): Setting {
    const table = this.#table;
    return {
      ...{ name: 'tracking-table-max-keys', least: 0, most: Number.MAX_SAFE_INTEGER },
      get: () => table.mostRows,
      set: (count) => {
        table.mostRows = count;
        table.shrink();
      },
    };
  }

  // --- the inside

  /** Nobody has read anything, or wants to hear of all there is. */
  get #hasNothing(): boolean {
    return this.#table.size === 0 && this.#broadcasts.size === 0 && this.#waits.size === 0;
  }

  #changedOne(name: string, by: number): void {
    this.#takeAndTell(name, by);
    this.#broadcasts.changed(name, by);
  }

  #takeAndTell(name: string, by: number): void {
    const row = this.#table.take(name);
    if (!row) return;
    this.#deadlines.remove(row);
    this.#notices.tellOf(row, by);
  }

  /** Those of the cache whose keys begin with `prefix`. Broadcasts keep no names: who may be concerned keeps nothing. */
  #changedMany(cache: string, prefix: string, isMeant: (name: string) => boolean): void {
    const { names } = this.#parts;
    const begin = names.nameOf(cache, NO_KEY) + prefix;
    const isOfCache = (name: string): boolean => names.cacheOf(name) === cache;
    const isConcerned = (name: string): boolean => name.startsWith(begin) && isOfCache(name) && isMeant(name);
    this.#waits.changedWhere(isConcerned);
    const rows = this.#table.takeWhere(isConcerned);
    for (const row of rows) this.#deadlines.remove(row);
    this.#notices.tellOfAll(rows);
    // A prefix that is shorter than the cache's name and colon may be of this cache and of others.
    const mayMatter = (given: string): boolean => begin.startsWith(given) || isOfCache(given);
    for (const state of this.#broadcasts.concerned(begin, mayMatter)) this.#notices.tell(state, ALL_CHANGED);
  }

  /** It may be kept on where it is what was read, and is not old; to what was old, its readers are to look again. */
  #due(rows: readonly Row[]): void {
    const { names } = this.#parts;
    const old = rows.filter((row) => {
      const keepMs = names.keepMs(row.name);
      const isSame = keepMs > 0 && row.version !== 0 && names.version === row.version;
      if (isSame) this.#deadlines.add(row, keepMs);
      return !isSame;
    });
    for (const { name } of old) this.#table.take(name);
    this.#notices.tellOfAll(old);
  }

  #clear(): void {
    this.#table.clear();
    this.#deadlines.clear();
  }
}

const NO_KEY = Buffer.alloc(0);
