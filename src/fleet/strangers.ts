// Places where a peer could be and somebody else is, or nobody answers: said once, and shown until it is mended.

import type { Clock } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import type { Outcome, Place, Transport } from './link.ts';

export interface Stranger {
  readonly place: Place;
  /** A sentence. */
  readonly why: string;
}

interface Found extends Stranger {
  readonly sinceMs: number;
  readonly isSaid: boolean;
}

/** A bound against a transport that finds ever new places. */
const MOST = 1000;
/** Others may be starting just now. */
const SAID_AFTER_MS = 5000;

export class Strangers {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #byPlace = new Map<Place, Found>();

  constructor(transport: Transport, clock: Clock, log: Log) {
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
  }

  get all(): readonly Stranger[] {
    return [...this.#byPlace.values()];
  }

  /** What came of asking whoever is there. */
  asked(place: Place, outcome: Outcome): void {
    const before = this.#byPlace.get(place);
    if (!('why' in outcome) || !this.#isStrange(outcome)) {
      if (before?.isSaid) this.#log.info('a place of the fleet is in order again', { place });
      this.#byPlace.delete(place);
    } else if (before || this.#byPlace.size < MOST) {
      const { why, result } = outcome;
      const nowMs = this.#clock.now();
      const sinceMs = before?.sinceMs ?? nowMs;
      const isSaid = nowMs - sinceMs >= SAID_AFTER_MS;
      if (isSaid && !before?.isSaid)
        this.#log.warn('no peer answers at a place of the fleet', { place, result, why });
      this.#byPlace.set(place, { place, why, sinceMs, isSaid });
    }
  }

  /** Where every place is named, one that does not answer is missed; an index may just not be taken. */
  #isStrange({ result }: Outcome): boolean {
    if (result === 'refused' || result === 'foreign') return true;
    const { kind } = this.#transport;
    return result === 'unreachable' && (kind === 'list' || kind === 'dns');
  }
}
