// Keys that are asked for together, and apart where together they fail: one that an API chokes on costs the others nothing.
//
// What fails is asked for in halves, those of it that fail in halves again, level by level, until each key is answered
// or has failed alone. One bad key among n takes 2 log2 n further requests, and no more are made for one batch: where
// several are bad, some of those beside them share the failure.

import { Refusal } from '../cloud-controller/api-errors.ts';
import { Batcher, type BatcherParts } from '../load/batch.ts';

type Answer<V> = { readonly value: V } | { readonly error: unknown };
type Fetch<K, V> = BatcherParts<K, V>['fetch'];

/** As a Batcher, of an API's answers. */
export class HalvingBatcher<K, V> {
  readonly #batcher: Batcher<K, Answer<V>>;

  constructor(parts: BatcherParts<K, V>) {
    const fetch: Fetch<K, Answer<V>> = (keys, signal) => new Halving(parts.fetch, keys, signal).answers();
    this.#batcher = new Batcher({ ...parts, fetch });
  }

  /** Throws as a Batcher's does. */
  async load(key: K, signal: AbortSignal): Promise<V> {
    const answer = await this.#batcher.load(key, signal);
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  close(): void {
    this.#batcher.close();
  }
}

/** Keys from one place up to another, which failed together. */
interface Failed {
  readonly from: number;
  readonly to: number;
  readonly error: unknown;
}

/** One batch. */
class Halving<K, V> {
  readonly #fetch: Fetch<K, V>;
  readonly #keys: readonly K[];
  readonly #signal: AbortSignal;
  readonly #answers: Answer<V>[] = [];
  #callsLeft: number;
  #answered = false;

  constructor(fetch: Fetch<K, V>, keys: readonly K[], signal: AbortSignal) {
    this.#fetch = fetch;
    this.#keys = keys;
    this.#signal = signal;
    this.#callsLeft = 2 * Math.ceil(Math.log2(keys.length));
  }

  /** One a key. Throws the first failure where nothing was answered: keys that failed together failed by one error. */
  async answers(): Promise<readonly Answer<V>[]> {
    const whole = await this.#ask(0, this.#keys.length);
    if (whole === undefined) return this.#answers;
    let failed = [whole];
    while (failed.length > 0) failed = await this.#askHalves(failed);
    if (!this.#answered) throw whole.error;
    return this.#answers;
  }

  /** What of the halves failed. An API that answers neither of the first two, and says it is at fault, is that. */
  async #askHalves(failed: readonly Failed[]): Promise<Failed[]> {
    const halves: Failed[] = [];
    for (const one of failed) {
      const middle = (one.from + one.to) >>> 1;
      if (!this.#mayHalve(one)) continue;
      for (const [from, to] of [
        [one.from, middle],
        [middle, one.to],
      ] as const) {
        const half = await this.#ask(from, to);
        if (half !== undefined) halves.push(half);
      }
    }
    return this.#answered || halves.every(({ error }) => isOfKeys(error)) ? halves : [];
  }

  #mayHalve({ from, to, error }: Failed): boolean {
    if (to - from < 2 || this.#callsLeft < 2 || !isWorthHalving(error)) return false;
    this.#callsLeft -= 2;
    return true;
  }

  async #ask(from: number, to: number): Promise<Failed | undefined> {
    try {
      const values = await this.#fetch(this.#keys.slice(from, to), this.#signal);
      for (let i = from; i < to; i++) this.#answers[i] = { value: values[i - from]! };
      this.#answered = true;
      return undefined;
    } catch (error) {
      for (let i = from; i < to; i++) this.#answers[i] = { error };
      // It is the API that fails, not a key.
      if (!isWorthHalving(error)) this.#callsLeft = 0;
      return { from, to, error };
    }
  }
}

/** Answers that one key of many may have brought about. */
const MAY_BE_OF_ONE: ReadonlySet<number> = new Set([400, 404, 414, 422, 500]);

function isWorthHalving(error: unknown): boolean {
  return error instanceof Refusal && MAY_BE_OF_ONE.has(error.answeredStatus);
}

function isOfKeys(error: unknown): boolean {
  return error instanceof Refusal && error.ofKeyOnly;
}
