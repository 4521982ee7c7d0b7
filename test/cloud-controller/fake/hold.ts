// Answers that wait until a test lets them go.

import type { AskedRequest } from './asked.ts';
import { type Match, meets } from './faults.ts';

export class Hold {
  /** Released; may be called again. */
  readonly release: () => void;
  readonly #match: Match;
  readonly #released: Promise<void>;

  constructor(match: Match, over: () => void) {
    const { promise, resolve } = withResolvers();
    this.#match = match;
    this.#released = promise;
    this.release = () => {
      over();
      resolve();
    };
  }

  /** Resolves when `request` may be answered. */
  async pass(request: AskedRequest): Promise<void> {
    if (meets(this.#match, request)) await this.#released;
  }
}

/** Promise.withResolvers is not there in Node 20. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
