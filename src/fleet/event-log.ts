// The events that began here and that not every member has confirmed: numbered, encoded, bounded in bytes.
//
// Where they do not fit, the oldest go, and of each only the caches are remembered: who would still have needed it
// forgets those caches whole.

import { type Copied, encodeEvent, type NewEvent, type PeerEvent, parseEvent } from './event.ts';
import type { HybridTime } from './hybrid-clock.ts';

export interface EventLogParts {
  /** The most bytes that are kept, as long as they are free. */
  readonly maxBytes: number;
  /** Whether the bytes may be held; they are charged then, until they are released. */
  readonly charge: (bytes: number) => boolean;
  readonly release: (bytes: number) => void;
}

/** What one is to be told. Who has not applied all up to `after` has missed what nobody can tell any more. */
export interface Batch {
  readonly after: number;
  /** JSON, in order. */
  readonly events: readonly string[];
  /** What goes along with them. */
  readonly copied: readonly Copied[];
  /** Caches of which events are missing. */
  readonly lost: readonly string[];
  /** What it has confirmed when it confirms this. */
  readonly upTo: number;
}

interface Logged {
  readonly sequence: number;
  readonly caches: readonly string[];
  readonly text: string;
  /** The cache of which entries go along. */
  readonly copied: string | undefined;
  readonly atMs: number;
}

/** An object around a text. */
const COST_BYTES = 160;

export class EventLog {
  readonly #parts: EventLogParts;
  /** In order, without gaps. */
  #kept: Logged[] = [];
  #bytes = 0;
  #latest = 0;
  /** What is up to here everybody had confirmed: of it nothing is known any more. */
  #trimmed = 0;
  /** Cache → the last of its events that is not kept, though somebody may need it. */
  readonly #lost = new Map<string, number>();

  constructor(parts: EventLogParts) {
    this.#parts = parts;
  }

  /** The number of the last event. */
  get latest(): number {
    return this.#latest;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(event: NewEvent, at: HybridTime): PeerEvent {
    const numbered = { ...event, sequence: ++this.#latest, at: event.at ?? at };
    const logged = {
      sequence: numbered.sequence,
      caches: event.caches,
      text: encodeEvent(numbered),
      copied: event.copied,
      atMs: at[0],
    };
    const cost = costOf(logged);
    while (this.#kept.length > 0 && this.#bytes + cost > this.#parts.maxBytes) this.#loseOldest();
    if (cost <= this.#parts.maxBytes && this.#parts.charge(cost)) {
      this.#kept.push(logged);
      this.#bytes += cost;
    } else {
      // A gap would look as if nothing was missing: what is before it goes as well.
      while (this.#kept.length > 0) this.#loseOldest();
      this.#lose(logged);
    }
    return numbered;
  }

  /** The next events after one that is confirmed, as many as `maxLength` allows and one at least. */
  after(confirmed: number, maxLength: number): Batch | undefined {
    if (confirmed >= this.#latest) return undefined;
    const after = Math.max(confirmed, this.#trimmed);
    const events: string[] = [];
    const copied: Copied[] = [];
    let length = 0;
    let at = this.#firstAfter(after);
    for (; at < this.#kept.length; at++) {
      const { text, copied: cache } = this.#kept[at]!;
      length += text.length;
      if (events.length > 0 && length > maxLength) break;
      events.push(text);
      // Kept as text alone, keys take a fraction of the memory.
      if (cache !== undefined) copied.push({ cache, keys: parseEvent(JSON.parse(text))?.keys ?? [] });
    }
    const lost = [...this.#lost].filter(([, sequence]) => sequence > after).map(([cache]) => cache);
    return {
      after,
      events,
      copied,
      lost,
      upTo: events.length > 0 ? this.#kept[at - 1]!.sequence : this.#latest,
    };
  }

  /** What is up to here everybody had confirmed, and is forgotten. */
  get trimmed(): number {
    return this.#trimmed;
  }

  /** When the first event after `confirmed` was made; undefined where there is none, or none is kept. */
  waitingSinceMs(confirmed: number): number | undefined {
    return this.#kept[this.#firstAfter(confirmed)]?.atMs;
  }

  /** Everybody has confirmed what is up to here. */
  confirmed(upTo: number): void {
    this.#trimmed = Math.max(this.#trimmed, Math.min(upTo, this.#latest));
    let count = 0;
    for (const logged of this.#kept) {
      if (logged.sequence > upTo) break;
      this.#forget(logged);
      count++;
    }
    if (count > 0) this.#kept = this.#kept.slice(count);
    for (const [cache, sequence] of this.#lost) if (sequence <= upTo) this.#lost.delete(cache);
  }

  /** Where in `#kept` it begins that is not confirmed. */
  #firstAfter(confirmed: number): number {
    const first = this.#kept[0]?.sequence ?? 0;
    return Math.max(0, confirmed + 1 - first);
  }

  #loseOldest(): void {
    const oldest = this.#kept.shift()!;
    this.#forget(oldest);
    this.#lose(oldest);
  }

  #lose({ caches, sequence }: Logged): void {
    for (const cache of caches) this.#lost.set(cache, sequence);
  }

  #forget(logged: Logged): void {
    this.#bytes -= costOf(logged);
    this.#parts.release(costOf(logged));
  }
}

/** All of it is ASCII: one byte a character. */
function costOf({ text }: Logged): number {
  return COST_BYTES + text.length;
}
