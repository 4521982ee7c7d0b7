// Several keys asked for at nearly the same time, fetched together. Knows neither keys nor what fetches them.
//
// The window opens with its first key and ends after `windowMs`, or as soon as the batch is full; then the batch leaves.
// Where as many batches are under way as may be, it waits for one of them to end, and takes keys for as long as it
// has places. A key is asked once however many want it, unless its batch has left already: then what it brings may be
// older than who asks now.

import { setMaxListeners } from 'node:events';
import type { Clock, Timer } from '../cache/clock.ts';
import { LoadError } from '../errors.ts';

export interface BatchLimits {
  readonly windowMs: number;
  /** Keys of one batch. */
  readonly size: number;
  /** Of the keys of one batch together; one key alone may be more. */
  readonly maxBytes?: number;
  /** Batches under way at one time; not given: any number. */
  readonly concurrency?: number;
}

export interface BatcherParts<K, V> {
  /** One answer a key, in their order. What it throws, all of them get. */
  readonly fetch: (keys: readonly K[], signal: AbortSignal) => Promise<readonly V[]>;
  readonly limits: BatchLimits;
  readonly clock: Clock;
  readonly bytesOf?: (key: K) => number;
}

interface Waiting<V> {
  readonly answered: (value: V) => void;
  readonly failed: (error: unknown) => void;
}

interface Batch<K, V> {
  readonly waiting: Map<K, Set<Waiting<V>>>;
  readonly abort: AbortController;
  readonly timer: Timer;
  bytes: number;
  left: boolean;
}

export class Batcher<K, V> {
  readonly #parts: BatcherParts<K, V>;
  /** The one that takes keys. */
  #open: Batch<K, V> | undefined;
  /** Those that would leave if fewer were under way; the last of them may be open still. */
  #due: Batch<K, V>[] = [];
  readonly #underWay = new Set<Batch<K, V>>();
  #closed = false;

  constructor(parts: BatcherParts<K, V>) {
    this.#parts = parts;
  }

  /** Keys that wait for their batch to leave. */
  get queued(): number {
    const batches = new Set(this.#open === undefined ? this.#due : [...this.#due, this.#open]);
    return [...batches].reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /** Throws what the fetch threw, the reason of `signal` once that is aborted, LoadError('load_refused') once closed. */
  async load(key: K, signal: AbortSignal): Promise<V> {
    if (signal.aborted) throw signal.reason;
    if (this.#closed) throw stopping();
    return await new Promise<V>((resolve, reject) => {
      const batch = this.#batchFor(key);
      const settled = (): void => signal.removeEventListener('abort', abort);
      const waiting: Waiting<V> = {
        answered: (value) => {
          settled();
          resolve(value);
        },
        failed: (error) => {
          settled();
          reject(error);
        },
      };
      const abort = (): void => {
        waiting.failed(signal.reason);
        this.#takeOut(batch, key, waiting);
      };
      // Keys of one caller share a signal: many of them are no leak.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', abort, { once: true });
      this.#add(batch, key, waiting);
    });
  }

  /** Those who wait fail now; what is under way is aborted. */
  close(): void {
    this.#closed = true;
    const batches = new Set([...this.#due, ...this.#underWay]);
    if (this.#open !== undefined) batches.add(this.#open);
    this.#due = [];
    this.#open = undefined;
    for (const batch of batches) {
      batch.timer.cancel();
      fail(batch, stopping());
      batch.abort.abort(OVER);
    }
  }

  // --- filling

  /** The unsent batch that has the key already, else one with room for it. */
  #batchFor(key: K): Batch<K, V> {
    const holding = this.#due.find(({ waiting }) => waiting.has(key));
    if (holding !== undefined) return holding;
    const open = this.#open;
    if (open === undefined) return this.#newBatch();
    if (open.waiting.has(key) || this.#fits(open, key)) return open;
    this.#finish(open);
    return this.#newBatch();
  }

  #newBatch(): Batch<K, V> {
    const timer = this.#parts.clock.after(this.#parts.limits.windowMs, () => this.#queue(batch));
    const batch: Batch<K, V> = {
      waiting: new Map(),
      abort: new AbortController(),
      timer,
      bytes: 0,
      left: false,
    };
    this.#open = batch;
    return batch;
  }

  #fits(batch: Batch<K, V>, key: K): boolean {
    const { maxBytes } = this.#parts.limits;
    return maxBytes === undefined || batch.waiting.size === 0 || batch.bytes + this.#bytesOf(key) <= maxBytes;
  }

  #add(batch: Batch<K, V>, key: K, waiting: Waiting<V>): void {
    const others = batch.waiting.get(key);
    if (others !== undefined) {
      others.add(waiting);
      return;
    }
    batch.waiting.set(key, new Set([waiting]));
    batch.bytes += this.#bytesOf(key);
    if (batch.waiting.size >= this.#parts.limits.size) this.#finish(batch);
  }

  /** No key more; it leaves at once where it may. */
  #finish(batch: Batch<K, V>): void {
    if (this.#open === batch) this.#open = undefined;
    this.#queue(batch);
  }

  #takeOut(batch: Batch<K, V>, key: K, waiting: Waiting<V>): void {
    const others = batch.waiting.get(key);
    others?.delete(waiting);
    if (others === undefined || others.size > 0) return;
    // What has left keeps its keys, for the answers come in their order.
    if (batch.left) {
      if ([...batch.waiting.values()].every(({ size }) => size === 0)) batch.abort.abort(OVER);
      return;
    }
    batch.waiting.delete(key);
    batch.bytes -= this.#bytesOf(key);
    if (batch.waiting.size === 0) this.#discard(batch);
  }

  #discard(batch: Batch<K, V>): void {
    batch.timer.cancel();
    if (this.#open === batch) this.#open = undefined;
    this.#due = this.#due.filter((one) => one !== batch);
  }

  #bytesOf(key: K): number {
    return this.#parts.bytesOf?.(key) ?? 0;
  }

  // --- leaving

  #queue(batch: Batch<K, V>): void {
    batch.timer.cancel();
    if (!this.#due.includes(batch)) this.#due.push(batch);
    this.#leaveNext();
  }

  #leaveNext(): void {
    const { concurrency = Number.POSITIVE_INFINITY } = this.#parts.limits;
    while (this.#underWay.size < concurrency) {
      const batch = this.#due.shift();
      if (batch === undefined) return;
      if (this.#open === batch) this.#open = undefined;
      batch.left = true;
      this.#underWay.add(batch);
      void this.#fetch(batch);
    }
  }

  /** Never throws. */
  async #fetch(batch: Batch<K, V>): Promise<void> {
    const keys = [...batch.waiting.keys()];
    try {
      const values = await this.#parts.fetch(keys, batch.abort.signal);
      if (values.length !== keys.length) throw new Error('batch: not one answer for each key');
      for (const [i, waiting] of [...batch.waiting.values()].entries()) {
        for (const { answered } of waiting) answered(values[i]!);
      }
    } catch (error) {
      fail(batch, error);
    } finally {
      this.#underWay.delete(batch);
      this.#leaveNext();
    }
  }
}

/** A reason of one's own: the default one is made with a stack. */
const OVER = 'over';

function fail<K, V>(batch: Batch<K, V>, error: unknown): void {
  for (const waiting of batch.waiting.values()) for (const { failed } of waiting) failed(error);
}

function stopping(): LoadError {
  return new LoadError('load_refused', 'the daemon is stopping');
}
