// How an instance joins: it asks everybody it finds, and whom they know, what they have applied; until then it keeps
// nothing. Who finds only others that join waits for the one with the lowest incarnation.

import type { Clock, Timer } from '../cache/clock.ts';
import type { Identity } from './identity.ts';
import type { Outcome, Place } from './link.ts';
import type { Member } from './member.ts';

export interface JoiningParts {
  readonly self: Identity;
  readonly clock: Clock;
  /** Where nobody is known yet. */
  readonly find: () => Promise<readonly Place[]>;
  readonly ask: (place: Place) => Promise<Outcome>;
  readonly members: () => readonly Member[];
  /** Whether one finds who is there: the way to the own place works. */
  readonly canFind: () => Promise<boolean>;
  readonly joined: () => void;
}

/** Ready within this, whoever may not have answered. */
const AT_MOST_MS = 10_000;
const AGAIN_AFTER_MS = 200;
const ASKED_FIRST = 4;

export class Joining {
  readonly #parts: JoiningParts;
  #limit: Timer | undefined;
  #again: Timer | undefined;
  #isOver = false;
  #foundJoined = false;
  #end: () => void = () => {};

  constructor(parts: JoiningParts) {
    this.#parts = parts;
  }

  get active(): boolean {
    return !this.#isOver;
  }

  /** Resolves when it is over. */
  async start(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#end = resolve;
    });
    if (this.#isOver) return;
    this.#limit = this.#parts.clock.after(AT_MOST_MS, () => this.#finish());
    void this.#attempt();
    await over;
  }

  /** Somebody who serves already told what it has applied. */
  foundJoined(): void {
    this.#foundJoined = true;
  }

  close(): void {
    this.#limit?.cancel();
    this.#again?.cancel();
    this.#isOver = true;
    this.#end();
  }

  async #attempt(): Promise<void> {
    const outcomes = await this.#askEverybody();
    if (this.#isOver) return;
    if (await this.#mayBegin(outcomes)) this.#finish();
    else if (this.#isOver) return;
    else this.#again = this.#parts.clock.after(AGAIN_AFTER_MS, () => void this.#attempt());
  }

  /** At the places there are, and then at those that were learnt of, until there is no new one. */
  async #askEverybody(): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    const asked = new Set<Place>();
    const askNew = async (places: readonly Place[]): Promise<void> => {
      const fresh = [...new Set(places)].filter((place) => !asked.has(place));
      if (fresh.length === 0) return;
      for (const place of fresh) asked.add(place);
      // Those who are asked first say who belongs to the fleet; a list of everybody from everybody would be too much.
      for (const some of [fresh.slice(0, ASKED_FIRST), fresh.slice(ASKED_FIRST)])
        outcomes.push(...(await Promise.all(some.map((place) => this.#parts.ask(place)))));
      const known = this.#parts.members().map(({ place }) => place);
      await askNew([...(await this.#parts.find()), ...known.filter((place) => place !== undefined)]);
    };
    const known = this.#parts.members().map(({ place }) => place);
    await askNew([...(await this.#parts.find()), ...known.filter((place) => place !== undefined)]);
    return outcomes;
  }

  async #mayBegin(outcomes: readonly Outcome[]): Promise<boolean> {
    if (this.#foundJoined) return true;
    const { self, members, canFind } = this.#parts;
    // With somebody there who does not answer, one cannot tell whether others are further.
    const isNobodyElse = outcomes.every(({ result }) => result === 'answered' || result === 'unlisted');
    const isFirst = members().every(({ identity }) => self.incarnation < identity.incarnation);
    if (!isNobodyElse || !isFirst) return false;
    // A router that has forgotten everybody knows nobody, either.
    return members().length > 0 || (await canFind());
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#limit?.cancel();
    this.#again?.cancel();
    this.#isOver = true;
    this.#parts.joined();
    this.#end();
  }
}
