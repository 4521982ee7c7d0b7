// What comes from the others: each origin's events in order, none twice, and none missed without its being noticed.

import { areTexts, type PeerEvent, parseEvent } from './event.ts';
import { isCount } from './hybrid-clock.ts';

export type AppAnswer = 'applied' | 'failed';

export interface AppliedEvent {
  /** Entries that went, or are old now. */
  readonly entries: number;
  /** Where the own app is told: what it answers. */
  readonly app: Promise<AppAnswer> | undefined;
}

export interface InboxParts {
  readonly apply: (event: PeerEvent, from: string) => AppliedEvent;
  /** Something may have been missed: these caches are to be forgotten whole, or every coordinated one. */
  readonly drop: (caches: readonly string[] | 'all', why: string) => void;
}

/** A message with events, as it came. */
export interface EventsMessage {
  readonly after: number;
  readonly events: readonly unknown[];
  readonly lost: readonly string[];
}

/** Of one event: its sequence, entries, and whether the app has yet to answer. */
export type EventResult = readonly [sequence: number, entries: number, waiting: boolean];

interface Recent {
  readonly entries: number;
  readonly app: Promise<AppAnswer> | undefined;
  waiting: boolean;
}

const MOST_ORIGINS = 4096;
const MOST_RECENT = 256;
const CACHE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

export class Inbox {
  readonly #parts: InboxParts;
  /** Origin → its last event that was applied here, with all before it. */
  readonly #seen = new Map<string, number>();
  readonly #recent = new Map<string, Map<number, Recent>>();
  /** Until this instance has joined nothing is kept, so nothing can be missed. */
  joining = true;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  /** Undefined where nothing is known of the origin. */
  seen(origin: string): number | undefined {
    return this.#seen.get(origin);
  }

  /** Every origin and what was applied of it. */
  get vector(): Record<string, number> {
    return Object.fromEntries(this.#seen);
  }

  /** Where an origin that was not known stands. What it said before was missed. */
  meet(origin: string, sequence: number): void {
    if (this.#seen.has(origin)) return;
    if (!this.joining && sequence > 0) this.#parts.drop('all', 'a peer was met that had made changes before');
    this.#note(origin, sequence);
  }

  /** What another instance, which has it all, has applied; only while joining. */
  adopt(vector: Readonly<Record<string, number>>): void {
    if (!this.joining) return;
    for (const [origin, sequence] of Object.entries(vector)) {
      if (sequence > (this.#seen.get(origin) ?? -1)) this.#note(origin, sequence);
    }
  }

  /** Applies what is new. Returns what is applied now, and what came of each. */
  receive(
    origin: string,
    { after, events, lost }: EventsMessage,
  ): { confirmed: number; results: EventResult[] } {
    this.#fillGap(origin, after, lost);
    const results: EventResult[] = [];
    for (const value of events) {
      const sequence = sequenceOf(value);
      if (sequence !== undefined && sequence <= this.#seen.get(origin)!) {
        const recent = this.#recent.get(origin)?.get(sequence);
        results.push([sequence, recent?.entries ?? 0, recent?.waiting ?? false]);
        continue;
      }
      const event = parseEvent(value);
      if (event) results.push(this.#apply(origin, event));
      else this.#parts.drop('all', 'a peer sent an event that cannot be read');
      this.#note(origin, sequence ?? this.#seen.get(origin)!);
    }
    return { confirmed: this.#seen.get(origin)!, results };
  }

  /** The app's answer to an event; undefined where nothing is owed any more. */
  app(origin: string, sequence: number): Promise<AppAnswer> | undefined {
    return this.#recent.get(origin)?.get(sequence)?.app;
  }

  /** Events of the origin to which the own app has yet to answer. */
  waiting(origin: string): number[] {
    const recent = this.#recent.get(origin) ?? new Map<number, Recent>();
    return [...recent].filter(([, { waiting }]) => waiting).map(([sequence]) => sequence);
  }

  /** It has ended: nothing will come of it any more. */
  forget(origin: string): void {
    this.#seen.delete(origin);
    this.#recent.delete(origin);
  }

  #fillGap(origin: string, after: number, lost: readonly string[]): void {
    const seen = this.#seen.get(origin) ?? 0;
    if (after > seen) {
      if (!this.joining) this.#parts.drop('all', 'events of a peer were missed');
      this.#note(origin, after);
    } else {
      this.#note(origin, seen);
      if (lost.length > 0 && !this.joining)
        this.#parts.drop(lost, 'events of a peer were too many to be kept');
    }
  }

  #apply(origin: string, event: PeerEvent): EventResult {
    const { entries, app } = this.#parts.apply(event, origin);
    const recent: Recent = { entries, app, waiting: app !== undefined };
    void app?.then(() => {
      recent.waiting = false;
    });
    const ofOrigin = this.#recent.get(origin) ?? new Map<number, Recent>();
    this.#recent.set(origin, ofOrigin);
    ofOrigin.set(event.sequence, recent);
    if (ofOrigin.size > MOST_RECENT) ofOrigin.delete(ofOrigin.keys().next().value!);
    return [event.sequence, entries, recent.waiting];
  }

  /** The origin that was heard of last is kept longest. */
  #note(origin: string, sequence: number): void {
    this.#seen.delete(origin);
    this.#seen.set(origin, sequence);
    if (this.#seen.size > MOST_ORIGINS) this.forget(this.#seen.keys().next().value!);
  }
}

/** Undefined where it is no such message. */
export function parseEvents(body: Readonly<Record<string, unknown>>): EventsMessage | undefined {
  const { after, events, lost = [] } = body;
  if (!isCount(after) || !Array.isArray(events)) return undefined;
  if (!areTexts(lost, CACHE_NAME, 1000)) return undefined;
  return { after, events, lost };
}

function sequenceOf(value: unknown): number | undefined {
  const sequence = (value as { sequence?: unknown } | null)?.sequence;
  return isCount(sequence) ? sequence : undefined;
}
