// What this instance asks the others for: all of a replicated cache when it joins, what may have been missed, and what was
// too large to be sent along with an event, or found no room.
//
// Nothing of it replaces anything: what comes is taken where it is later than what is there. So it may come twice, from
// several, and in any order.

import type { Clock, Timer } from '../cache/clock.ts';
import { isCount } from '../fleet/hybrid-clock.ts';
import type { Member } from '../fleet/member.ts';
import type { Log } from '../log.ts';
import { type Debt, Debts, type Filter } from './debts.ts';
import { Download, type DownloadParts } from './download.ts';
import { Laters } from './laters.ts';
import type { Fetcher } from './replicas.ts';
import { originOf, type Stamp } from './stamp.ts';

export interface TransfersParts extends DownloadParts {
  readonly clock: Clock;
  /** Own incarnation. */
  readonly self: string;
  readonly syncMs: number;
  readonly members: () => readonly Member[];
  /** What was applied of each origin. */
  readonly vector: () => Readonly<Record<string, number>>;
  readonly log: Log;
}

/** Ready within this from the start, whoever may not have answered; where finding the others took it all, a little later. */
const JOIN_WITHIN_MS = 10_000;
const AT_LEAST_MS = 2000;
const AGAIN_AFTER_MS = 200;
const NEVER = Number.POSITIVE_INFINITY;
/** Clocks differ, and what was written before may still have been on its way. */
const SLACK_MS = 120_000;
const MOST_DEPARTED = 1000;
/** For what one that is gone may have told them. */
const MOST_ASKED = 24;
/** One that is full never has everything. */
const MOST_TRIES = 12;
/** In sync intervals: what a clock that is ahead had written is asked for again. */
const COMPARED_EVERY = 12;

