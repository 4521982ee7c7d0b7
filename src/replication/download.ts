// Entries of a replicated cache fetched from one member: by keys, or all of them page by page, long values in pieces. What
// comes is taken where it is later than what is there (replica.ts).

import { RoomError, SidecacheError } from '../errors.ts';
import { isCount } from '../fleet/hybrid-clock.ts';
import type { Outcome } from '../fleet/link.ts';
import type { Member } from '../fleet/member.ts';
import { encodePercent } from '../units/percent.ts';
import { type Copy, goneCopy, parseCopy } from './copy.ts';
import type { Filter } from './debts.ts';
import type { Replicas } from './replicas.ts';
import { parseStamp, type Stamp } from './stamp.ts';

export interface DownloadParts {
  readonly replicas: Replicas;
  readonly ask: (member: Member, asked: object, timeoutMs: number) => Promise<Outcome>;
  /** Memory for what is received. */
  readonly charge: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
  /** So much of it is charged for each answer at most. */
  readonly mostBytes: number;
}

type Fields = Readonly<Record<string, unknown>>;

/** Of one that gave all it has: whether it has everything itself, and under which events it was read. */
export interface Given {
  readonly complete: unknown;
  readonly behind: boolean;
  /** It began without all that others had. */
  readonly lacking: boolean;
  readonly vector: Fields;
}

const ASK_TIMEOUT_MS = 2000;
const MOST_AT_ONCE = 4;
/** Of one answer, as it came and as what is read of it. */
const ANSWER_BYTES = 3 << 19;
/** Of the keys in one question. */
const MOST_KEYS = 1000;
const KEYS_LENGTH = 512 << 10;

export class Download {
  readonly #parts: DownloadParts;
  readonly #waiting: (() => void)[] = [];
  #asking = 0;
  #isClosed = false;

  constructor(parts: DownloadParts) {
    this.#parts = parts;
  }

  close(): void {
    this.#isClosed = true;
  }

  /**
   * All that it has, or with `ofComplete` nothing where it has not got everything itself: 'refused' where it does not copy,
   * undefined where it did not answer to the end.
   */
  async all(
    cache: string,
    member: Member,
    filter: Filter,
    ofComplete = false,
  ): Promise<Given | 'refused' | undefined> {
    let given: Given | undefined;
    for (let after: unknown = 0; after !== null; ) {
      const reply = await this.#ask(member, { cache, after, ...filter });
      if (reply === undefined || reply === 'refused') return reply;
      const { complete, behind, lacking, vector } = reply;
      given ??= {
        ...{ complete, behind: behind === true, lacking: lacking === true },
        vector: fieldsOf(vector),
      };
      if (ofComplete && complete !== true) return given;
      if ((await this.#takeAll(reply.entries, member)).length > 0) return undefined;
      this.#takeMarks(cache, reply.marks);
      // A daemon that has no such cache answers nothing.
      after = Number.isSafeInteger(reply.next) ? reply.next : null;
    }
    return given;
  }

  /** Returns those that could not be had. With `since`, those that it knows nothing of are gone since then. */
  async keys(cache: string, member: Member, keys: readonly Buffer[], since?: Stamp): Promise<Buffer[]> {
    const missing: Buffer[] = [];
    let at = 0;
    while (at < keys.length) {
      const asked = firstOf(keys.slice(at, at + MOST_KEYS));
      const reply = await this.#ask(member, { cache, keys: asked });
      if (reply === undefined || reply === 'refused') return [...missing, ...keys.slice(at)];
      missing.push(...(await this.#takeAll(reply.entries, member)));
      const { answered } = reply;
      const isAnswered = isCount(answered) && answered > 0;
      const next = at + (isAnswered ? answered : asked.length);
      if (since && isAnswered) this.#takeGone(cache, keys.slice(at, next), reply.entries, since, member);
      at = next;
    }
    return missing;
  }

  #takeGone(
    cache: string,
    keys: readonly Buffer[],
    entries: unknown,
    since: Stamp,
    { identity }: Member,
  ): void {
    const known = new Set((Array.isArray(entries) ? entries : []).map((wire) => fieldsOf(wire).key));
    for (const key of keys)
      if (!known.has(encodePercent(key)))
        this.#parts.replicas.take(goneCopy(cache, key, since), identity.incarnation);
  }

  /** Returns the keys of long values of which not all pieces came. */
  async #takeAll(entries: unknown, member: Member): Promise<Buffer[]> {
    const missing: Buffer[] = [];
    for (const wire of Array.isArray(entries) ? (entries as unknown[]) : []) {
      const copy = parseCopy(wire);
      if (!copy) continue;
      if (copy.size === undefined) this.#parts.replicas.take(copy, member.identity.incarnation);
      else if (!(await this.#takeLarge(copy, copy.size, member))) missing.push(copy.key);
    }
    return missing;
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
  async #takeLarge(copy: Copy, size: number, member: Member): Promise<boolean> {
    const { replicas } = this.#parts;
    const replica = replicas.get(copy.cache);
    if (!replica?.isNews(copy)) return true;
    const { incarnation } = member.identity;
    const { store, stored } = replica.cache.shelf;
    const draft = store.draft(stored);
    try {
      draft.expect(size);
      const asked = { cache: copy.cache, keys: [encodePercent(copy.key)], at: copy.stamp };
      while (draft.length < size) {
        const reply = await this.#ask(member, { ...asked, offset: draft.length });
        if (!reply || reply === 'refused') return false;
        const piece = typeof reply.piece === 'string' ? Buffer.from(reply.piece, 'base64') : undefined;
        if (!piece || piece.length === 0) return reply.piece === null;
        draft.append(piece);
      }
      replicas.take(copy, incarnation, draft);
    } catch (error) {
      if (!(error instanceof SidecacheError)) throw error;
      replicas.refuse(error instanceof RoomError ? 'full' : 'large', copy, incarnation);
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
    this.#asking++;
    const isCharged = !this.#isClosed && charge(bytes);
    try {
      const outcome = isCharged ? await ask(member, asked, ASK_TIMEOUT_MS) : undefined;
      if (outcome?.result === 'refused') return 'refused';
      return outcome?.result === 'answered' ? fieldsOf(outcome.body) : undefined;
    } finally {
      this.#asking--;
      if (isCharged) release(bytes);
      this.#waiting.shift()?.();
    }
  }
}

function firstOf(keys: readonly Buffer[]): string[] {
  let length = 0;
  const first: string[] = [];
  for (const key of keys) {
    const text = encodePercent(key);
    length += text.length;
    if (first.length > 0 && length > KEYS_LENGTH) break;
    first.push(text);
  }
  return first;
}

function fieldsOf(value: unknown): Fields {
  return Object(value) as Fields;
}
