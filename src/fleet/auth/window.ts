// Which counters of a sender were seen: the last 256 one by one, and everything older as seen. Source: RFC 4303, 3.4.3.

/** Messages on their way at one time may overtake each other by less than this. */
export const WINDOW_WIDTH = 256;

export class CounterWindow {
  readonly #seen = new Uint8Array(WINDOW_WIDTH);
  #highest = 0;

  /** Counters begin with 1; a smaller one counts as seen. */
  has(counter: number): boolean {
    if (counter < 1) return true;
    if (counter > this.#highest) return false;
    return counter <= this.#highest - WINDOW_WIDTH || this.#seen[counter % WINDOW_WIDTH] === 1;
  }

  /** True the first time, and never again for this counter. */
  take(counter: number): boolean {
    if (this.has(counter)) return false;
    this.#moveTo(counter);
    this.#seen[counter % WINDOW_WIDTH] = 1;
    return true;
  }

  #moveTo(counter: number): void {
    if (counter <= this.#highest) return;
    if (counter - this.#highest >= WINDOW_WIDTH) this.#seen.fill(0);
    else for (let next = this.#highest + 1; next <= counter; next++) this.#seen[next % WINDOW_WIDTH] = 0;
    this.#highest = counter;
  }
}
