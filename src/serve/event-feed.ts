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
const KEPT_LENGTH = 1 << 20;
/** One that would be longer says that the caches changed whole: who follows it forgets more than it must. */
const MAX_LENGTH = 32 << 10;
const MAX_NAMES = 1000;

export class EventFeed {
  readonly #kept: FeedEvent[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #encode: (bytes: Uint8Array) => string;
  #number = 0;
  #keptLength = 0;

  constructor(encode: (bytes: Uint8Array) => string) {
    this.#encode = encode;
  }

  get latest(): number {
    return this.#number;
  }

  publish(kind: FeedEvent['kind'], selection: Selection, entries: number): void {
    if (selection.caches.length === 0) return;
    const caches = selection.caches.map(({ name }) => name);
    const event = {
      number: ++this.#number,
      kind,
      caches,
      data: this.#describe(kind, caches, selection, entries),
    };
    this.#kept.push(event);
    this.#keptLength += event.data.length;
    while (this.#kept.length > KEPT || this.#keptLength > KEPT_LENGTH)
      this.#keptLength -= this.#kept.shift()!.data.length;
    for (const listener of this.#listeners) listener(event);
  }

  #describe(
    kind: FeedEvent['kind'],
    caches: readonly string[],
    { keys, tags, prefixes }: Omit<Selection, 'caches'>,
    entries: number,
  ): string {
    const whole = { kind, caches, keys: [], tags: [], prefixes: [], entries };
    if (keys.length + tags.length + prefixes.length > MAX_NAMES) return JSON.stringify(whole);
    const encode = this.#encode;
    const named = { ...whole, keys: keys.map(encode), tags, prefixes: prefixes.map(encode) };
    const data = JSON.stringify(named);
    return data.length > MAX_LENGTH ? JSON.stringify(whole) : data;
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
