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
  readonly drop: (caches: readonly string[] | 'all', why: string, origin: string) => void;
  /** Told of what goes along with events, before them; undefined: nothing does. */
  readonly copied?: ((entries: unknown, from: string) => void) | undefined;
}

/** A message with events, as it came. */
export interface EventsMessage {
  readonly after: number;
  readonly events: readonly unknown[];
  readonly lost: readonly string[];
  /** What is applied when the message is. */
  readonly upTo: number;
  /** What goes along. */
  readonly entries?: unknown;
}

/** Of one event: its sequence, entries, and whether the app has yet to take it. */
export type EventResult = readonly [sequence: number, entries: number | null, waiting: boolean];

/** An event of which the own app was told. */
interface Told {
  readonly app: Promise<AppAnswer>;
  isTaken: boolean;
}

const MOST_ORIGINS = 4096;
/** Of each origin. */
const MOST_TOLD = 256;
/** Who has not been a member for so long meets this instance as a stranger. */
const ABSENT_FOR_MS = 600_000;
const MOST_LOST = 10_000;
const CACHE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

export class Inbox {
  readonly #parts: InboxParts;
  /** Origin → its last event that was applied here, with all before it. */
  readonly #seen = new Map<string, number>();
  /** Origins of which another told how far they are, and they themselves have not yet. */
  readonly #adopted = new Set<string>();
  readonly #told = new Map<string, Map<number, Told>>();
  /** Origins that are no members, and since when. */
  readonly #absentSinceMs = new Map<string, number>();
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

  /**
   * Where an origin stands, by its own word. What it said before it was known was missed; and if another had told that it
   * stands further, all that was taken for known since may have been missed.
   */
  meet(origin: string, sequence: number): void {
    const seen = this.#seen.get(origin);
    const isAdopted = this.#adopted.delete(origin);
    if (seen !== undefined && (seen <= sequence || !isAdopted)) return;
    if (!this.joining && sequence > 0) {
      this.#parts.drop('all', 'a peer was met that had made changes before', origin);
    }
    this.#note(origin, sequence);
  }

  /** What another instance, which has it all, has applied; only while joining. */
  adopt(vector: Readonly<Record<string, number>>): void {
    if (!this.joining) return;
    for (const [origin, sequence] of Object.entries(vector)) {
      if (sequence <= (this.#seen.get(origin) ?? -1)) continue;
      this.#note(origin, sequence);
      this.#adopted.add(origin);
    }
  }

  /** Applies what is new. Returns what is applied now, and what came of each. */
  receive(origin: string, message: EventsMessage): { confirmed: number; results: EventResult[] } {
    const { after, events, lost, upTo } = message;
    this.#parts.copied?.(message.entries, origin);
    // By its own word it is so far: what it said before, and comes later, tells nothing any more.
    if (upTo >= (this.#seen.get(origin) ?? 0)) this.#adopted.delete(origin);
    this.#fillGap(origin, after, lost);
    const isComplete = lost.length === 0;
    const results: EventResult[] = [];
    let isMissed = false;
    const missed = (why: string): void => {
      if (!isMissed) this.#missed(why, origin);
      isMissed = true;
    };
    for (const value of events) {
      const seen = this.#seen.get(origin)!;
      const sequence = sequenceOf(value);
      if (sequence !== undefined && sequence <= seen) {
        results.push([sequence, null, this.#isWaiting(origin, sequence)]);
        continue;
      }
      if (isComplete && sequence !== seen + 1) missed('a peer left out events');
      const event = parseEvent(value);
      if (event) results.push(this.#apply(origin, event));
      else missed('a peer sent an event that cannot be read');
      this.#note(origin, sequence ?? seen);
    }
    const seen = this.#seen.get(origin)!;
    if (upTo > seen) {
      if (isComplete) missed('a peer left out events');
      this.#note(origin, upTo);
    }
    return { confirmed: this.#seen.get(origin)!, results };
  }

  /** The app's answer to an event; undefined where nothing is owed any more. */
  app(origin: string, sequence: number): Promise<AppAnswer> | undefined {
    return this.#told.get(origin)?.get(sequence)?.app;
  }

  /** Events of the origin that the own app has not taken. */
  waiting(origin: string): number[] {
    const told = this.#told.get(origin) ?? new Map<number, Told>();
    return [...told].filter(([, { isTaken }]) => !isTaken).map(([sequence]) => sequence);
  }

  /** Origins that are no members, and have not been for long, are forgotten. Called at each interval. */
  forgetAbsent(isMember: (origin: string) => boolean, nowMs: number): void {
    for (const origin of [...this.#seen.keys()]) {
      if (isMember(origin)) {
        this.#absentSinceMs.delete(origin);
        continue;
      }
      this.#told.delete(origin);
      const sinceMs = this.#absentSinceMs.get(origin) ?? nowMs;
      this.#absentSinceMs.set(origin, sinceMs);
      if (nowMs - sinceMs >= ABSENT_FOR_MS) this.#forget(origin);
    }
  }

  #fillGap(origin: string, after: number, lost: readonly string[]): void {
    const seen = this.#seen.get(origin) ?? 0;
    if (after > seen) {
      this.#missed('events of a peer were missed', origin);
      this.#note(origin, after);
    } else {
      this.#note(origin, seen);
      if (lost.length > 0 && !this.joining)
        this.#parts.drop(lost, 'events of a peer were too many to be kept', origin);
    }
  }

  #missed(why: string, origin: string): void {
    if (!this.joining) this.#parts.drop('all', why, origin);
  }

  #apply(origin: string, event: PeerEvent): EventResult {
    const { entries, app } = this.#parts.apply(event, origin);
    if (app) this.#await(origin, event.sequence, app);
    return [event.sequence, entries, app !== undefined];
  }

  #await(origin: string, sequence: number, app: Promise<AppAnswer>): void {
    const told: Told = { app, isTaken: false };
    void app.then((answer) => {
      told.isTaken = answer === 'applied';
    });
    const ofOrigin = this.#told.get(origin) ?? new Map<number, Told>();
    this.#told.set(origin, ofOrigin);
    ofOrigin.set(sequence, told);
    if (ofOrigin.size > MOST_TOLD) ofOrigin.delete(ofOrigin.keys().next().value!);
  }

  #isWaiting(origin: string, sequence: number): boolean {
    return this.#told.get(origin)?.get(sequence)?.isTaken === false;
  }

  /** The origin that was heard of last is kept longest. */
  #note(origin: string, sequence: number): void {
    this.#seen.delete(origin);
    this.#seen.set(origin, sequence);
    if (this.#seen.size > MOST_ORIGINS) this.#forget(this.#seen.keys().next().value!);
  }

  #forget(origin: string): void {
    this.#seen.delete(origin);
    this.#adopted.delete(origin);
    this.#told.delete(origin);
    this.#absentSinceMs.delete(origin);
  }
}

/** Undefined where it is no such message. */
export function parseEvents(body: Readonly<Record<string, unknown>>): EventsMessage | undefined {
  const { after, events, lost = [], up_to: upTo, entries } = body;
  if (!isCount(after) || !Array.isArray(events)) return undefined;
  if (!areTexts(lost, CACHE_NAME, MOST_LOST) || !isCount(upTo)) return undefined;
  return { after, events, lost, upTo, entries };
}

function sequenceOf(value: unknown): number | undefined {
  const sequence = (value as { sequence?: unknown } | null)?.sequence;
  return isCount(sequence) ? sequence : undefined;
}
