// One load under way, with all who wait for it.

import type { SidecacheError } from '../errors.ts';
import type { Draft } from '../store/draft.ts';
import type { Value } from '../store/value.ts';
import type { LoadTrigger } from './counters.ts';

/** What a read that had to wait is answered with. Who is answered with a value releases it when done. */
export type Answer =
  | {
      kind: 'value';
      /** Old: the load failed or was too slow. */
      stale: boolean;
      value: Value;
      contentType: string;
      /** '' where the value is not stored and the origin gave none. */
      etag: string;
      ageMs: number;
      /** Below 0: old for so long. Infinity: it never gets old. */
      freshForMs: number;
      stored: boolean;
      /** Status of the origin's answer; undefined where an old value is served. */
      status: number | undefined;
      /** Another reader had started the load. */
      collapsed: boolean;
    }
  | { kind: 'absent'; status: number; collapsed: boolean }
  | { kind: 'error'; error: SidecacheError };

export interface Waiter {
  /** Called once, synchronously when the load ends. Not to throw: it would keep the value that it was handed. */
  answered(answer: Answer): void;
  /** A wait that is no read: not counted. */
  readonly uncounted?: boolean;
  /** Whether it still waits; absent: it does. */
  readonly isOpen?: () => boolean;
}

/** One waiter, with the number of the latest change when it asked. */
export interface Waiting {
  readonly waiter: Waiter;
  readonly askedAt: number;
  readonly collapsed: boolean;
}

/** The old value while its ETag is checked: kept readable even if its entry goes meanwhile. */
export interface Revalidated {
  readonly value: Value;
  readonly contentType: string;
  readonly etag: string;
  readonly tags: string[];
  readonly version: number;
  /** How long the origin said it is fresh for, where no setting says it: a 304 need not say it again. */
  readonly freshMs: number | undefined;
}

export class Flight {
  readonly key: Buffer;
  readonly keyText: string;
  readonly trigger: LoadTrigger;
  readonly waiting: Waiting[] = [];
  /** Who is to have another load: what this one brought was changed before they asked. */
  readonly again: Waiter[] = [];
  readonly abort = new AbortController();
  revalidated: Revalidated | undefined;
  draft: Draft | undefined;
  startedAtMs = 0;
  #since: number | undefined;

  constructor(key: Buffer, keyText: string, trigger: LoadTrigger) {
    this.key = key;
    this.keyText = keyText;
    this.trigger = trigger;
  }

  /** The origin is about to be asked: what changed before then, the answer will show. */
  begin(nowMs: number, since: number): void {
    this.startedAtMs = nowMs;
    this.#since = since;
  }

  get hasBegun(): boolean {
    return this.#since !== undefined;
  }

  /** Number of the latest change when it began: what came later fences it. */
  get since(): number {
    return this.#since!;
  }
}
