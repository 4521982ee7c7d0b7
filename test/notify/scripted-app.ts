// A notifier with an app whose answers the test gives, one call after the other.

import * as assert from 'uvu/assert';
import type { AppChange } from '../../src/notify/change.ts';
import type { Told } from '../../src/notify/job.ts';
import { Notifier, type NotifierParts, type PostAnswer } from '../../src/notify/notifier.ts';
import { FakeClock, settled } from '../cache/fake-clock.ts';

export const WHY = 'answered 500';

export class ScriptedApp {
  readonly clock = new FakeClock();
  /** Every call ever begun. */
  readonly calls: Told[] = [];
  readonly notifier: Notifier;
  chargedBytes = 0;
  roomBytes = Number.POSITIVE_INFINITY;
  /** Given at once where it is set; else the test answers. */
  answers: ((told: Told) => boolean) | undefined;
  #answer: ((answer: PostAnswer) => void) | undefined;

  constructor(parts: Partial<NotifierParts> = {}) {
    this.notifier = new Notifier({
      clock: this.clock,
      random: () => 0,
      post: (told) => this.#post(told),
      charge: (bytes) => {
        if (this.chargedBytes + bytes > this.roomBytes) return false;
        this.chargedBytes += bytes;
        return true;
      },
      release: (bytes) => {
        this.chargedBytes -= bytes;
      },
      ...parts,
    });
  }

  get calling(): boolean {
    return this.#answer !== undefined;
  }

  /** What the calls so far were about. */
  get ids(): string[] {
    return this.calls.map((told) => (told.kind === 'resync' ? 'resync' : told.id));
  }

  /** The app's answer to the call in flight; what comes of it has happened. */
  async answer(ok: boolean): Promise<void> {
    assert.ok(this.#answer, 'no call is in flight');
    const answer = this.#answer;
    this.#answer = undefined;
    answer(ok ? { ok } : { ok, why: WHY });
    await settled();
  }

  /** Answers everything that is still to be told with success. */
  async drain(): Promise<void> {
    while (this.notifier.pending > 0) {
      if (this.calling) await this.answer(true);
      else await this.clock.pass(this.clock.nextTimerInMs);
    }
  }

  #post(told: Told): Promise<PostAnswer> {
    assert.not(this.calling, 'two calls at a time');
    this.calls.push(told);
    if (this.answers !== undefined) {
      return Promise.resolve(this.answers(told) ? { ok: true } : { ok: false, why: WHY });
    }
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }
}

/** A change of the cache `users`, whole, unless it says otherwise; `<origin>-<time>`. */
export function change(id: string, parts: Partial<AppChange> = {}): AppChange {
  return {
    id,
    at: [Number(/[0-9]+$/.exec(id)?.[0] ?? 0), 0, id.split('-')[0]!],
    kind: 'invalidate',
    caches: ['users'],
    keys: [],
    tags: [],
    prefixes: [],
    body: undefined,
    ...parts,
  };
}

export function body(text: string): AppChange['body'] {
  return { contentType: 'application/json', bytes: Buffer.from(text) };
}

/** What a promise has come to so far. */
export async function soFar<T>(promise: Promise<T>): Promise<T | 'waiting'> {
  await settled();
  return await Promise.race([promise, Promise.resolve('waiting' as const)]);
}
