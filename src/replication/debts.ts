// What this instance has yet to ask of whom: everything of a cache, or what one origin wrote since a time. It is settled when
// who was asked has answered to the end; and where that one is gone, the others are asked for it.

/** Only what was written by this origin, and since this time; neither: everything. */
export interface Filter {
  readonly origin?: number;
  readonly since?: number;
}

export interface Debt {
  readonly cache: string;
  /** Who is to be asked. */
  readonly from: string;
  readonly filter: Filter;
  /** How often who was asked had not got everything itself. */
  readonly tries: number;
}

/** More in detail would be more than all of it. */
const MOST_IN_DETAIL = 500;

export class Debts {
  readonly #open = new Map<string, Debt>();
  readonly #asked = new Set<Debt>();

  add({ cache, from, filter: wanted, tries }: Debt): void {
    const filter = this.#open.size < MOST_IN_DETAIL ? wanted : {};
    const id = `${cache} ${from} ${filter.origin ?? ''} ${filter.since ?? ''}`;
    this.#open.set(id, { cache, from, filter, tries });
  }

  /** All that are open: each is asked now, until it is `settled`. */
  take(): Debt[] {
    const all = [...this.#open.values()];
    this.#open.clear();
    for (const debt of all) this.#asked.add(debt);
    return all;
  }

  settled(debt: Debt): void {
    this.#asked.delete(debt);
  }

  of(from: string): Debt[] {
    return [...this.#open.values(), ...this.#asked].filter((debt) => debt.from === from);
  }

  get isEmpty(): boolean {
    return this.#open.size + this.#asked.size === 0;
  }

  /** Whether there is one that nobody has answered at all: else two would wait for each other. */
  isUnanswered(cache: string): boolean {
    return [...this.#open.values(), ...this.#asked].some((debt) => debt.cache === cache && debt.tries === 0);
  }
}
