// Reads whose replies are to come: what changes between a read and its reply is told behind the reply, as until then
// nobody knows which of the two the value is.

/** A name that is being read. */
export interface WaitedName {
  /** As the reader wrote it, and as its cache stores it. */
  readonly asked: string;
  readonly stored: string;
  /** Its value is there; else it is what a load brings. */
  isHeld: boolean;
  hasChanged: boolean;
}

export interface WaitedRead {
  readonly names: readonly WaitedName[];
  readonly costBytes: number;
}

export interface TrackingWaitsParts {
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

const NAME_COST_BYTES = 300;

export class TrackingWaits {
  readonly #parts: TrackingWaitsParts;
  readonly #byName = new Map<string, Set<WaitedName>>();

  constructor(parts: TrackingWaitsParts) {
    this.#parts = parts;
  }

  /** Names that are awaited. */
  get size(): number {
    return this.#byName.size;
  }

  /** Where there is no room to wait for changes, all of it counts as changed. */
  begin(names: readonly WaitedName[]): WaitedRead {
    let costBytes = 0;
    for (const { asked } of names) costBytes += NAME_COST_BYTES + 2 * asked.length;
    if (!this.#parts.charge(costBytes)) {
      for (const name of names) name.hasChanged = true;
      return { names, costBytes: 0 };
    }
    for (const name of names) {
      const waiting = this.#byName.get(name.stored);
      if (waiting) waiting.add(name);
      else this.#byName.set(name.stored, new Set([name]));
    }
    return { names, costBytes };
  }

  end({ names, costBytes }: WaitedRead): void {
    this.#parts.release(costBytes);
    for (const name of names) {
      const waiting = this.#byName.get(name.stored);
      waiting?.delete(name);
      if (waiting?.size === 0) this.#byName.delete(name.stored);
    }
  }

  changed(stored: string): void {
    for (const name of this.#byName.get(stored) ?? []) name.hasChanged = true;
  }

  changedWhere(isMeant: (stored: string) => boolean): void {
    for (const [stored, waiting] of this.#byName)
      if (isMeant(stored)) for (const name of waiting) name.hasChanged = true;
  }

  /** By its time, or by a load: those who wait for that very load are not concerned. */
  replaced(stored: string): void {
    for (const name of this.#byName.get(stored) ?? []) {
      name.hasChanged ||= name.isHeld;
      name.isHeld = true;
    }
  }
}
