// One request to an API until it is answered: its turn, its time-out, its further tries, and the pauses the API asks for.

import type { Clock } from '../cache/clock.ts';
import { LoadError } from '../errors.ts';
import { newAttempt, wasStale } from '../load/attempt.ts';
import { startDeadline } from '../load/deadline.ts';
import { codeOf, codeOfBreak } from './api-errors.ts';
import type { RequestType } from './cloud-controller.ts';
import type { Connections } from './connections.ts';
import type { ApiCounters } from './counters.ts';
import { delayBy } from './delay.ts';
import { type Answered, type ApiAttempt, type Ask, Exchange } from './exchange.ts';
import type { Lane } from './lane.ts';
import { LONGEST_PAUSE_MS } from './rate-limit.ts';
import type { ApiReport } from './report.ts';
import { retryAfterMs } from './retry-after.ts';

export interface ApiRequest extends Omit<Ask, 'headers'> {
  readonly type: RequestType;
  /** Asked for each try: the newest token is the best. */
  headers(): Readonly<Record<string, string>>;
}

export interface RequestsParts {
  readonly timeoutMs: number;
  readonly tries: number;
  readonly connections: Connections;
  readonly lane: Lane;
  readonly counters: ApiCounters;
  readonly report: ApiReport;
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  /** Told of the place that could not be connected to. */
  unreachable(url: URL): void;
}

/** The gap before the second try; it doubles from try to try, each ± 50 %. */
const FIRST_GAP_MS = 200;
/** What a 503 may ask for before the next try of this one request. */
const LONGEST_GAP_MS = 30_000;
/** Answers 429 to one request, and the time from the first on, before it is given up. */
const MOST_LIMITED = 20;
const LIMITED_FOR_MS = 3 * LONGEST_PAUSE_MS;
/** Kept-alive connections that turned out dead, one after the other. */
const MOST_STALE = 20;
/** Where a 429 does not say how long; it doubles with each. */
const FIRST_PAUSE_MS = 1000;

const PASSING: ReadonlySet<number> = new Set([500, 502, 503, 504]);

/** How a try ended. */
type Outcome =
  | { readonly answered: Answered; readonly attempt: ApiAttempt }
  | { readonly error: LoadError; readonly attempt: ApiAttempt };

/** What one request has been through. */
interface Passed {
  failures: number;
  stale: number;
  /** Answers 429, and when the first of them came. */
  limited: number;
  limitedAtMs: number;
}

export class Requests {
  readonly #parts: RequestsParts;
  readonly #exchange: Exchange;

  constructor(parts: RequestsParts) {
    this.#parts = parts;
    this.#exchange = new Exchange(parts.connections);
  }

  /** The answer, whatever its status, of the last try that was worth it. Throws LoadError where there was none. */
  async send(request: ApiRequest, signal: AbortSignal): Promise<Answered> {
    const { tries, clock } = this.#parts;
    const passed: Passed = { failures: 0, stale: 0, limited: 0, limitedAtMs: clock.now() };
    for (;;) {
      const outcome = await this.#tryOnce(request, signal, passed);
      if (isLimited(outcome)) {
        if (passed.limited >= MOST_LIMITED) return outcome.answered;
        if (clock.now() - passed.limitedAtMs >= LIMITED_FOR_MS) return outcome.answered;
        continue;
      }
      if (wasStale(outcome.attempt) && passed.stale++ < MOST_STALE) continue;
      if (!isPassing(outcome) || ++passed.failures >= tries || signal.aborted) {
        return this.#end(request, outcome, signal);
      }
      await delayBy(clock, this.#gapMs(passed.failures, outcome), signal);
    }
  }

  async #tryOnce(request: ApiRequest, signal: AbortSignal, passed: Passed): Promise<Outcome> {
    const { lane, connections } = this.#parts;
    const place = connections.nameOf(request.url);
    const attempt: ApiAttempt = { ...newAttempt(place, NO_DEADLINE), proxyStatus: undefined };
    try {
      await this.#exchange.prepare(request.url, attempt);
    } catch (error) {
      return { error: asLoadError(error), attempt };
    }
    const ahead = passed.limited > 0 || request.type === 'token';
    const turn = await lane.enter(signal, ahead);
    if (turn === 'paused') throw this.#leftAlone(request, place);
    if (turn === 'given_up') return { error: givenUp(place), attempt };
    try {
      const outcome = await this.#exchangeOnce(request, signal, place);
      // Before anybody else takes the place that this one leaves.
      if (isLimited(outcome)) this.#leaveAlone(outcome.answered, passed);
      return outcome;
    } finally {
      lane.leave();
    }
  }

