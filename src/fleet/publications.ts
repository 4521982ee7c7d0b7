// What clients of one instance publish, for those who listen at the others. Best effort: it is sent to each member once,
// in order, and neither confirmed nor repaired. Who cannot be reached, or is too slow, misses what was published then.
// It overtakes no change: an app that hears of it, and reads anew, must not be given what was before. So a member is sent
// it once it has confirmed what was announced before it.
//
//   publish ─▶ the last few messages, shared ─▶ one message of the fleet at a time to each member, with all since the last

import type { Clock } from '../cache/clock.ts';
import type { Link } from './link.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';

export interface PublicationsParts {
  readonly clock: Clock;
  readonly link: Link;
  readonly members: Members;
  /** Who this is: what every message says. */
  readonly sender: () => object;
  /** Number of the own event that was announced last. */
  readonly latestEvent: () => number;
  /** Whether the bytes may be held; they are charged then, until they are released. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

export interface Publication {
  readonly channel: Buffer;
  readonly payload: Buffer;
}

/** Of what is kept, and of one message of the fleet: half of what one may have at most. */
const MAX_LENGTH = 512 << 10;
const MOST_KEPT = 10_000;
/** Those that take messages one at a time are behind by what comes within this at most. */
const TIMEOUT_MS = 2000;
/** Who does not know such messages is a daemon of before; another may be in its place after an upgrade. */
const REFUSED_FOR_MS = 60_000;
const COST_BYTES = 100;
/** To members that are asked at one time: what is confirmed and repaired goes over the same way, and comes first. */
const MOST_AT_ONCE = 16;

/** One that is kept, as JSON. */
interface Kept {
  readonly text: string;
  readonly costBytes: number;
  /** Number of the own event before it. */
  readonly after: number;
}

/** How far a member is. */
interface Progress {
  /** Number of the next one that it is sent. */
  next: number;
  isSending: boolean;
  refusedUntilMs: number;
}

export class Publications {
  readonly #parts: PublicationsParts;
  #kept: Kept[] = [];
  /** Number of the first that is kept. */
  #first = 0;
  #length = 0;
  readonly #progress = new WeakMap<Member, Progress>();
  #isClosed = false;
  /** Messages of the fleet that are on their way. */
  #sending = 0;
  /** Those that some member was not sent, or that were too large for all. */
  missed = 0;

  constructor(parts: PublicationsParts) {
    this.#parts = parts;
  }

  publish({ channel, payload }: Publication): void {
    const members = this.#parts.members.all;
    if (members.length === 0 || this.#isClosed) return;
    // Who is met later has missed it.
    for (const member of members) this.#progressOf(member);
    if (!this.#keep(JSON.stringify([channel.toString('base64'), payload.toString('base64')]))) {
      this.missed++;
      return;
    }
    this.#sendAll();
    this.#trim();
  }

  /** A message with events to the member was answered, or is not waited for any more. */
  delivered(member: Member): void {
    if (this.#kept.length === 0) return;
    this.#send(member);
    this.#trim();
  }

  close(): void {
    this.#isClosed = true;
    this.#dropUpTo(this.#first + this.#kept.length);
  }

  #keep(text: string): boolean {
    const costBytes = COST_BYTES + text.length;
    if (text.length > MAX_LENGTH || !this.#parts.charge(costBytes)) return false;
    this.#kept.push({ text, costBytes, after: this.#parts.latestEvent() });
    this.#length += text.length;
    while (this.#length > MAX_LENGTH || this.#kept.length > MOST_KEPT) this.#dropUpTo(this.#first + 1);
    return true;
  }

  #send(member: Member): void {
    const { members, link } = this.#parts;
    const { place, identity } = member;
    const progress = this.#progressOf(member);
    const latest = this.#first + this.#kept.length;
    if (this.#isClosed || progress.isSending || progress.next >= latest) return;
    if (this.#sending >= MOST_AT_ONCE) return;
    if (members.get(identity.incarnation) !== member) return;
    if (place === undefined || progress.refusedUntilMs > this.#parts.clock.now()) {
      this.#miss(progress, latest);
      return;
    }
    if (progress.next < this.#first) this.#miss(progress, this.#first);
    const from = progress.next;
    const end = this.#endFor(member, from);
    if (end === from) {
      if (!member.sending) this.#miss(progress, latest);
      return;
    }
    progress.next = end;
    progress.isSending = true;
    this.#sending++;
    const body = this.#bodyOf(from, end);
    const ask = { place, to: identity.incarnation, kind: 'publish', body, timeoutMs: TIMEOUT_MS } as const;
    void link.ask(ask).then(({ result }) => {
      progress.isSending = false;
      this.#sending--;
      if (result !== 'answered') this.missed += end - from;
      if (result === 'refused') progress.refusedUntilMs = this.#parts.clock.now() + REFUSED_FOR_MS;
      this.#sendAll();
      this.#trim();
    });
  }

  #miss(progress: Progress, upTo: number): void {
    this.missed += upTo - progress.next;
    progress.next = upTo;
  }

  /** Number of the first, from there on, before which there was something that the member has not confirmed. */
  #endFor({ confirmed }: Member, from: number): number {
    const rest = this.#kept.slice(from - this.#first);
    const at = rest.findIndex(({ after }) => after > confirmed);
    return from + (at === -1 ? rest.length : at);
  }

  /** Who is furthest behind comes first. */
  #sendAll(): void {
    const { all } = this.#parts.members;
    const next = (member: Member): number => this.#progressOf(member).next;
    if (all.length > MOST_AT_ONCE) all.sort((one, other) => next(one) - next(other));
    for (const member of all) this.#send(member);
  }

  #bodyOf(from: number, end: number): string {
    const texts = this.#kept.slice(from - this.#first, end - this.#first).map(({ text }) => text);
    const head = JSON.stringify(this.#parts.sender());
    return `${head.slice(0, -1)},"messages":[${texts.join(',')}]}`;
  }

  /** What all have been sent is of no use any more. */
  #trim(): void {
    const latest = this.#first + this.#kept.length;
    const { all } = this.#parts.members;
    this.#dropUpTo(Math.min(latest, ...all.map((member) => this.#progressOf(member).next)));
  }

  #dropUpTo(number: number): void {
    const count = number - this.#first;
    if (count <= 0) return;
    for (const { text, costBytes } of this.#kept.slice(0, count)) {
      this.#length -= text.length;
      this.#parts.release(costBytes);
    }
    this.#kept = this.#kept.slice(count);
    this.#first = number;
  }

  #progressOf(member: Member): Progress {
    let progress = this.#progress.get(member);
    if (!progress) {
      progress = { next: this.#first + this.#kept.length, isSending: false, refusedUntilMs: 0 };
      this.#progress.set(member, progress);
    }
    return progress;
  }
}

/** Those in a peer's message; what is none of them is left out. */
export function parsePublications({ messages }: Readonly<Record<string, unknown>>): Publication[] {
  if (!Array.isArray(messages)) return [];
  return messages.slice(0, MOST_KEPT).flatMap((message): Publication[] => {
    if (!Array.isArray(message)) return [];
    const [channel, payload] = message;
    if (typeof channel !== 'string' || typeof payload !== 'string') return [];
    return [{ channel: Buffer.from(channel, 'base64'), payload: Buffer.from(payload, 'base64') }];
  });
}
