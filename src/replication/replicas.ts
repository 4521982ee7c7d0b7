// All replicated caches of this instance, as the fleet sees them: what goes along with events, what came along, and what is
// answered to who asks for entries.

import type { Caches } from '../cache/caches.ts';
import { SidecacheError } from '../errors.ts';
import type { Copied } from '../fleet/event.ts';
import { type HybridClock, type HybridTime, isCount } from '../fleet/hybrid-clock.ts';
import type { Log } from '../log.ts';
import type { Draft } from '../store/draft.ts';
import { decodePercent } from '../units/percent.ts';
import { type Copy, goneCopy, parseCopy, wireCopy } from './copy.ts';
import { type Going, Replica, type Taken } from './replica.ts';
import { originOf, parseStamp, type Stamp } from './stamp.ts';
import type { Mark, TombstonesParts } from './tombstones.ts';

export interface ReplicasParts {
  readonly caches: Caches;
  /** Of the replicated caches. */
  readonly names: readonly string[];
  readonly incarnation: string;
  readonly hybrid: HybridClock;
  readonly tombstones: TombstonesParts;
  readonly log: Log;
}

/** Who fetches what did not come along. */
export interface Fetcher {
  /** Resolves with whether all of them are here; with `at`, what the other knows nothing of is gone since. */
  fetch(cache: string, keys: readonly Buffer[], from: string, at?: Stamp): Promise<boolean>;
  /** Everything the other has. */
  fetchAll(cache: string, from: string): Promise<boolean>;
  /** Whether something of it is still to be had, or is on its way. */
  isBehind(cache: string): boolean;
  /** Whether it began without all that others had. */
  isLacking(cache: string): boolean;
  /** There was no room for it: later, perhaps. */
  later(cache: string, key: Buffer, from: string, bytes: number): void;
}

/** Another wrote these keys, or deleted them. */
export interface Told extends Copied {
  readonly at: HybridTime;
  readonly isDelete: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** Longer values are fetched by who is told of them. */
const MOST_ALONG_BYTES = 32 << 10;
/** Longer ones are sent in pieces. */
const MOST_WHOLE_BYTES = 128 << 10;
const PIECE_BYTES = 256 << 10;
/** Of one answer, before what it ends with. */
const PAGE_LENGTH = 384 << 10;
/** Places that are looked at for one answer. */
const PLACES_A_PAGE = 5000;
const MOST_KEYS = 1000;
/** What a copy is on the wire beside its key, tags and value. */
const COPY_LENGTH = 120;

export type Refusal = Exclude<Taken, 'applied' | 'old'>;

export class Replicas {
  /** Values of others that were not taken, by why. */
  readonly refused: Record<Refusal, number> = { ahead: 0, full: 0, large: 0, late: 0 };
  fetcher: Fetcher | undefined;
  readonly #log: Log;
  readonly #hybrid: HybridClock;
  readonly #byName = new Map<string, Replica>();
  /** Of the message that is being received: the keys that came along, each behind its cache's name. */
  #along = new Set<string>();
  readonly #said = new Set<Refusal>();

  constructor({ caches, names, incarnation, hybrid, tombstones, log }: ReplicasParts) {
    this.#log = log;
    this.#hybrid = hybrid;
    const origin = originOf(incarnation);
    for (const name of names) {
      const cache = caches.get(name)!;
      this.#byName.set(name, new Replica({ cache, hybrid, origin, tombstones }));
    }
  }

