// A brake for handlers that call back: telling the app of a change makes it call the daemon, which tells the app. What
// is told of one scope back to back gets gaps, and what comes in a gap merges. A first or single change has none.

/** Told during a call of the same scope, or so soon after its end, it may have come of it. */
const SOON_MS = 200;
/** So many in a row are free: who calls a few times in a row is no loop. */
const FREE = 5;
const FIRST_GAP_MS = 50;
const LONGEST_GAP_MS = 1_000;
/** Scopes remembered; beyond it the one that was told longest ago is forgotten. */
const MOST_SCOPES = 64;

interface Run {
  /** Calls in a row that each came of, or right after, the one before. */
  length: number;
  endedAtMs: number;
  calling: boolean;
  /** The next call continues the run. */
  again: boolean;
}

export class Pace {
  /** By the scope's name, the longest untold first. */
  readonly #runs = new Map<string, Run>();

  /** A change of this scope is to be told. */
  told(scope: string, nowMs: number): void {
    const run = this.#runs.get(scope);
    if (run === undefined || run.again) return;
    run.again = run.calling || nowMs - run.endedAtMs <= SOON_MS;
    if (!run.again) this.#runs.delete(scope);
  }

  /** From when on this scope may be told. */
  dueAtMs(scope: string): number {
    const run = this.#runs.get(scope);
    if (run === undefined || run.length < FREE) return 0;
    return run.endedAtMs + Math.min(FIRST_GAP_MS * 2 ** (run.length - FREE), LONGEST_GAP_MS);
  }

  /** Returns whether it looks like a loop. */
  began(scope: string): boolean {
    const run = this.#runs.get(scope) ?? { length: 1, endedAtMs: 0, calling: false, again: false };
    if (run.again) run.length++;
    run.again = false;
    run.calling = true;
    this.#runs.delete(scope);
    this.#runs.set(scope, run);
    if (this.#runs.size > MOST_SCOPES) this.#runs.delete(this.#runs.keys().next().value!);
    return run.length > FREE;
  }

  ended(scope: string, nowMs: number): void {
    const run = this.#runs.get(scope);
    if (run === undefined) return;
    run.calling = false;
    run.endedAtMs = nowMs;
  }
}
