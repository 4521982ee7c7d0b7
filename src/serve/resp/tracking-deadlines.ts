// When rows of the table are to be looked at again: by the second, and no further ahead than an hour.

import type { Clock, Timer } from '../../cache/clock.ts';
import type { Row } from './tracking-table.ts';

const FURTHEST_SECONDS = 3600;
/** At one go; others have their turn in between. */
const MOST_ROWS = 500;

export class TrackingDeadlines {
  readonly #clock: Clock;
  /** Told of rows whose time has come; they are in no second any more. */
  readonly #due: (rows: readonly Row[]) => void;
  readonly #seconds = new Map<number, Set<Row>>();
  /** All before it were looked at. */
  #next = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, due: (rows: readonly Row[]) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  /** Not before `afterMs`; where the row has an earlier time already, it keeps that. */
  add(row: Row, afterMs: number): void {
    const nowSecond = Math.floor(this.#clock.now() / 1000);
    const second = nowSecond + Math.min(FURTHEST_SECONDS, Math.ceil(afterMs / 1000) + 1);
    if (row.dueSecond !== 0 && row.dueSecond <= second) return;
    this.remove(row);
    row.dueSecond = second;
    const rows = this.#seconds.get(second);
    if (rows) rows.add(row);
    else this.#seconds.set(second, new Set([row]));
    this.#wake(nowSecond);
  }

  remove(row: Row): void {
    if (row.dueSecond === 0) return;
    const rows = this.#seconds.get(row.dueSecond);
    rows?.delete(row);
    if (rows?.size === 0) this.#seconds.delete(row.dueSecond);
    row.dueSecond = 0;
  }

  clear(): void {
    this.#seconds.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #wake(nowSecond: number): void {
    if (this.#timer) return;
    this.#next = nowSecond;
    this.#timer = this.#clock.after(1000, () => this.#look());
  }

  #look(): void {
    const nowSecond = Math.floor(this.#clock.now() / 1000);
    const due: Row[] = [];
    // A second that is not done stays the next one.
    for (; this.#next <= nowSecond && due.length < MOST_ROWS; this.#next++) {
      for (const row of this.#seconds.get(this.#next) ?? []) if (due.push(row) === MOST_ROWS) break;
      if (due.length === MOST_ROWS) break;
    }
    for (const row of due) this.remove(row);
    const isMore = due.length === MOST_ROWS;
    this.#timer =
      isMore || this.#seconds.size > 0 ? this.#clock.after(isMore ? 1 : 1000, () => this.#look()) : undefined;
    if (due.length > 0) this.#due(due);
  }
}
