// Caches that another instance has in another mode, as it may be while builds differ: they are not served from.

export class Modes {
  /** Mode of each cache here. */
  readonly own: Readonly<Record<string, string>>;
  readonly #changed: (cache: string, differs: boolean) => void;
  /** Incarnation → caches that differ there. */
  readonly #differing = new Map<string, readonly string[]>();

  constructor(own: Readonly<Record<string, string>>, changed: (cache: string, differs: boolean) => void) {
    this.own = own;
    this.#changed = changed;
  }

  heard(incarnation: string, theirs: Readonly<Record<string, string>>): void {
    const before = this.#all;
    const differing = Object.keys(this.own).filter(
      (cache) => Object.hasOwn(theirs, cache) && theirs[cache] !== this.own[cache],
    );
    if (differing.length > 0) this.#differing.set(incarnation, differing);
    else this.#differing.delete(incarnation);
    this.#tell(before);
  }

  forget(incarnation: string): void {
    const before = this.#all;
    if (this.#differing.delete(incarnation)) this.#tell(before);
  }

  get #all(): Set<string> {
    return new Set([...this.#differing.values()].flat());
  }

  #tell(before: ReadonlySet<string>): void {
    const now = this.#all;
    for (const cache of now) if (!before.has(cache)) this.#changed(cache, true);
    for (const cache of before) if (!now.has(cache)) this.#changed(cache, false);
  }
}