  async #exchangeOnce(request: ApiRequest, signal: AbortSignal, place: string): Promise<Outcome> {
    const { clock, counters, timeoutMs } = this.#parts;
    const delay = (ms: number, until: AbortSignal): Promise<void> => delayBy(clock, ms, until);
    const deadline = startDeadline(timeoutMs, [signal], { now: () => clock.now(), delay });
    const attempt: ApiAttempt = { ...newAttempt(place, deadline), proxyStatus: undefined };
    const startedAtMs = clock.now();
    const ask = { ...request, headers: request.headers() };
    const outcome = await this.#exchange
      .send(ask, attempt)
      .then(
        (answered): Outcome => ({ answered, attempt }),
        (error: unknown): Outcome => ({ error: asLoadError(error), attempt }),
      )
      .finally(() => deadline.end());
    if (!signal.aborted) {
      counters.sent(request.type, clock.now() - startedAtMs);
      this.#count(request, outcome);
    }
    return outcome;
  }

  #count({ type, url }: ApiRequest, outcome: Outcome): void {
    const { counters, unreachable } = this.#parts;
    if ('answered' in outcome) {
      if (outcome.answered.status >= 300) counters.failed(codeOf(type, outcome.answered));
      return;
    }
    if (wasStale(outcome.attempt)) return;
    counters.failed(codeOfBreak(outcome.error, outcome.attempt));
    if (outcome.error.unreachable) unreachable(url);
  }

  /** Nobody sends to the API before the pause is over. */
  #leaveAlone({ headers }: Answered, passed: Passed): void {
    const { clock, lane, random } = this.#parts;
    if (passed.limited === 0) passed.limitedAtMs = clock.now();
    const unsaidMs = FIRST_PAUSE_MS * 2 ** passed.limited++ * (0.5 + random());
    lane.pause(retryAfterMs(headers, clock.now()) ?? Math.min(unsaidMs, LONGEST_GAP_MS));
  }

  /** Who would wait for the end of the pause for long is told instead. */
  #leftAlone({ type }: ApiRequest, place: string): LoadError {
    const { lane, report } = this.#parts;
    const retryAfterMs = lane.pausedForMs;
    const message = `${place} asked to be left alone for ${Math.ceil(retryAfterMs / 1000)} s`;
    return report.failed(type, 'left_alone', new LoadError('load_failed', message, { retryAfterMs }));
  }

  #gapMs(failures: number, outcome: Outcome): number {
    const gapMs = FIRST_GAP_MS * 2 ** (failures - 1) * (0.5 + this.#parts.random());
    const askedMs =
      'answered' in outcome ? retryAfterMs(outcome.answered.headers, this.#parts.clock.now()) : 0;
    return Math.max(gapMs, Math.min(askedMs ?? 0, LONGEST_GAP_MS));
  }

  #end({ type }: ApiRequest, outcome: Outcome, signal: AbortSignal): Answered {
    if ('answered' in outcome) return outcome.answered;
    const { error, attempt } = outcome;
    throw signal.aborted ? error : this.#parts.report.failed(type, codeOfBreak(error, attempt), error);
  }
}

function isLimited(outcome: Outcome): outcome is Extract<Outcome, { answered: Answered }> {
  return 'answered' in outcome && outcome.answered.status === 429;
}

function isPassing(outcome: Outcome): boolean {
  if ('answered' in outcome) return PASSING.has(outcome.answered.status);
  return outcome.attempt.passing || outcome.error.code === 'load_timeout';
}

function asLoadError(error: unknown): LoadError {
  if (error instanceof LoadError) return error;
  throw error;
}

function givenUp(place: string): LoadError {
  return new LoadError('load_failed', `the request to ${place} was given up`);
}

/** While it is prepared and waits for its turn, a try has no end of its own. */
const NO_DEADLINE = {
  limitMs: Number.POSITIVE_INFINITY,
  signal: new AbortController().signal,
  expired: false,
  restMs: () => Number.POSITIVE_INFINITY,
  end: () => undefined,
};
