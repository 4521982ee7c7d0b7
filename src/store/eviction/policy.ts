// Which entry of a cache goes when room is needed: W-TinyLFU with a window that follows what its edges are worth.
//
// A new entry comes into the window, which is in order of reading. What leaves the window for want of room has to
// have been asked for more often (slots.ts, frequency.ts) than what it would displace in the main part, or goes. The main
// part is in two segments: on probation, and protected since it was read there.
//
// No size of the window suits all: recency wants it large, loops and scans and steady favourites want it small. Its
// edge and the main part's are compared, hit by hit, by what a little more room would have brought. A miss of
// what the window let go lately (rejected.ts) is a hit that a larger window would have had: it grows. A hit on probation
// is one that a smaller main part may not have had: it shrinks. Each counts by the bytes over which it was watched
// for, so the window rests where a byte more is worth the same on either side. There is no sampling period, so it follows
// at the pace of requests, in caches of any size; a step is one entry's part of the cache.
//
// Sizes: frequencies are compared over the same bytes. A candidate must beat the sum of what it displaces, the last
// victim counted by the part of it that is needed.
// Sources: Einziger, Eytan, Friedman and Manes, "Adaptive Software Cache Management" (2018) and "Lightweight Robust
// Size Aware Cache Management" (2022); Megiddo and Modha, "ARC" (2003), for remembering what was let go.

import { NO_SLOT } from '../entries.ts';
import { emptyList, type RecencyList } from '../recency.ts';
import { Frequency } from './frequency.ts';
import { REMEMBERED_SHARE, Rejected } from './rejected.ts';
import { type EvictionSlots, PROBATION, PROTECTED, SEGMENTS, type Segment, WINDOW } from './slots.ts';

const LEAST_WINDOW = 0.01;
const MOST_WINDOW = 0.95;
/** Small, for a window too large costs more in the time it takes to shrink: but not so small that nothing is read in it. */
const FIRST_WINDOW = 0.05;
const PROTECTED_SHARE = 0.8;
/** The window's edge: so much of the cache beyond it says what a little more room would bring. */
const EDGE_SHARE = 0.1;
/** Entries to grow by. Probation is watched as a whole, but what it loses first is worth less than its average: hence 1.25. */
const EDGE_STEP = 1.25;
/** Farther off, up to REMEMBERED_SHARE: enough to find what only a far larger window would hold, too little to chase loops. */
const FAR_STEP = 0.1;
/** Bounds the work of one call; whoever displaces more than so many has lost, or all of them were never asked for. */
const MOST_VICTIMS = 16;
const MOST_MOVES = 4;
/** A victim that has won so often in a row is spared: one that was counted too high would shield all behind it. */
const MOST_WINS = 4;
/** Requests an entry, without need of room, after which hits say nothing of the edges. */
const PLENTY = 16;
/** Small enough for V8 to keep it without a heap number. */
const NEVER = 2 ** 30 - 1;

/** What the policy reads of entries. */
export interface EvictableEntries {
  hashOf(slot: number): number;
  costOf(slot: number): number;
}

export class EvictionPolicy {
  readonly #table: EvictableEntries;
  readonly #slots: EvictionSlots;
  readonly #lists: RecencyList[] = [emptyList(), emptyList(), emptyList()];
  readonly #bytes = new Float64Array(3);
  #frequency = new Frequency();
  #rejected = new Rejected();
  #entries = 0;
  /** What the cache held when room was last needed, or has held since: its room, as far as is known. */
  #roomBytes = 0;
  #windowShare = FIRST_WINDOW;
  /** Requests since room was last needed: while there is plenty, no hit says anything about the edges. */
  #idle = NEVER;
  #winner = NO_SLOT;
  #wins = 0;

  constructor(entries: EvictableEntries, slots: EvictionSlots) {
    this.#table = entries;
    this.#slots = slots;
  }

  /** The part of the cache's bytes that is meant for the window. */
  get windowShare(): number {
    return this.#windowShare;
  }

  /** Bytes of what it knows beyond slots. */
  get overheadBytes(): number {
    return this.#frequency.bytes + this.#rejected.bytes;
  }

