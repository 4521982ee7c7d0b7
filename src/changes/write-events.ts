// Writes and deletes of single entries, gathered for a moment: one event a cache, each key once.

import type { Clock, Timer } from '../cache/clock.ts';
import type { HybridTime } from '../fleet/hybrid-clock.ts';

export type WriteKind = 'write' | 'delete';

export interface WriteEvent {
  readonly kind: WriteKind;
  readonly cache: string;
  /** Empty: they were too many, and the cache changed whole. */
  readonly keys: readonly Buffer[];
  /** Of a replicated cache: of what was written the first time, of what was deleted the last. */
  readonly at?: HybridTime;
}

const WITHIN_MS = 5;
const MOST_KEYS = 1000;
const MOST_BYTES = 256 << 10;
/** Of what is never about the cache whole, on the wire, where a byte of a key may be three characters. */
const MOST_LENGTH = 192 << 10;
const LONGEST = 3;

class Gathered {
  readonly #kindOf = new Map<string, WriteKind>();
  readonly #atOf = new Map<string, HybridTime>();
  #bytes = 0;
  #isWhole = false;

  add(key: Buffer, kind: WriteKind, at: HybridTime | undefined): void {
    if (this.#isWhole) return;
    const text = key.toString('latin1');
    if (!this.#kindOf.has(text)) this.#bytes += text.length;
    this.#kindOf.set(text, kind);
    if (at) this.#atOf.set(text, at);
    this.#isWhole = this.#kindOf.size > MOST_KEYS || this.#bytes > MOST_BYTES;
    if (this.#isWhole) this.#kindOf.clear();
  }

  /** With one more key it would be about the cache whole. */
  isFullWith(key: Buffer): boolean {
    const { size } = this.#kindOf;
    return size > 0 && (size >= MOST_KEYS || LONGEST * (this.#bytes + key.length + size) > MOST_LENGTH);
  }

  events(cache: string): WriteEvent[] {
    if (this.#isWhole) return [{ kind: 'write', cache, keys: [] }];
    return (['delete', 'write'] as const).flatMap((kind) => this.#eventsOf(kind, cache));
  }

  /** Deletes as of a time of their own millisecond: what another wrote after it is not theirs. */
  #eventsOf(kind: WriteKind, cache: string): WriteEvent[] {
    const events = new Map<number | undefined, { keys: Buffer[]; at?: HybridTime | undefined }>();
    for (const [text, of] of this.#kindOf) {
      if (of !== kind) continue;
      const at = this.#atOf.get(text);
      const group = kind === 'delete' ? at?.[0] : undefined;
      if (!events.has(group)) events.set(group, { keys: [], at });
      const event = events.get(group)!;
      event.keys.push(Buffer.from(text, 'latin1'));
      if (at && event.at && isBefore(at, event.at) === (kind === 'write')) event.at = at;
    }
    return [...events.values()].map(({ keys, at }) => ({ kind, cache, keys, ...(at && { at }) }));
  }
}

export class WriteEvents {
  readonly #clock: Clock;
  readonly #publish: (events: readonly WriteEvent[]) => void;
  readonly #mayBeWhole: (cache: string) => boolean;
  #gathered = new Map<string, Gathered>();
  #timer: Timer | undefined;

  /** `mayBeWhole`: what is too much is about the cache whole; else it is published before there is more. */
  constructor(
    clock: Clock,
    publish: (events: readonly WriteEvent[]) => void,
    mayBeWhole: (cache: string) => boolean = () => true,
  ) {
    this.#clock = clock;
    this.#publish = publish;
    this.#mayBeWhole = mayBeWhole;
  }

  /** `at`: of a replicated cache. */
  add(cache: string, key: Buffer, kind: WriteKind, at?: HybridTime): void {
    let gathered = this.#gathered.get(cache);
    if (!gathered) {
      gathered = new Gathered();
      this.#gathered.set(cache, gathered);
    }
    if (!this.#mayBeWhole(cache) && gathered.isFullWith(key)) {
      this.flush();
      this.add(cache, key, kind, at);
      return;
    }
    gathered.add(key, kind, at);
    this.#timer ??= this.#clock.after(WITHIN_MS, () => this.flush());
  }

  /** Publishes at once what was gathered. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#gathered.size === 0) return;
    const events = [...this.#gathered].flatMap(([cache, gathered]) => gathered.events(cache));
    this.#gathered = new Map();
    this.#publish(events);
  }
}

function isBefore(one: HybridTime, other: HybridTime): boolean {
  return one[0] === other[0] ? one[1] < other[1] : one[0] < other[0];
}
