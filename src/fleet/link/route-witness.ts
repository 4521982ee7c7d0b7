// Whether the router knows anybody on the route at all. To a request with an instance's header it says the same of an
// instance that is not there, of a route that is missing and of a table that it lost; only the first says something of
// the instance. So "not there" counts only while somebody else is: a peer that answered lately, or else oneself.

import type { Clock } from '../../cache/clock.ts';
import type { Place } from '../link.ts';
import type { PeerTransport } from '../transport/transport.ts';
import type { Failure } from './failure.ts';

/** How long an answer over the route, and the lack of one, is taken for how it is now. */
const VALID_MS = 2000;

/** Says hello to the own place; undefined where a daemon, or anything, answered. */
type AskOwn = (place: Place) => Promise<Failure | undefined>;

export class RouteWitness {
  readonly #transport: PeerTransport;
  readonly #clock: Clock;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #missing: Failure | undefined;
  #missingAtMs = Number.NEGATIVE_INFINITY;

  constructor(transport: PeerTransport, clock: Clock) {
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Something behind the route answered. */
  answered(): void {
    this.#answeredAtMs = this.#clock.now();
  }

  /** `unlisted`, as it is, or what is behind it. */
  async confirm(unlisted: Failure, askOwn: AskOwn): Promise<Failure> {
    const { own, kind } = this.#transport;
    if (kind !== 'gorouter' || own === undefined || this.#isRecent(this.#answeredAtMs)) return unlisted;
    if (this.#missing && this.#isRecent(this.#missingAtMs)) return this.#missing;
    const ofOwn = await askOwn(own);
    // Peers may have answered meanwhile.
    if (ofOwn === undefined || this.#isRecent(this.#answeredAtMs)) return unlisted;
    this.#missing = behind(ofOwn);
    this.#missingAtMs = this.#clock.now();
    return this.#missing;
  }

  #isRecent(atMs: number): boolean {
    return this.#clock.now() - atMs < VALID_MS;
  }
}

function behind({ result, why }: Failure): Failure {
  if (result !== 'unlisted' && result !== 'no-route') {
    return { result: 'unreachable', why: `whether the router knows anybody could not be found out: ${why}` };
  }
  const reason = 'the route is missing, leads elsewhere, or the router lost its table';
  return {
    result: 'no-route',
    why: `nobody is known on the route, not even this instance: ${reason}; ${why}`,
  };
}
