// What this instance fetches from the others: all of a replicated cache when it joins, what may have been missed, and what
// was too large to be sent along with an event, or found no room.
//
// Nothing of it replaces anything: what comes is taken where it is later than what is there (replica.ts). So it may come
// twice, from several, and in any order.

import type { Clock, Timer } from '../cache/clock.ts';
import { RoomError, SidecacheError } from '../errors.ts';
import { isCount } from '../fleet/hybrid-clock.ts';
import type { Outcome } from '../fleet/link.ts';
import type { Member } from '../fleet/member.ts';
import { fieldsOf } from '../fleet/sync-message.ts';
import type { Log } from '../log.ts';
import { encodePercent } from '../units/percent.ts';
import { type Copy, parseCopy } from './copy.ts';
import { Laters } from './laters.ts';
import type { Fetcher, Replicas } from './replicas.ts';
import { originOf, parseStamp } from './stamp.ts';

export interface TransfersParts {
  readonly replicas: Replicas;
  readonly clock: Clock;
  /** Own incarnation. */
  readonly self: string;
  readonly syncMs: number;
  readonly members: () => readonly Member[];
  readonly ask: (member: Member, asked: object, timeoutMs: number) => Promise<Outcome>;
  /** What was applied of each origin. */
  readonly vector: () => Readonly<Record<string, number>>;
  /** Memory for what is received. */
  readonly charge: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
  /** So much of it is charged for each answer at most. */
  readonly mostBytes: number;
  readonly log: Log;
}

type Fields = Readonly<Record<string, unknown>>;

/** Only what was written by this origin, and since this time. */
interface Filter {
  readonly origin?: number;
  readonly since?: number;
}

interface Owed {
  readonly cache: string;
  readonly from: string;
  readonly filter: Filter;
}

/** Ready within this, whoever may not have answered. */
const JOIN_WITHIN_MS = 10_000;
const AGAIN_AFTER_MS = 200;
const ASK_TIMEOUT_MS = 2000;
const MOST_AT_ONCE = 4;
/** Of one answer, as it came and as what is read of it. */
const ANSWER_BYTES = 3 << 19;
/** Of the keys in one question. */
const MOST_KEYS = 1000;
const KEYS_LENGTH = 512 << 10;
/** Clocks differ, and what was written before may still have been on its way. */
const SLACK_MS = 120_000;
const MOST_DEPARTED = 1000;
/** More in detail would be more than all of it. */
const MOST_OWED = 500;

export class Transfers implements Fetcher {
  readonly #parts: TransfersParts;
  readonly #laters = new Laters();
  /** What could not be had yet. */
  readonly #owed = new Map<string, Owed>();
  readonly #settling = new Set<Owed>();
  /** Members that left, and when they were last heard. */
  readonly #departed = new Map<string, number>();
  readonly #waiting: (() => void)[] = [];
  #asking = 0;
  #timer: Timer | undefined;
  #isClosed = false;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
    parts.replicas.fetcher = this;
    this.#tick();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  // --- joining

