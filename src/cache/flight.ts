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
  /** Called once, synchronously when the load ends. Never throws. */
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
}

export class Flight {
  readonly key: Buffer;
  readonly keyText: string;
  readonly trigger: LoadTrigger;
  /** Number of the latest change when it began: what came later fences it. */
  readonly since: number;
  readonly waiting: Waiting[] = [];
  readonly abort = new AbortController();
  revalidated: Revalidated | undefined;
  draft: Draft | undefined;
  startedAtMs = 0;

  constructor(key: Buffer, keyText: string, trigger: LoadTrigger, since: number) {
    this.key = key;
    this.keyText = keyText;
    this.trigger = trigger;
    this.since = since;
  }
}