export class Transfers implements Fetcher {
  readonly #parts: TransfersParts;
  readonly #download: Download;
  readonly #debts = new Debts();
  readonly #laters = new Laters();
  /** Caches that began without all that others had, or may have had: of those who were there before it is still to come. */
  readonly #lacking = new Set<string>();
  /** Members that left, and when they were last heard. */
  readonly #departed = new Map<string, number>();
  /** Since when some are gone of whose last words nobody could be asked. */
  #unaskedSinceMs = NEVER;
  /** Fetches that are going on, by cache. */
  readonly #fetching = new Map<string, number>();
  readonly #startedAtMs: number;
  #timer: Timer | undefined;
  #ticks = 0;
  /** As it was when it was last looked at. */
  #refusedAhead = 0;
  #isClosed = false;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
    this.#download = new Download(parts);
    this.#startedAtMs = parts.clock.now();
    parts.replicas.fetcher = this;
    this.#tick();
  }

  close(): void {
    this.#isClosed = true;
    this.#download.close();
    this.#timer?.cancel();
  }

  // --- joining

  /** Resolves when all caches are complete, or time is up. */
  async join(): Promise<void> {
    const { replicas, clock, members, self, vector, log } = this.#parts;
    const { [self]: _, ...toCover } = vector();
    const leftMs = this.#startedAtMs + JOIN_WITHIN_MS - clock.now();
    const late = clock.after(Math.max(AT_LEAST_MS, leftMs), () => {
      const lacking = replicas.incomplete;
      if (lacking.length === 0) return;
      log.warn('replicated caches may lack entries: nobody sent all of them', { caches: lacking });
      for (const name of lacking) this.#begin(name, true);
      for (const { identity } of members()) this.missed(lacking, identity.incarnation);
    });
    await Promise.all(replicas.incomplete.map((name) => this.#joinCache(name, toCover)));
    late.cancel();
  }

  async #joinCache(name: string, toCover: Readonly<Record<string, number>>): Promise<void> {
    const { replicas, clock } = this.#parts;
    while (!this.#isClosed && replicas.incomplete.includes(name)) {
      const by = await this.#mayBegin(name, toCover);
      if (by) this.#begin(name, by === 'lacking');
      else await new Promise<void>((resolve) => clock.after(AGAIN_AFTER_MS, resolve));
    }
  }

  /**
   * Whether somebody who has all of it gave it; or everybody gave what they have, of whom one had it but for what it is
   * fetching; or nobody has it, and this instance is the first of them.
   */
  async #mayBegin(
    name: string,
    toCover: Readonly<Record<string, number>>,
  ): Promise<'whole' | 'lacking' | undefined> {
    const { self } = this.#parts;
    let [isFirst, isAll, isAnyComplete] = [true, true, false];
    for (const member of this.#inTurn) {
      const given = await this.#download.all(name, member, {}, true);
      // Nor does a daemon count that has no such cache.
      if (given === 'refused' || (given && typeof given.complete !== 'boolean')) continue;
      const isComplete = given?.complete === true;
      if (given && isComplete && covers(given.vector, toCover)) {
        if (!given.behind) return given.lacking ? 'lacking' : 'whole';
        isAnyComplete = true;
      }
      if (!given) isAll = false;
      if (!given || isComplete || member.identity.incarnation < self) isFirst = false;
    }
    return isFirst || (isAll && isAnyComplete) ? 'lacking' : undefined;
  }

  #begin(name: string, isLacking: boolean): void {
    if (isLacking) this.#lacking.add(name);
    this.#parts.replicas.complete(name);
  }

  // --- what may have been missed

  /** Of what this one told. */
  missed(caches: readonly string[] | 'all', from: string): void {
    this.#owe(from, {}, caches);
    void this.#settle();
  }

  /**
   * What it told last may have come to some and not to all, unless it said farewell: then it has seen to that. What it had
   * to give, others are to give.
   */
  gone({ identity: { incarnation }, heardAtMs }: Member, saidFarewell: boolean): void {
    this.#departed.delete(incarnation);
    this.#departed.set(incarnation, heardAtMs);
    if (this.#departed.size > MOST_DEPARTED) this.#departed.delete(this.#departed.keys().next().value!);
    if (!saidFarewell) this.#unaskedSinceMs = Math.min(this.#unaskedSinceMs, heardAtMs);
    const debts = this.#debts.of(incarnation);
    for (const { identity } of this.#inTurn.slice(0, MOST_ASKED)) {
      if (!saidFarewell)
        this.#owe(identity.incarnation, { origin: originOf(incarnation), since: since(heardAtMs) });
      for (const debt of debts) this.#debts.add({ ...debt, from: identity.incarnation });
    }
    void this.#settle();
  }

  /**
   * Each may have heard of what the other has not, while they did not hear of each other; and one that is new may have heard
   * of it from who is gone. One that was there before this one may have all that this one began without.
   */
  met({ identity: { incarnation } }: Member): void {
    const heardAtMs = Math.min(this.#departed.get(incarnation) ?? NEVER, this.#unaskedSinceMs);
    if (heardAtMs !== NEVER) this.#owe(incarnation, { since: since(heardAtMs) });
    if (incarnation < this.#parts.self) this.#owe(incarnation, {}, [...this.#lacking]);
  }

  isLacking(cache: string): boolean {
    return this.#lacking.has(cache);
  }

  isBehind(cache: string): boolean {
    return this.#debts.isUnanswered(cache) || this.#laters.has(cache) || (this.#fetching.get(cache) ?? 0) > 0;
  }

  // --- what did not come along

  async fetch(cache: string, keys: readonly Buffer[], from: string, at?: Stamp): Promise<boolean> {
    const member = this.#member(from);
    this.#fetching.set(cache, (this.#fetching.get(cache) ?? 0) + 1);
    const missing = member ? await this.#download.keys(cache, member, keys, at) : keys;
    this.#fetching.set(cache, this.#fetching.get(cache)! - 1);
    for (const key of missing) this.later(cache, key, from, 0);
    return missing.length === 0;
  }

  async fetchAll(cache: string, from: string): Promise<boolean> {
    const member = this.#member(from);
    const given = member && (await this.#download.all(cache, member, {}));
    if (given === undefined) this.#owe(from, {}, [cache]);
    return given !== undefined;
  }

  later(cache: string, key: Buffer, from: string, bytes: number): void {
    // Too many: whatever it was, all is looked through once more.
    if (!this.#laters.add({ cache, key: key.toString('latin1'), from, bytes })) this.#owe(from, {}, [cache]);
  }

  // --- the inside

  #tick(): void {
    const { clock, syncMs } = this.#parts;
    this.#timer = clock.after(syncMs, () => {
      if (this.#isClosed) return;
      this.#tick();
      if (++this.#ticks % COMPARED_EVERY === 0) this.#compareAfterRefusals();
      void this.#settle();
      this.#tryLaters();
    });
  }

  /** A clock may be right by now, this one's or the other's. */
  #compareAfterRefusals(): void {
    const { replicas, members } = this.#parts;
    if (replicas.refused.ahead === this.#refusedAhead) return;
    this.#refusedAhead = replicas.refused.ahead;
    for (const { identity } of members()) this.#owe(identity.incarnation, {});
  }

  #owe(from: string, filter: Filter, caches: readonly string[] | 'all' = 'all'): void {
    for (const { cache } of this.#parts.replicas.all) {
      if (caches === 'all' || caches.includes(cache.name))
        this.#debts.add({ cache: cache.name, from, filter, tries: 0 });
    }
  }

  /** Each once; what fails again is owed again, as long as there is somebody to be asked. */
  async #settle(): Promise<void> {
    await Promise.all(this.#debts.take().map((debt) => this.#pay(debt)));
    if (this.#debts.isEmpty && this.#parts.members().length > 0) this.#unaskedSinceMs = NEVER;
  }

  async #pay(debt: Debt): Promise<void> {
    const { cache, from, filter, tries } = debt;
    const member = this.#member(from);
    const given = member && (await this.#download.all(cache, member, filter));
    this.#debts.settled(debt);
    // One that was only heard of is a member in a moment; who left has handed on what it owed.
    if (!member && !this.#departed.has(from) && tries < MOST_TRIES)
      this.#debts.add({ ...debt, tries: tries + 1 });
    if (!member || this.#member(from) !== member || given === 'refused') return;
    // Who has not got everything may get what is asked for in a moment.
    const isPartly = given !== undefined && (given.complete === false || given.behind);
    const isWhole = filter.origin === undefined && filter.since === undefined;
    if (given?.complete === true && isWhole && !given.behind && !given.lacking) this.#lacking.delete(cache);
    if (given === undefined) this.#debts.add(debt);
    else if (isPartly && tries < MOST_TRIES) this.#debts.add({ ...debt, tries: tries + 1 });
  }

  /** Who had it is asked, or, where that one is gone, anybody. */
  #tryLaters(): void {
    const { replicas, members } = this.#parts;
    const [anybody] = members().filter(({ status, place }) => status === 'up' && place !== undefined);
    if (!anybody) return;
    for (const { cache } of replicas.all) {
      const { store, stored } = cache.shelf;
      const shareBytes = (stored.shareBytes ?? Number.POSITIVE_INFINITY) - stored.bytes;
      const roomBytes = Math.min(store.budget.freeBytes, shareBytes);
      const keysOf = new Map<string, Buffer[]>();
      for (const { from, key } of this.#laters.takeFitting(cache.name, roomBytes)) {
        const asked = this.#member(from) ? from : anybody.identity.incarnation;
        keysOf.set(asked, [...(keysOf.get(asked) ?? []), Buffer.from(key, 'latin1')]);
      }
      for (const [from, keys] of keysOf) void this.fetch(cache.name, keys, from);
    }
  }

  /** Each instance begins with another one. */
  get #inTurn(): Member[] {
    const all = this.#parts.members();
    const first = all.length === 0 ? 0 : originOf(this.#parts.self) % all.length;
    return [...all.slice(first), ...all.slice(0, first)];
  }

  #member(incarnation: string): Member | undefined {
    return this.#parts.members().find(({ identity }) => identity.incarnation === incarnation);
  }
}

function since(heardAtMs: number): number {
  return Math.max(0, Math.floor(heardAtMs - SLACK_MS));
}

/** Whether who read it under `vector` had applied all of the other. */
function covers(vector: Readonly<Record<string, unknown>>, other: Readonly<Record<string, number>>): boolean {
  return Object.entries(other).every(([origin, sequence]) => {
    const theirs = vector[origin];
    return sequence === 0 || (isCount(theirs) && theirs >= sequence);
  });
}
