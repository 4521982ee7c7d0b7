// So many exchanges at one time; the others wait for their turn, or until their time is over.

import type { Deadline } from './deadline.ts';

export class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** True: a place was taken, to be given back by `leave`. False: all are, or the time is over. */
  tryEnter(deadline: Deadline): boolean {
    if (deadline.isOver || this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** As `tryEnter`, and waits for a place until the time is over. */
  async enter(deadline: Deadline): Promise<boolean> {
    if (this.tryEnter(deadline)) return true;
    if (deadline.isOver) return false;
    return await new Promise((resolve) => {
      const settle = (entered: boolean): void => {
        this.#waiting.delete(enter);
        deadline.whenOver = undefined;
        resolve(entered);
      };
      const enter = (): void => settle(true);
      this.#waiting.add(enter);
      deadline.whenOver = () => settle(false);
    });
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }
}
