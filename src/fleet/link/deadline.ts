// The end of the time that one ask has, for whatever it waits for just then: one thing at a time. In place of an
// AbortSignal, whose controller, listeners and events cost more than what they would interrupt.

export class Deadline {
  #isOver = false;
  /** Called when the time is over; set by who waits, and unset when it waits no more. */
  whenOver: (() => void) | undefined;

  get isOver(): boolean {
    return this.#isOver;
  }

  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.whenOver?.();
  }
}
