// A stored value that is being sent: its pages are pinned, and what is in the record, which may move, is copied.

import type { Budget } from './budget.ts';
import type { Pages } from './pages.ts';
import type { Pins } from './pins.ts';
import type { Value } from './value.ts';

/** What holding a value costs beyond the bytes that are copied. */
const HELD_COST_BYTES = 200;

export interface HeldParts {
  readonly pages: Pages;
  readonly pins: Pins;
  readonly budget: Budget;
  /** First page and what the pages cost, where the value has pages. */
  readonly paged: { readonly head: number; readonly costBytes: number } | undefined;
  /** What is behind the pages. */
  readonly rest: Uint8Array;
  readonly length: number;
}

export class HeldValue implements Value {
  readonly length: number;
  readonly #parts: HeldParts;
  #holders = 1;

  constructor(parts: HeldParts) {
    this.#parts = parts;
    this.length = parts.length;
    parts.budget.force(this.#costBytes);
    if (parts.paged) parts.pins.pin(parts.paged.head, parts.paged.costBytes);
  }

  copy(position: number, target: Uint8Array, at: number, length: number): void {
    const { pages, paged, rest } = this.#parts;
    const restFrom = this.length - rest.length;
    const fromPages = Math.max(0, Math.min(length, restFrom - position));
    if (fromPages > 0) pages.read(paged!.head, position, target, at, fromPages);
    if (fromPages === length) return;
    const from = position + fromPages - restFrom;
    target.set(rest.subarray(from, from + length - fromPages), at + fromPages);
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return;
    const { pins, paged, budget } = this.#parts;
    if (paged) pins.unpin(paged.head);
    budget.release(this.#costBytes);
  }

  get #costBytes(): number {
    return this.#parts.rest.length + HELD_COST_BYTES;
  }
}
