// What was applied here, in order, for those who listen: the latest events are kept, so that one who was away can
// catch up, and whoever was away for too long is told to start anew.

import type { ChangeKind, Selection } from '../cache/caches.ts';

export interface FeedEvent {
  /** Counts up by one in this life of the daemon. */
  readonly number: number;
  readonly kind: ChangeKind | 'delete' | 'write';
  readonly caches: readonly string[];
  /** JSON, keys percent-encoded. */
  readonly data: string;
}

export type Listener = (event: FeedEvent) => void;

const KEPT = 1000;

export class EventFeed {
  readonly #kept: FeedEvent[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #encode: (bytes: Uint8Array) => string;
  #number = 0;

  constructor(encode: (bytes: Uint8Array) => string) {
    this.#encode = encode;
  }

  get latest(): number {
    return this.#number;
  }

  publish(kind: ChangeKind, selection: Selection, entries: number): void {
    if (selection.caches.length === 0) return;
    const caches = selection.caches.map(({ name }) => name);
    const data = JSON.stringify({
      kind,
      caches,
      keys: selection.keys.map(this.#encode),
      tags: selection.tags,
      prefixes: selection.prefixes.map(this.#encode),
      entries,
    });
    const event = { number: ++this.#number, kind, caches, data };
    this.#kept.push(event);
    if (this.#kept.length > KEPT) this.#kept.shift();
    for (const listener of this.#listeners) listener(event);
  }

  /** The events after `number`, undefined where some of them are not kept any more. */
  since(number: number): FeedEvent[] | undefined {
    const first = this.#kept[0]?.number ?? this.#number + 1;
    if (number > this.#number || number < first - 1) return undefined;
    return this.#kept.filter((event) => event.number > number);
  }

  /** Calls `listener` for every event from now on, until the function that is returned is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
