// Time as the cache is handed it: the daemon gives the system's, tests give one that they move.

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch that never go backwards. */
  now(): number;
  /** Calls `run` once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
}
