// Writes and deletes of single entries, gathered for a moment: one event a cache, each key once.

import type { Clock, Timer } from '../cache/clock.ts';

export type WriteKind = 'write' | 'delete';

export interface WriteEvent {
  readonly kind: WriteKind;
  readonly cache: string;
  /** Empty: they were too many, and the cache changed whole. */
  readonly keys: readonly Buffer[];
}

const WITHIN_MS = 5;
const MOST_KEYS = 1000;
const MOST_BYTES = 256 << 10;

class Gathered {
  readonly #kindOf = new Map<string, WriteKind>();
  #bytes = 0;
  #isWhole = false;

  add(key: Buffer, kind: WriteKind): void {
    if (this.#isWhole) return;
    const text = key.toString('latin1');
    if (!this.#kindOf.has(text)) this.#bytes += text.length;
    this.#kindOf.set(text, kind);
    this.#isWhole = this.#kindOf.size > MOST_KEYS || this.#bytes > MOST_BYTES;
    if (this.#isWhole) this.#kindOf.clear();
  }

  /** With one more key it would be about the cache whole. */
  isFullWith(key: Buffer): boolean {
    const { size } = this.#kindOf;
    return size > 0 && (size >= MOST_KEYS || this.#bytes + key.length > MOST_BYTES);
  }

  events(cache: string): WriteEvent[] {
    if (this.#isWhole) return [{ kind: 'write', cache, keys: [] }];
    return (['delete', 'write'] as const).flatMap((kind) => {
      const keys = [...this.#kindOf]
        .filter(([, of]) => of === kind)
        .map(([text]) => Buffer.from(text, 'latin1'));
      return keys.length > 0 ? [{ kind, cache, keys }] : [];
    });
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

  add(cache: string, key: Buffer, kind: WriteKind): void {
    let gathered = this.#gathered.get(cache);
    if (!gathered) {
      gathered = new Gathered();
      this.#gathered.set(cache, gathered);
    }
    if (!this.#mayBeWhole(cache) && gathered.isFullWith(key)) {
      this.flush();
      this.add(cache, key, kind);
      return;
    }
    gathered.add(key, kind);
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