  get all(): Replica[] {
    return [...this.#byName.values()];
  }

  get(name: string): Replica | undefined {
    return this.#byName.get(name);
  }

  /** Nobody can tell yet what is not there: until `complete` is called. */
  begin(): void {
    for (const { cache } of this.all)
      cache.incomplete = new SidecacheError(
        'not_ready',
        `cache '${cache.name}' is being copied from another instance`,
        { retryAfterMs: 1000 },
      );
  }

  complete(name: string): void {
    const replica = this.#byName.get(name);
    if (replica) replica.cache.incomplete = undefined;
  }

  /** Names of those that are not complete. */
  get incomplete(): string[] {
    return this.all.filter(({ cache }) => cache.incomplete).map(({ cache }) => cache.name);
  }

  // --- events

  /** What is under the keys now, as JSON, in so many characters; of what is left out the receiver asks. */
  copies(copied: readonly Copied[], maxLength: number): string[] {
    const texts: string[] = [];
    const done = new Set<string>();
    let left = maxLength;
    for (const { cache, keys } of copied) {
      for (const key of keys) {
        const id = idOf(cache, key);
        if (done.has(id)) continue;
        done.add(id);
        const copy = this.#byName.get(cache)?.copyOf(key, MOST_ALONG_BYTES);
        if (!copy || copy.size !== undefined) continue;
        const text = JSON.stringify(wireCopy(copy));
        left -= text.length + 1;
        if (left < 0) return texts;
        texts.push(text);
      }
    }
    return texts;
  }

  /** What came along with events, before they are received. */
  arrived(entries: unknown, from: string): void {
    this.#along.clear();
    if (!Array.isArray(entries)) return;
    for (const wire of entries as unknown[]) {
      const copy = parseCopy(wire);
      if (!copy || copy.size !== undefined) continue;
      this.take(copy, from);
      this.#along.add(idOf(copy.cache, copy.key));
    }
  }

  /**
   * No keys: any. Undefined where all of it came along. Of what did not, the event itself says since when it is gone, also
   * where who told it has forgotten that.
   */
  received({ cache, keys, at, isDelete }: Told, from: string): Promise<boolean> | undefined {
    if (!this.#byName.has(cache)) return undefined;
    if (keys.length === 0) return this.fetcher?.fetchAll(cache, from);
    const missing = keys.filter((key) => !this.#along.has(idOf(cache, key)));
    if (missing.length === 0) return undefined;
    const stamp: Stamp = [at[0], at[1], originOf(from)];
    if (isDelete) for (const key of missing) this.take(goneCopy(cache, key, stamp), from);
    return this.fetcher?.fetch(cache, missing, from, stamp);
  }

  /** A call by another, as of its time. */
  invalidated(cache: string, going: Going, [ms, count]: readonly [number, number], from: string): number {
    if (!this.#hybrid.hear([ms, count])) {
      this.#count('ahead', cache);
      return 0;
    }
    const stamp = [ms, count, originOf(from)] as const;
    return this.#byName.get(cache)?.invalidate(going, stamp) ?? 0;
  }

  take(copy: Copy, from: string, draft?: Draft): Taken {
    const replica = this.#byName.get(copy.cache);
    const taken = replica?.apply(copy, draft) ?? 'old';
    if (taken !== 'applied' && taken !== 'old') this.refuse(taken, copy, from);
    return taken;
  }

  refuse(why: Refusal, { cache, key, size, value }: Copy, from: string): void {
    if (why === 'full') this.fetcher?.later(cache, key, from, size ?? value?.length ?? 0);
    this.#count(why, cache);
  }

  #count(why: Refusal, cache: string): void {
    this.refused[why]++;
    if (this.#said.has(why)) return;
    this.#said.add(why);
    this.#log.warn('what another instance wrote was not taken', { cache, why: WHY[why] });
  }

  // --- who asks for entries

  answer({ cache: name, keys, at, offset, after, origin, since }: Fields): object {
    const replica = typeof name === 'string' ? this.#byName.get(name) : undefined;
    if (!replica) return {};
    if (isCount(offset)) return { piece: pieceOf(replica, keys, parseStamp(at), offset) };
    if (Array.isArray(keys)) return copiesOf(replica, keys);
    if (after !== undefined && !Number.isSafeInteger(after)) return { error: 'after is no whole number' };
    const complete = replica.cache.incomplete === undefined;
    const behind = this.fetcher?.isBehind(replica.cache.name) ?? false;
    const isMeant = ([ms, , by]: Stamp): boolean =>
      (!isCount(origin) || by === origin) && (!isCount(since) || ms >= since);
    return {
      complete,
      ...(behind && { behind }),
      ...(this.fetcher?.isLacking(replica.cache.name) && { lacking: true }),
      ...pageOf(replica, (after ?? 0) as number, isMeant),
    };
  }
}

const WHY: Readonly<Record<Refusal, string>> = {
  ahead: 'its clock is more than a minute ahead of this one',
  full: 'the cache is full; it is asked for again when there is room',
  large: 'it is larger than max_value, or the memory of the cache, allows here',
  late: 'deletes of its time are too many to be remembered: it may be one of what they deleted',
};

function idOf(cache: string, key: Buffer): string {
  return `${cache} ${key.toString('latin1')}`;
}

function pieceOf(replica: Replica, keys: unknown, stamp: Stamp | undefined, from: number): string | null {
  const key = keyOf(Array.isArray(keys) ? keys[0] : undefined);
  const bytes = key && stamp && replica.pieceOf(key, stamp, from, PIECE_BYTES);
  return bytes ? bytes.toString('base64') : null;
}

/** `answered`: so many of the keys were looked at. */
function copiesOf(replica: Replica, keys: readonly unknown[]): object {
  const entries: object[] = [];
  let [length, answered] = [0, 0];
  for (const text of keys.slice(0, MOST_KEYS)) {
    const key = keyOf(text);
    const copy = key && replica.copyOf(key, MOST_WHOLE_BYTES);
    answered++;
    if (!copy) continue;
    length += lengthOf(copy);
    entries.push(wireCopy(copy));
    if (length > PAGE_LENGTH) break;
  }
  return { entries, answered };
}

/**
 * Entries from a place on, then what is known to be gone: `next` is where to go on, null at the end. Places below zero are
 * of the latter.
 */
function pageOf(replica: Replica, after: number, isMeant: (stamp: Stamp) => boolean): object {
  const entries: object[] = [];
  let length = 0;
  if (after >= 0) {
    const next = replica.walk(after, PLACES_A_PAGE, MOST_WHOLE_BYTES, isMeant, (copy) => {
      length += lengthOf(copy);
      entries.push(wireCopy(copy));
      return length <= PAGE_LENGTH;
    });
    return { entries, next: next === 0 ? -1 : next };
  }
  const marks: Mark[] = [];
  for (const mark of replica.tombstones.from(-1 - after)) {
    if (length > PAGE_LENGTH) return { marks, next: after };
    after--;
    if (!isMeant(mark.stamp)) continue;
    // A byte of it may be written as six.
    length += COPY_LENGTH + 6 * mark.name.length;
    marks.push(mark);
  }
  return { marks, next: null };
}

/** A byte of the key may be written as three. */
function lengthOf({ key, tags, value }: Copy): number {
  return COPY_LENGTH + 3 * key.length + 260 * tags.length + (value ? Math.ceil(value.length / 3) * 4 : 0);
}

function keyOf(text: unknown): Buffer | undefined {
  return typeof text === 'string' ? decodePercent(text) : undefined;
}
