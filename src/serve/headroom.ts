// Memory that is held for clients outside the store: connections, heads, bodies and answers on their way. It is charged
// to the budget like everything else, and bounded apart: what is evicted for it comes free in the store, not for V8.

import type { Budget } from '../store/budget.ts';

/** Promise 5 leaves 24 MB + 0.15 x memory beside the store; V8's own needs and garbage take the rest. */
const FIXED_BYTES = 12 << 20;
/** So that who comes while much is sent can be answered, and who sends while many come finds memory for it. */
const MOST_FOR_CONNECTIONS = 0.5;
const MOST_FOR_THE_REST = 0.75;

export class Headroom {
  readonly limitBytes: number;
  readonly #budget: Budget;
  #usedBytes = 0;
  /** Of those used. */
  #connectionBytes = 0;
  #makeRoom: (bytes: number) => void = () => {};
  #letGo: (bytes: number) => void = () => {};

  constructor(budget: Budget) {
    const { limitBytes } = budget;
    this.#budget = budget;
    this.limitBytes = Math.min(limitBytes / 2, FIXED_BYTES + limitBytes / 10);
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Who can close connections that nobody needs says how: asked where what is sent lacks so many bytes. */
  onFull(makeRoom: (bytes: number) => void): void {
    this.#makeRoom = makeRoom;
  }

  /** Who can end what others keep for nothing says how: asked where all but connections lacks so many bytes. */
  onHeld(letGo: (bytes: number) => void): void {
    this.#letGo = letGo;
  }

  /** For all but connections. False and unchanged where there is no room. */
  charge(bytes: number): boolean {
    const lackingBytes = this.#restBytes + bytes - this.limitBytes * MOST_FOR_THE_REST;
    if (lackingBytes > 0) this.#letGo(lackingBytes);
    if (this.#restBytes + bytes > this.limitBytes * MOST_FOR_THE_REST) return false;
    const missingBytes = this.#usedBytes + bytes - this.limitBytes;
    if (missingBytes > 0) this.#makeRoom(missingBytes);
    return this.#take(bytes);
  }

  get #restBytes(): number {
    return this.#usedBytes - this.#connectionBytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
    this.#budget.release(bytes);
  }

  /** False and unchanged where there is no room. */
  chargeConnection(bytes: number): boolean {
    if (this.#connectionBytes + bytes > this.limitBytes * MOST_FOR_CONNECTIONS || !this.#take(bytes))
      return false;
    this.#connectionBytes += bytes;
    return true;
  }

  releaseConnection(bytes: number): void {
    this.#connectionBytes -= bytes;
    this.release(bytes);
  }

  #take(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.limitBytes || !this.#budget.charge(bytes)) return false;
    this.#usedBytes += bytes;
    return true;
  }
}
