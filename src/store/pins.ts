// Pages of long values that are being sent: freed only when the last reader is done, and charged until then.

import type { Budget } from './budget.ts';
import type { Pages } from './pages.ts';

interface Pin {
  readers: number;
  /** What freeing the chain would give back. */
  readonly bytes: number;
  /** Bytes to give back when the last reader is done; undefined while an entry still owns the chain. */
  orphanedBytes: number | undefined;
}

export class Pins {
  readonly #chains: Pages;
  readonly #budget: Budget;
  readonly #pins = new Map<number, Pin>();
  #ownedBytes = 0;

  constructor(pages: Pages, budget: Budget) {
    this.#chains = pages;
    this.#budget = budget;
  }

  /** Bytes of entries that would not come back if their entries went. */
  get ownedBytes(): number {
    return this.#ownedBytes;
  }

  pin(head: number, bytes: number): void {
    if (this.#pins.has(head)) {
      this.pinAgain(head);
      return;
    }
    this.#pins.set(head, { readers: 1, bytes, orphanedBytes: undefined });
    this.#ownedBytes += bytes;
  }

  /** One more reader of a chain that has one. */
  pinAgain(head: number): void {
    this.#pins.get(head)!.readers++;
  }

  unpin(head: number): void {
    const pin = this.#pins.get(head)!;
    if (--pin.readers > 0) return;
    this.#pins.delete(head);
    if (pin.orphanedBytes === undefined) this.#ownedBytes -= pin.bytes;
    else this.#giveBack(head, pin.orphanedBytes);
  }

  /** The owner gives the chain up: freed and released now, or when the last reader is done. */
  free(head: number, bytes: number): void {
    const pin = this.#pins.get(head);
    if (!pin) {
      this.#giveBack(head, bytes);
      return;
    }
    pin.orphanedBytes = bytes;
    this.#ownedBytes -= pin.bytes;
  }

  #giveBack(head: number, bytes: number): void {
    this.#chains.free(head);
    this.#budget.release(bytes);
  }
}
