// Memory that is held for clients outside the store: connections, heads, bodies and answers on their way. It is charged
// to the budget like everything else, and bounded apart: what is evicted for it comes free in the store, not for V8.

import type { Budget } from '../store/budget.ts';

/** Promise 5 leaves 24 MB + 0.15 x memory beside the store; V8's own needs and garbage take the rest. */
const FIXED_BYTES = 12 << 20;

export class Headroom {
  readonly limitBytes: number;
  readonly #budget: Budget;
  #usedBytes = 0;

  constructor(budget: Budget) {
    const { limitBytes } = budget;
    this.#budget = budget;
    this.limitBytes = Math.min(limitBytes / 2, FIXED_BYTES + limitBytes / 10);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** False and unchanged where there is no room. A quarter is left to new connections, so that they can be answered. */
  charge(bytes: number): boolean {
    return this.#chargeWithin(bytes, this.limitBytes * 0.75);
  }

  chargeConnection(bytes: number): boolean {
    return this.#chargeWithin(bytes, this.limitBytes);
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#budget.release(bytes);
  }

  #chargeWithin(bytes: number, mostBytes: number): boolean {
    if (this.#usedBytes + bytes > mostBytes || !this.#budget.charge(bytes)) return false;
    this.#usedBytes += bytes;
    return true;
  }
}
