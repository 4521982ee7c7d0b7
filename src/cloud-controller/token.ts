// The token of one API: one for all who ask, renewed before it ends, and not asked for again and again where it is refused.

import type { Clock } from '../cache/clock.ts';
import { LoadError } from '../errors.ts';
import type { ApiCounters } from './counters.ts';
import type { Token } from './uaa.ts';

export interface TokensParts {
  readonly clock: Clock;
  readonly counters: ApiCounters;
  /** Throws LoadError. `refused` is called where UAA refused what it was given, not where it did not answer. */
  fetch(refused: () => void): Promise<Token>;
}

interface Held {
  readonly accessToken: string;
  readonly renewAtMs: number;
}

/** A token is renewed this long before its end, but not in its first half. */
const EARLY_MS = 60_000;
/** After a refusal UAA is left alone for so long, twice as long after each further one. Accounts are locked otherwise. */
const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 600_000;

export class Tokens {
  readonly #parts: TokensParts;
  #held: Held | undefined;
  #fetching: Promise<string> | undefined;
  #refusal: { readonly error: LoadError; readonly untilMs: number } | undefined;
  #refusals = 0;

  constructor(parts: TokensParts) {
    this.#parts = parts;
  }

  /** The newest, be it good or not. */
  get newest(): string | undefined {
    return this.#held?.accessToken;
  }

  /** Throws LoadError. All who wait get the same. */
  async get(): Promise<string> {
    if (this.#held && this.#parts.clock.now() < this.#held.renewAtMs) return this.#held.accessToken;
    return await this.#renew();
  }

  /** Another one than `rejected`, which the API did not take. */
  async after(rejected: string): Promise<string> {
    if (this.#held?.accessToken === rejected) this.#held = undefined;
    return await this.get();
  }

  async #renew(): Promise<string> {
    if (this.#refusal && this.#parts.clock.now() < this.#refusal.untilMs) throw this.#refusal.error;
    this.#fetching ??= this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return await this.#fetching;
  }

  async #fetch(): Promise<string> {
    const { clock, counters, fetch } = this.#parts;
    let refused = false;
    try {
      const { accessToken, lifetimeMs } = await fetch(() => {
        refused = true;
      });
      const goodForMs = Math.max(lifetimeMs - EARLY_MS, lifetimeMs / 2);
      this.#held = { accessToken, renewAtMs: clock.now() + goodForMs };
      this.#refusal = undefined;
      this.#refusals = 0;
      counters.tokens.fetched++;
      return accessToken;
    } catch (error) {
      counters.tokens.failed++;
      if (refused && error instanceof LoadError) this.#leaveAlone(error);
      throw error;
    }
  }

  #leaveAlone(error: LoadError): void {
    const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** this.#refusals++, LONGEST_PAUSE_MS);
    this.#refusal = { error, untilMs: this.#parts.clock.now() + pauseMs };
  }
}
