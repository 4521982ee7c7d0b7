// Who belongs to the fleet beside this instance, and on what evidence one is taken for gone.
//
// The incarnation counts, not the index: two instances of one index are two members. One leaves by its farewell, by
// another incarnation in its place, by being unlisted and unheard for 20 s, or by being unheard for six sync intervals.
// Silence is evidence only while the way to the others works: whoever is cut off cannot tell who is gone.

import { createHash } from 'node:crypto';
import type { Identity } from './identity.ts';
import { parseIdentity, wireIdentity } from './identity.ts';
import type { Place } from './link.ts';
import { type Member, newMember } from './member.ts';

const UNLISTED_FOR_MS = 20_000;
const SILENT_FOR_INTERVALS = 6;
/** So long one that left is not taken in again because somebody else still lists it. */
const REMEMBERED_FOR_MS = 600_000;
/** Ages in lists are so much too old or too young, as messages take their time. */
const AGE_ERROR_MS = 3000;
const MOST_DEPARTED = 10_000;
/** A fleet larger than this is a mistake, or an attack by who has the token. */
export const MOST_MEMBERS = 2000;

/** One line of a member list on the wire. */
export interface Listed {
  readonly identity: Identity;
  readonly place: Place | undefined;
  /** Since when its lister has not heard of it. */
  readonly unheardMs: number;
}

interface Departed {
  readonly atMs: number;
  readonly place: Place | undefined;
  readonly heardAtMs: number;
  /** By its farewell, or since another is there in its place. */
  readonly isFinal: boolean;
}

export class Members {
  readonly #self: Identity;
  readonly #byIncarnation = new Map<string, Member>();
  /** Who left last stands last. */
  readonly #departed = new Map<string, Departed>();
  #hash: string | undefined;

  constructor(self: Identity) {
    this.#self = self;
  }

  get size(): number {
    return this.#byIncarnation.size;
  }

  get all(): Member[] {
    return [...this.#byIncarnation.values()];
  }

  get(incarnation: string): Member | undefined {
    return this.#byIncarnation.get(incarnation);
  }

  /** It was a member, and is none any more. */
  hasLeft(incarnation: string): boolean {
    return this.#departed.has(incarnation);
  }

  /** Where those were that fell silent: they may be back. */
  get formerPlaces(): Set<Place> {
    const places = new Set<Place>();
    for (const { place, isFinal } of this.#departed.values())
      if (place !== undefined && !isFinal) places.add(place);
    return places;
  }

  /** Whether one that others list, and last heard at this time, may be a member yet. */
  mayBelong(incarnation: string, heardAtMs: number): boolean {
    const departed = this.#departed.get(incarnation);
    return !departed || (!departed.isFinal && heardAtMs > departed.heardAtMs + AGE_ERROR_MS);
  }

  /** The highest index that is a number, own included; -1 where there is none. */
  get highestIndex(): number {
    const identities = [this.#self, ...this.all.map(({ identity }) => identity)];
    return Math.max(-1, ...identities.map(({ index }) => (/^\d{1,6}$/.test(index) ? Number(index) : -1)));
  }

  /** Takes it in; undefined where it is this instance itself, or has left for good, or the fleet is full. */
  add(
    identity: Identity,
    place: Place | undefined,
    heardAtMs: number,
    confirmed: number,
  ): Member | undefined {
    const { incarnation } = identity;
    if (incarnation === this.#self.incarnation || this.#departed.get(incarnation)?.isFinal) return undefined;
    if (this.#byIncarnation.size >= MOST_MEMBERS) return undefined;
    this.#departed.delete(incarnation);
    const member = newMember(identity, place, heardAtMs, confirmed);
    this.#byIncarnation.set(incarnation, member);
    this.#hash = undefined;
    return member;
  }

  /** `isFinal`: it will not be taken in again. */
  remove({ identity: { incarnation }, place, heardAtMs }: Member, nowMs: number, isFinal: boolean): void {
    if (!this.#byIncarnation.delete(incarnation)) return;
    this.#hash = undefined;
    this.#depart(incarnation, { atMs: nowMs, place, heardAtMs, isFinal });
  }

  /** It is not to become a member any more. */
  bar(incarnation: string, nowMs: number): void {
    this.#depart(incarnation, { atMs: nowMs, place: undefined, heardAtMs: nowMs, isFinal: true });
  }

  /** Those for whose leaving there is evidence enough, while the way to the others works. */
  silent(nowMs: number, syncMs: number): Member[] {
    return this.all.filter(({ heardAtMs, unlistedSinceMs }) => {
      const unheardMs = nowMs - heardAtMs;
      const unlistedMs = unlistedSinceMs === undefined ? 0 : nowMs - unlistedSinceMs;
      if (unlistedMs >= UNLISTED_FOR_MS && unheardMs >= UNLISTED_FOR_MS) return true;
      return unheardMs >= SILENT_FOR_INTERVALS * syncMs;
    });
  }

  #depart(incarnation: string, departed: Departed): void {
    this.#departed.delete(incarnation);
    this.#departed.set(incarnation, departed);
    for (const [oldest, { atMs }] of this.#departed) {
      if (departed.atMs - atMs < REMEMBERED_FOR_MS && this.#departed.size <= MOST_DEPARTED) break;
      this.#departed.delete(oldest);
    }
  }

  /** Of own events: what everybody has confirmed. */
  leastConfirmed(otherwise: number): number {
    let least = otherwise;
    for (const { confirmed } of this.#byIncarnation.values()) least = Math.min(least, confirmed);
    return least;
  }

  // --- as peers tell each other

  /** The same for two daemons that know the same fleet, themselves included. */
  get hash(): string {
    if (this.#hash === undefined) {
      const incarnations = [this.#self.incarnation, ...this.#byIncarnation.keys()].sort();
      this.#hash = createHash('sha256').update(incarnations.join(' ')).digest('base64url').slice(0, 22);
    }
    return this.#hash;
  }

  list(nowMs: number): object[] {
    return this.all.map(({ identity, place, heardAtMs }) => ({
      ...wireIdentity(identity),
      ...(place !== undefined && { place }),
      unheard_ms: Math.max(0, Math.round(nowMs - heardAtMs)),
    }));
  }
}

/** A list as it came; lines that are none are left out. */
export function parseList(value: unknown): Listed[] {
  if (!Array.isArray(value)) return [];
  const lines: Listed[] = [];
  for (const line of value.slice(0, MOST_MEMBERS)) {
    const identity = parseIdentity(line);
    if (!identity) continue;
    const { place, unheard_ms: unheardMs } = line as Record<string, unknown>;
    if (typeof unheardMs !== 'number' || unheardMs < 0) continue;
    const isPlace = typeof place === 'string' && place.length <= 512;
    lines.push({ identity, place: isPlace ? place : undefined, unheardMs });
  }
  return lines;
}
