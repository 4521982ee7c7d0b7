// Lists of members that others know and this instance does not: each is fetched once, from one of those who know it.

import type { Clock } from '../cache/clock.ts';
import type { Outcome, Place } from './link.ts';
import type { Member } from './member.ts';

export interface ListsParts {
  readonly clock: Clock;
  /** Of the members that are known here. */
  readonly ownHash: () => string;
  /** Asks for the list, and takes it in. */
  readonly fetch: (place: Place, to: string) => Promise<Outcome>;
}

/** Then it is fetched again: who was not to be a member may be one now. */
const KNOWN_FOR_MS = 30_000;
const MOST_KNOWN = 64;

export class Lists {
  readonly #parts: ListsParts;
  /** Hash → when its list was taken in. */
  readonly #knownAtMs = new Map<string, number>();
  readonly #fetching = new Map<string, Promise<boolean>>();

  constructor(parts: ListsParts) {
    this.#parts = parts;
  }

  /** The member knows a fleet with this hash. Undefined: so does this instance; else whether that could be had. */
  heard(hash: string, { place, identity }: Member): Promise<boolean> | undefined {
    const { ownHash, clock, fetch } = this.#parts;
    if (hash === ownHash() || place === undefined) return undefined;
    if (clock.now() - (this.#knownAtMs.get(hash) ?? Number.NEGATIVE_INFINITY) < KNOWN_FOR_MS)
      return undefined;
    let fetching = this.#fetching.get(hash);
    if (!fetching) {
      fetching = fetch(place, identity.incarnation).then((outcome) => this.#fetched(hash, outcome));
      this.#fetching.set(hash, fetching);
    }
    return fetching;
  }

  #fetched(hash: string, { result }: Outcome): boolean {
    this.#fetching.delete(hash);
    if (result !== 'answered') return false;
    this.#knownAtMs.delete(hash);
    this.#knownAtMs.set(hash, this.#parts.clock.now());
    if (this.#knownAtMs.size > MOST_KNOWN) this.#knownAtMs.delete(this.#knownAtMs.keys().next().value!);
    return true;
  }
}