  /** Resolves when all caches are complete, or time is up. */
  async join(): Promise<void> {
    const { replicas, clock, members, self, vector, log } = this.#parts;
    const { [self]: _, ...toCover } = vector();
    const late = clock.after(JOIN_WITHIN_MS, () => {
      const lacking = replicas.incomplete;
      if (lacking.length > 0)
        log.warn('replicated caches may lack entries: nobody sent all of them', { caches: lacking });
      for (const name of lacking) replicas.complete(name);
      for (const { identity } of members()) this.missed(lacking, identity.incarnation);
    });
    await Promise.all(replicas.incomplete.map((name) => this.#joinCache(name, toCover)));
    late.cancel();
  }

  async #joinCache(name: string, toCover: Readonly<Record<string, number>>): Promise<void> {
    const { replicas, clock } = this.#parts;
    while (!this.#isClosed && replicas.incomplete.includes(name)) {
      if (await this.#mayBegin(name, toCover)) replicas.complete(name);
      else await new Promise<void>((resolve) => clock.after(AGAIN_AFTER_MS, resolve));
    }
  }

  /** Whether somebody who has all of it gave it, or nobody has it and this instance is the first. */
  async #mayBegin(name: string, toCover: Readonly<Record<string, number>>): Promise<boolean> {
    const { members, self } = this.#parts;
    let isFirst = true;
    for (const member of members()) {
      const { incarnation } = member.identity;
      const first = await this.#take(name, member, {});
      // Nor does a daemon count that has no such cache.
      if (first === 'refused' || (first && typeof first.complete !== 'boolean')) continue;
      if (first?.complete && covers(fieldsOf(first.vector), toCover)) return true;
      if (!first || first.complete || incarnation < self) isFirst = false;
    }
    return isFirst;
  }

  // --- what may have been missed

  /** Of what this one told. */
  missed(caches: readonly string[] | 'all', from: string): void {
    for (const { cache } of this.#parts.replicas.all) {
      if (caches === 'all' || caches.includes(cache.name)) this.#owe({ cache: cache.name, from, filter: {} });
    }
    void this.#settle();
  }

  /** What it told last may have come to some and not to all; and what it had to give others are to give. */
  gone({ identity: { incarnation }, heardAtMs }: Member): void {
    const { replicas, members } = this.#parts;
    this.#departed.delete(incarnation);
    this.#departed.set(incarnation, heardAtMs);
    if (this.#departed.size > MOST_DEPARTED) this.#departed.delete(this.#departed.keys().next().value!);
    const filter = { origin: originOf(incarnation), since: Math.max(0, Math.floor(heardAtMs - SLACK_MS)) };
    for (const { identity } of members()) {
      for (const { cache } of replicas.all)
        this.#owe({ cache: cache.name, from: identity.incarnation, filter });
    }
    void this.#settle();
  }

  /** Each may have heard of what the other has not, while they did not hear of each other. */
  met({ identity: { incarnation } }: Member): void {
    const heardAtMs = this.#departed.get(incarnation);
    if (heardAtMs === undefined) return;
    const filter = { since: Math.max(0, Math.floor(heardAtMs - SLACK_MS)) };
    for (const { cache } of this.#parts.replicas.all)
      this.#owe({ cache: cache.name, from: incarnation, filter });
  }

  // --- what did not come along

  async fetch(cache: string, keys: readonly Buffer[], from: string): Promise<boolean> {
    const member = this.#member(from);
    let left = keys.map(encodePercent);
    let isAll = true;
    while (left.length > 0) {
      const asked = firstOf(left);
      const reply = member && (await this.#ask(member, { cache, keys: asked }));
      if (!member || !reply || reply === 'refused') break;
      isAll = (await this.#takeAll(reply.entries, member)) && isAll;
      left = left.slice(isCount(reply.answered) && reply.answered > 0 ? reply.answered : asked.length);
    }
    for (const key of keys.slice(keys.length - left.length)) this.later(cache, key, from, 0);
    return isAll && left.length === 0;
  }

  async fetchAll(cache: string, from: string): Promise<boolean> {
    const member = this.#member(from);
    const taken = member && (await this.#take(cache, member, {}));
    if (taken) return true;
    this.#owe({ cache, from, filter: {} });
    return false;
  }

  later(cache: string, key: Buffer, from: string, bytes: number): void {
    // Too many: whatever it was, all is looked through once more.
    if (!this.#laters.add({ cache, key: key.toString('latin1'), from, bytes }))
      this.#owe({ cache, from, filter: {} });
  }

  // --- the inside

  #tick(): void {
    const { clock, syncMs } = this.#parts;
    this.#timer = clock.after(syncMs, () => {
      if (this.#isClosed) return;
      this.#tick();
      void this.#settle();
      this.#tryLaters();
    });
  }

  #owe({ cache, from, filter: wanted }: Owed): void {
    const filter = this.#owed.size < MOST_OWED ? wanted : {};
    this.#owed.set(`${cache} ${from} ${filter.origin ?? ''} ${filter.since ?? ''}`, { cache, from, filter });
  }

  /** Each once; what fails again is owed again, as long as there is somebody to be asked. */
  async #settle(): Promise<void> {
    const all = [...this.#owed.values()];
    this.#owed.clear();
    for (const owed of all) this.#settling.add(owed);
    await Promise.all(
      all.map(async (owed) => {
        const member = this.#member(owed.from);
        const first = member && (await this.#take(owed.cache, member, owed.filter));
        // Who has not got everything may get what is asked for in a moment.
        const isOpen = first === undefined || (first !== 'refused' && first.complete === false);
        this.#settling.delete(owed);
        if (member && isOpen) this.#owe(owed);
      }),
    );
  }

  /** Who had it is asked, or, where that one is gone, anybody. */
  #tryLaters(): void {
    const { replicas, members } = this.#parts;
    const [anybody] = members().filter(({ status, place }) => status === 'up' && place !== undefined);
    if (!anybody) return;
    for (const { cache } of replicas.all) {
      const { store, stored } = cache.shelf;
      const shareBytes = (stored.shareBytes ?? Number.POSITIVE_INFINITY) - stored.bytes;
      const keysOf = new Map<string, Buffer[]>();
      for (const { from, key } of this.#laters.takeFitting(
        cache.name,
        Math.min(store.budget.freeBytes, shareBytes),
      )) {
        const asked = this.#member(from) ? from : anybody.identity.incarnation;
        keysOf.set(asked, [...(keysOf.get(asked) ?? []), Buffer.from(key, 'latin1')]);
      }
      for (const [from, keys] of keysOf) void this.fetch(cache.name, keys, from);
    }
  }

  /** All that it has; the first answer, 'refused' where it does not copy, undefined where it did not answer to the end. */
  async #take(cache: string, member: Member, filter: Filter): Promise<Fields | 'refused' | undefined> {
    let first: Fields | undefined;
    for (let after: unknown = 0; after !== null; ) {
      const reply = await this.#ask(member, { cache, after, ...filter });
      if (reply === undefined || reply === 'refused') return reply;
      first ??= { complete: reply.complete, vector: reply.vector };
      if (!(await this.#takeAll(reply.entries, member))) return undefined;
      this.#takeMarks(cache, reply.marks);
      // A daemon that has no such cache answers nothing.
      after = Number.isSafeInteger(reply.next) ? reply.next : null;
    }
    return first;
  }

  async #takeAll(entries: unknown, member: Member): Promise<boolean> {
    let isAll = true;
    for (const wire of Array.isArray(entries) ? (entries as unknown[]) : []) {
      const copy = parseCopy(wire);
      if (!copy) continue;
      if (copy.size === undefined) this.#parts.replicas.take(copy, member.identity.incarnation);
      else if (!(await this.#takeLarge(copy, member))) {
        this.later(copy.cache, copy.key, member.identity.incarnation, 0);
        isAll = false;
      }
    }
    return isAll;
  }

  #takeMarks(cache: string, marks: unknown): void {
    const replica = this.#parts.replicas.get(cache);
    for (const wire of Array.isArray(marks) ? (marks as unknown[]) : []) {
      const { name, stamp: at, untilMs } = fieldsOf(wire);
      const stamp = parseStamp(at);
      if (typeof name === 'string' && stamp && typeof untilMs === 'number')
        replica?.takeMark({ name, stamp, untilMs });
    }
  }

  /** Piece by piece; true also where it is another value by now, of which the other tells, too. */
  async #takeLarge(copy: Copy, member: Member): Promise<boolean> {
    const { replicas } = this.#parts;
    const replica = replicas.get(copy.cache);
    if (!replica?.isNews(copy)) return true;
    const { store, stored } = replica.cache.shelf;
    const draft = store.draft(stored);
    try {
      draft.expect(copy.size!);
      const asked = { cache: copy.cache, keys: [encodePercent(copy.key)], at: copy.stamp };
      while (draft.length < copy.size!) {
        const reply = await this.#ask(member, { ...asked, offset: draft.length });
        if (!reply || reply === 'refused') return false;
        const piece = typeof reply.piece === 'string' ? Buffer.from(reply.piece, 'base64') : undefined;
        if (!piece || piece.length === 0) return reply.piece === null;
        draft.append(piece);
      }
      replicas.take(copy, member.identity.incarnation, draft);
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
      replicas.refuse(error instanceof RoomError ? 'full' : 'large', copy, member.identity.incarnation);
    } finally {
      draft.release();
    }
    return true;
  }

  /** A few at a time. Undefined where it did not answer, 'refused' where it is a daemon that does not copy. */
  async #ask(member: Member, asked: object): Promise<Fields | 'refused' | undefined> {
    const { ask, charge, release, mostBytes } = this.#parts;
    const bytes = Math.min(ANSWER_BYTES, mostBytes);
    if (this.#asking >= MOST_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#isClosed || !charge(bytes)) {
      this.#waiting.shift()?.();
      return undefined;
    }
    this.#asking++;
    try {
      const outcome = await ask(member, asked, ASK_TIMEOUT_MS);
      if (outcome.result === 'refused') return 'refused';
      return outcome.result === 'answered' ? fieldsOf(outcome.body) : undefined;
    } finally {
      this.#asking--;
      release(bytes);
      this.#waiting.shift()?.();
    }
  }

  #member(incarnation: string): Member | undefined {
    return this.#parts.members().find(({ identity }) => identity.incarnation === incarnation);
  }
}

function firstOf(keys: readonly string[]): string[] {
  let length = 0;
  const first: string[] = [];
  for (const key of keys.slice(0, MOST_KEYS)) {
    length += key.length;
    if (first.length > 0 && length > KEYS_LENGTH) break;
    first.push(key);
  }
  return first;
}

/** Whether who read it under `vector` had applied all of the other. */
function covers(vector: Fields, other: Readonly<Record<string, number>>): boolean {
  return Object.entries(other).every(([origin, sequence]) => {
    const theirs = vector[origin];
    return sequence === 0 || (isCount(theirs) && theirs >= sequence);
  });
}
