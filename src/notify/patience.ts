// How long an app that fails is left alone: a pause that doubles, cut short where there is something new to tell.

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
/** A pause is shortened by up to this part, by chance. */
const JITTER = 0.25;

export interface Failing {
  /** The last failure, in words without a secret. */
  readonly why: string;
  readonly sinceMs: number;
  readonly inARow: number;
}

export class Patience {
  readonly #random: () => number;
  #failing: Failing | undefined;
  #failedAtMs = 0;
  #nextTryAtMs = 0;

  /** `random`: from 0 up to 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  get failing(): Failing | undefined {
    return this.#failing;
  }

  get nextTryAtMs(): number {
    return this.#nextTryAtMs;
  }

  /** Returns how many failed in a row. */
  failed(why: string, nowMs: number): number {
    const inARow = (this.#failing?.inARow ?? 0) + 1;
    this.#failing = { why, inARow, sinceMs: this.#failing?.sinceMs ?? nowMs };
    this.#failedAtMs = nowMs;
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (inARow - 1), LONGEST_PAUSE_MS);
    this.#nextTryAtMs = nowMs + pauseMs * (1 - JITTER * this.#random());
    return inARow;
  }

  /** Whoever tells something new wants to know how the app is now. */
  hasten(): void {
    this.#nextTryAtMs = Math.min(this.#nextTryAtMs, this.#failedAtMs + FIRST_PAUSE_MS);
  }

  /** Returns how many had failed in a row. */
  recovered(): number {
    const failures = this.#failing?.inARow ?? 0;
    this.#failing = undefined;
    this.#nextTryAtMs = 0;
    return failures;
  }
}
