// Which changes the own app was told of lately: a call that repeats one of them is its answer, not a change of its own.

const MOST = 1000;
const WITHIN_MS = 300_000;

export class ToldEvents {
  readonly #now: () => number;
  /** Identifier → when it was last told. */
  readonly #toldAtMs = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  add(id: string): void {
    this.#toldAtMs.delete(id);
    this.#toldAtMs.set(id, this.#now());
    if (this.#toldAtMs.size > MOST) this.#toldAtMs.delete(this.#toldAtMs.keys().next().value!);
  }

  has(id: string): boolean {
    const atMs = this.#toldAtMs.get(id);
    return atMs !== undefined && this.#now() - atMs <= WITHIN_MS;
  }
}
