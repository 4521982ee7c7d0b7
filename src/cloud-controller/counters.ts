// What is counted of one API: plain numbers, read when somebody asks.

import {
  API_SECONDS_BOUNDS,
  type ApiFacts,
  type Histogram,
  REQUEST_TYPES,
  type RequestType,
} from './cloud-controller.ts';
import type { Lane } from './lane.ts';

/** Error codes told apart; they come from outside, and what is more is counted as `other`. */
const MOST_CODES = 64;

export class Seconds implements Histogram {
  readonly buckets = new Float64Array(API_SECONDS_BOUNDS.length + 1);
  sum = 0;

  observe(ms: number): void {
    const seconds = ms / 1000;
    const i = API_SECONDS_BOUNDS.findIndex((bound) => seconds <= bound);
    this.buckets[i === -1 ? API_SECONDS_BOUNDS.length : i]!++;
    this.sum += seconds;
  }
}

export class ApiCounters {
  readonly latencies: ReadonlyMap<RequestType, Seconds> = new Map(
    REQUEST_TYPES.map((type) => [type, new Seconds()]),
  );
  readonly rateWaits = new Seconds();
  readonly tokens = { fetched: 0, failed: 0 };
  readonly errors = new Map<string, number>();

  sent(type: RequestType, tookMs: number): void {
    this.latencies.get(type)!.observe(tookMs);
  }

  failed(code: string): void {
    const known = this.errors.has(code) || this.errors.size < MOST_CODES ? code : 'other';
    this.errors.set(known, (this.errors.get(known) ?? 0) + 1);
  }
}

export function factsOf(counters: ApiCounters, lane: Lane): ApiFacts {
  return {
    ...counters,
    get queued(): number {
      return lane.queued;
    },
    get inFlight(): number {
      return lane.inFlight;
    },
  };
}