  /** An entry was stored under a key that had none, asked for just now. */
  added(slot: number): void {
    const hash = this.#table.hashOf(slot);
    this.#entries++;
    this.#frequency.tick(this.#entries, this.#idle < NEVER);
    this.#setCount(slot, this.#frequency.of(hash) + 1);
    this.#learnFromMiss(this.#rejected.takeAgeBytes(hash) / this.#roomBytes);
    this.#link(slot, WINDOW);
    this.#roomBytes = Math.max(this.#roomBytes, this.#totalBytes);
    this.#fillMain();
  }

  /** `isNews`: for the first time in some seconds. While there is plenty of room, that is as exact as the order has to be. */
  read(slot: number, isNews: boolean): void {
    if (this.#idle < NEVER) this.#idle++;
    this.#frequency.tick(this.#entries, this.#idle < NEVER);
    this.#setCount(slot, this.#countOf(slot) + 1);
    if (!isNews && this.#hasPlenty) return;
    const segment = this.#slots.segment(slot);
    if (segment !== PROBATION) {
      const list = this.#lists[segment]!;
      if (list.newest === slot) return;
      this.#slots.remove(list, slot);
      this.#slots.pushNewest(list, slot);
      return;
    }
    this.#learnFromProbation();
    this.#move(slot, PROTECTED);
    this.#boundProtected();
  }

  /** The entry takes so many bytes more, or fewer where negative, in its place. */
  resized(slot: number, moreBytes: number): void {
    this.#bytes[this.#slots.segment(slot)]! += moreBytes;
  }

  removed(slot: number): void {
    if (this.#idle < NEVER) this.#frequency.raise(this.#table.hashOf(slot), this.#countOf(slot));
    if (slot === this.#winner) this.#winner = NO_SLOT;
    this.#unlink(slot);
    this.#entries--;
  }

  /** The whole cache was dropped: its entries, if any, are at the old end of `doomed` now. */
  cleared(doomed: RecencyList): void {
    for (const segment of SEGMENTS) {
      this.#slots.append(doomed, this.#lists[segment]!);
      this.#bytes[segment] = 0;
    }
    this.#frequency = new Frequency();
    this.#rejected = new Rejected();
    this.#idle = NEVER;
    this.#entries = 0;
    this.#winner = NO_SLOT;
  }

  /** The entry of the segment that was read longest ago, NO_SLOT where it has none. */
  oldestOf(segment: Segment): number {
    return this.#lists[segment]!.oldest;
  }

  /** Up to so many entries of each segment, those read last. */
  newest(most: number): number[] {
    const slots: number[] = [];
    for (const segment of SEGMENTS) {
      let slot = this.#lists[segment]!.newest;
      for (let i = 0; i < most && slot !== NO_SLOT; i++, slot = this.#slots.older(slot)) slots.push(slot);
    }
    return slots;
  }

  /** The entry to go next for `incomingBytes` that will be added, NO_SLOT where there is none; the caller removes it. */
  victimFor(incomingBytes: number): number {
    this.#idle = 0;
    this.#roomBytes = this.#totalBytes;
    this.#fillMain();
    this.#boundProtected();
    const candidate = this.#lists[WINDOW]!.oldest;
    const victim = this.#oldestOfMain();
    if (candidate === NO_SLOT || victim === NO_SLOT) return candidate === NO_SLOT ? victim : candidate;
    if (this.#bytes[WINDOW]! + incomingBytes <= this.#windowBytes) return victim;
    if (this.#beats(candidate, victim)) {
      this.#move(candidate, PROBATION);
      return victim;
    }
    this.#spareAfterWins(victim);
    this.#rejected.add(
      this.#table.hashOf(candidate),
      this.#table.costOf(candidate),
      this.#entries,
      this.#roomBytes,
    );
    return candidate;
  }

  /** Whether the candidate is asked for more often than all that would make way for it, from `victim` on. */
  #beats(candidate: number, victim: number): boolean {
    const count = this.#countOf(candidate);
    let missingBytes = this.#table.costOf(candidate);
    let displaced = 0;
    let next = victim;
    for (let i = 0; i < MOST_VICTIMS && next !== NO_SLOT && missingBytes > 0; i++) {
      const nextBytes = this.#table.costOf(next);
      const part = Math.min(1, missingBytes / nextBytes);
      displaced += this.#countOf(next) * part;
      if (count <= displaced) return false;
      missingBytes -= nextBytes;
      next = this.#newerInMain(next);
    }
    // A halving may have rounded either by one, and not yet been followed by the victim's turn to be asked for.
    return count > displaced + (displaced > 1 ? 1 : 0);
  }

  #spareAfterWins(victim: number): void {
    this.#wins = victim === this.#winner ? this.#wins + 1 : 1;
    this.#winner = victim;
    if (this.#wins < MOST_WINS) return;
    this.#move(victim, this.#slots.segment(victim));
    this.#wins = 0;
  }

  /** Lets the oldest of the window into the main part for as long as that has room of its own. */
  #fillMain(): void {
    for (let moves = 0; moves < MOST_MOVES; moves++) {
      const slot = this.#lists[WINDOW]!.oldest;
      if (slot === NO_SLOT || slot === this.#lists[WINDOW]!.newest) return;
      const mainBytes = this.#bytes[PROBATION]! + this.#bytes[PROTECTED]!;
      if (this.#bytes[WINDOW]! <= this.#windowBytes) return;
      if (mainBytes + this.#table.costOf(slot) > this.#roomBytes - this.#windowBytes) return;
      this.#move(slot, PROBATION);
    }
  }

  /** The main part may have become smaller, too: where all of it were protected, no read would tell what its edge is worth. */
  #boundProtected(): void {
    const list = this.#lists[PROTECTED]!;
    const mostBytes = (this.#roomBytes - this.#windowBytes) * PROTECTED_SHARE;
    for (let moves = 0; moves < MOST_MOVES && this.#bytes[PROTECTED]! > mostBytes; moves++) {
      if (list.oldest === list.newest) return;
      this.#move(list.oldest, PROBATION);
    }
  }

  /** `age` is how long ago the key was rejected, in parts of the cache. */
  #learnFromMiss(age: number): void {
    if (this.#hasPlenty) return;
    if (age <= EDGE_SHARE) this.#moveEdge(EDGE_STEP);
    else if (age <= REMEMBERED_SHARE) this.#moveEdge(FAR_STEP);
  }

  #setCount(slot: number, count: number): void {
    this.#slots.setCount(slot, count, this.#frequency.epoch);
  }

  #countOf(slot: number): number {
    return this.#slots.count(slot, this.#frequency.epoch);
  }

  #learnFromProbation(): void {
    if (this.#hasPlenty) return;
    this.#moveEdge((-EDGE_SHARE * this.#roomBytes) / this.#bytes[PROBATION]!);
  }

  #moveEdge(entries: number): void {
    const share = this.#windowShare + entries / this.#entries;
    this.#windowShare = Math.min(MOST_WINDOW, Math.max(LEAST_WINDOW, share));
  }

  /** No room was needed for so long that hits say nothing of the edges. */
  get #hasPlenty(): boolean {
    return this.#idle > this.#entries * PLENTY;
  }

  get #windowBytes(): number {
    return this.#windowShare * this.#roomBytes;
  }

  get #totalBytes(): number {
    return this.#bytes[WINDOW]! + this.#bytes[PROBATION]! + this.#bytes[PROTECTED]!;
  }

  #oldestOfMain(): number {
    const slot = this.#lists[PROBATION]!.oldest;
    return slot === NO_SLOT ? this.#lists[PROTECTED]!.oldest : slot;
  }

  #newerInMain(slot: number): number {
    const newer = this.#slots.newer(slot);
    if (newer !== NO_SLOT || this.#slots.segment(slot) === PROTECTED) return newer;
    return this.#lists[PROTECTED]!.oldest;
  }

  #move(slot: number, segment: Segment): void {
    this.#unlink(slot);
    this.#link(slot, segment);
  }

  #link(slot: number, segment: Segment): void {
    this.#slots.setSegment(slot, segment);
    this.#slots.pushNewest(this.#lists[segment]!, slot);
    this.#bytes[segment]! += this.#table.costOf(slot);
  }

  #unlink(slot: number): void {
    const segment = this.#slots.segment(slot);
    this.#slots.remove(this.#lists[segment]!, slot);
    this.#bytes[segment]! -= this.#table.costOf(slot);
  }
}
