// Chains that are being sent: freed only when the last reader is done, and charged until then.

import type { Arena } from './arena.ts';
import type { Budget } from './budget.ts';

interface Pin {
  readers: number;
  /** Bytes to give back when the last reader is done; undefined while an entry still owns the chain. */
  orphanedBytes: number | undefined;
}

export class Pins {
  readonly #arena: Arena;
  readonly #budget: Budget;
  readonly #pins = new Map<number, Pin>();

  constructor(arena: Arena, budget: Budget) {
    this.#arena = arena;
    this.#budget = budget;
  }

  pin(head: number): void {
    const pin = this.#pins.get(head);
    if (pin) pin.readers++;
    else this.#pins.set(head, { readers: 1, orphanedBytes: undefined });
  }

  unpin(head: number): void {
    const pin = this.#pins.get(head)!;
    if (--pin.readers > 0) return;
    this.#pins.delete(head);
    if (pin.orphanedBytes !== undefined) this.#giveBack(head, pin.orphanedBytes);
  }

  /** The owner gives the chain up: freed and released now, or when the last reader is done. */
  free(head: number, bytes: number): void {
    const pin = this.#pins.get(head);
    if (pin) pin.orphanedBytes = bytes;
    else this.#giveBack(head, bytes);
  }

  #giveBack(head: number, bytes: number): void {
    this.#arena.free(head);
    this.#budget.release(bytes);
  }
}
