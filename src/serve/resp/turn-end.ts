// The end of a turn of Node's loop: all sockets that had something to read were read from. What comes by many connections
// in one turn is better dealt with together, but to be told of the end of a turn costs an object each time: where turns are
// of few pieces, nobody waits for it, and only now and then one is counted.

/** Of so many pieces in a turn, on average, it is worth waiting; once it is, until they are fewer than so few. */
const MANY_PIECES = 3;
const FEW_PIECES = 2;
/** While nobody waits, every so many pieces those until the end of the turn are counted. */
const COUNTED_EVERY = 16;
/** So much of the average a turn makes. */
const WEIGHT = 1 / 8;

export interface TurnEndParts {
  /** Calls what it is given after all that came in this turn was read. */
  readonly atEndOfTurn: (run: () => void) => void;
  /** What is to be done then. */
  readonly ended: () => void;
}

export class TurnEnd {
  readonly #parts: TurnEndParts;
  #isPlanned = false;
  /** Pieces since the end was planned. */
  #pieces = 0;
  #average = 0;
  #isAwaited = false;
  #uncounted = 0;

  constructor(parts: TurnEndParts) {
    this.#parts = parts;
  }

  /** A short piece has come; says whether to wait for others. */
  isWorthWaiting(): boolean {
    if (this.#isPlanned) this.#pieces++;
    else if (this.#isAwaited || ++this.#uncounted === COUNTED_EVERY) {
      this.plan();
      this.#pieces = 1;
    }
    return this.#isAwaited;
  }

  /** `ended` is called at the end of this turn. */
  plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    this.#pieces = 0;
    this.#uncounted = 0;
    this.#parts.atEndOfTurn(this.#end);
  }

  readonly #end = (): void => {
    try {
      this.#parts.ended();
    } finally {
      this.#isPlanned = false;
    }
    if (this.#pieces === 0) return;
    this.#average += (this.#pieces - this.#average) * WEIGHT;
    this.#isAwaited = this.#average >= (this.#isAwaited ? FEW_PIECES : MANY_PIECES);
  };
}
