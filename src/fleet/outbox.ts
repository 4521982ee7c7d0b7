// What goes to the others: to each member one message with events at a time, in order, until it has confirmed them all.
//
// What is announced while a message is on its way goes with the next; so a member gets events in their order, and many
// announcements cost few messages.

import type { Clock } from '../cache/clock.ts';
import { Announcement, type MemberReport } from './announcement.ts';
import type { Copied, NewEvent, PeerEvent } from './event.ts';
import { type Batch, EventLog, type EventLogParts } from './event-log.ts';
import { type HybridTime, isCount } from './hybrid-clock.ts';
import type { Link, Outcome, Place } from './link.ts';
import { fetchesItself, type Member } from './member.ts';
import type { Members } from './members.ts';
import { fieldsOf } from './sync-message.ts';

export interface OutboxParts {
  readonly log: EventLogParts;
  readonly clock: Clock;
  readonly link: Link;
  readonly members: Members;
  /** Who this is, and the hash of its members: what every message says. */
  readonly sender: () => { readonly members: string };
  /**
   * Told of every outcome, before what it means for events is seen to. Where who answered knows members that are not
   * known here, whether they could be learnt of.
   */
  readonly heard: (
    member: Member,
    outcome: Outcome,
    askedAtMs: number,
    at: Place,
  ) => Promise<boolean> | undefined;
  /** Told when a message with events is not waited for any more, after what it means was seen to. */
  readonly delivered?: (member: Member) => void;
  /** What is under the keys now, as JSON, as much as `maxLength` allows: it goes along with the events. */
  readonly copies?: ((copied: readonly Copied[], maxLength: number) => string[]) | undefined;
}

/** Of one message. */
const MAX_EVENTS_LENGTH = 768 << 10;
/** Of what goes along: a message is to find room also where there is little. */
const MAX_COPIES_LENGTH = 256 << 10;
/** Of both: half of the rest is for what a message says besides. */
const MAX_LENGTH = 896 << 10;
/** Of what a message may have. */
const LEAST_SHARE = 1 / 64;
/** For what nobody waits for. */
const BEHIND_TIMEOUT_MS = 2000;

interface Prepared {
  /** What it was made from. */
  readonly of: readonly unknown[];
  readonly body: string;
  readonly upTo: number;
}

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #log: EventLog;
  readonly #announcements = new Set<Announcement>();
  /** The message that was made last: most members are told the same. */
  #prepared: Prepared | undefined;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
    this.#log = new EventLog(parts.log);
  }

  get latest(): number {
    return this.#log.latest;
  }

  /** Where one begins that is met now: at what was announced last, or before what is being announced. */
  get beginning(): number {
    let beginning = this.#log.latest;
    for (const { sequence } of this.#announcements) beginning = Math.min(beginning, sequence - 1);
    return beginning;
  }

  /** Numbers the event; it goes to the members when `announce` is called, or with the next message. */
  append(event: NewEvent, at: HybridTime): PeerEvent {
    return this.#log.append(event, at);
  }

  /** Resolves when every member has answered, or has not within `timeoutMs`. */
  announce(sequence: number, timeoutMs: number): Promise<readonly MemberReport[]> {
    const { clock, members } = this.#parts;
    const announcement = new Announcement(sequence, members.all, timeoutMs, clock);
    this.#announcements.add(announcement);
    for (const member of members.all) this.deliver(member);
    return announcement.done.finally(() => {
      this.#announcements.delete(announcement);
      this.trim();
    });
  }

  /** To everybody, and nobody waits for it. */
  spread(): void {
    for (const member of this.#parts.members.all) this.deliver(member);
    this.trim();
  }

  /** A member that was met just now is asked by whoever waits, too; `deliver` sends it what it has not got. */
  include(member: Member): void {
    for (const announcement of this.#announcements) announcement.expect(member);
  }

  /** It belongs to the fleet no longer. */
  exclude(member: Member, why: string): void {
    for (const announcement of this.#announcements) announcement.failed(member, 'gone', why);
    this.trim();
  }

  /** Sends what the member has not confirmed, if anything and unless that is being done. */
  deliver(member: Member): void {
    const { members, link, heard, clock } = this.#parts;
    const { place, identity, sending, confirmed } = member;
    if (sending || confirmed >= this.#log.latest || members.get(identity.incarnation) !== member) return;
    if (place === undefined) {
      this.#cannotSend(member);
      return;
    }
    const { body, upTo } = this.#prepare(confirmed, member.share);
    const announcedUpTo = this.#log.latest;
    const askedAtMs = clock.now();
    member.sending = true;
    const timeoutMs = this.#timeoutMs(member);
    const asked = link.ask({ place, to: identity.incarnation, kind: 'events', body, timeoutMs });
    void asked.then(async (outcome) => {
      const learnt = heard(member, outcome, askedAtMs, place);
      const knowsAll = learnt === undefined || (await learnt);
      member.sending = false;
      const isTaken = outcome.result === 'answered';
      member.share = isTaken ? Math.min(1, 2 * member.share) : Math.max(LEAST_SHARE, member.share / 2);
      if (outcome.result !== 'answered') this.#failed(member, announcedUpTo, outcome);
      else if (knowsAll) this.#answered(member, upTo, outcome.body);
      else this.#settle(member, 'unreachable', 'it knows others, and could not be asked whom', announcedUpTo);
      this.#parts.delivered?.(member);
    });
  }

  /**
   * Up to here it has applied our events, `waiting` for its app with some: it said so unasked. Who waits for it is told
   * only where it knows the same members: others would have to be asked, too.
   */
  confirmed(member: Member, upTo: number, waiting: readonly number[], knowsSame = true): void {
    // Nobody has applied what was not announced: that is a mistake, and confirms nothing.
    if (upTo > this.#log.latest) return;
    const known = member.isPresumed ? 0 : member.confirmed;
    member.isPresumed = false;
    member.confirmed = Math.max(known, upTo);
    if (!knowsSame) return;
    for (const announcement of this.#announcements) {
      const { sequence } = announcement;
      if (sequence <= upTo) this.#applied(member, announcement, undefined, waiting.includes(sequence));
    }
  }

  /** What everybody has confirmed is forgotten. Called at each interval; to look at all members costs time. */
  trim(): void {
    this.#log.confirmed(Math.min(this.#parts.members.leastConfirmed(this.#log.latest), this.beginning));
  }

  /** What a member that fetches for itself has not got. */
  batchFor({ confirmed }: Member): object {
    const batch = this.#log.after(confirmed, MAX_EVENTS_LENGTH);
    if (!batch) return { after: confirmed, events: [], up_to: confirmed };
    const { after, lost, upTo, events } = batch;
    const entries = this.#copiesFor(batch).map((text) => JSON.parse(text));
    const along = entries.length > 0 && { entries };
    return { after, lost, up_to: upTo, events: events.map((text) => JSON.parse(text)), ...along };
  }

  /** Since when something waits for the member's confirmation. */
  waitingSinceMs(member: Member): number | undefined {
    return this.#log.waitingSinceMs(member.confirmed);
  }

  unconfirmed(member: Member): number {
    return this.#log.latest - member.confirmed;
  }

  #prepare(confirmed: number, share: number): Prepared {
    const { sender, members } = this.#parts;
    const of = [confirmed, share, this.#log.latest, this.#log.trimmed, members.hash];
    if (this.#prepared?.of.every((value, i) => value === of[i])) return this.#prepared;
    const batch = this.#log.after(confirmed, MAX_EVENTS_LENGTH * share)!;
    const { after, events, lost, upTo } = batch;
    const head = JSON.stringify({ ...sender(), after, lost, up_to: upTo });
    const entries = this.#copiesFor(batch, share);
    const along = entries.length > 0 ? `,"entries":[${entries.join(',')}]` : '';
    this.#prepared = { of, upTo, body: `${head.slice(0, -1)},"events":[${events.join(',')}]${along}}` };
    return this.#prepared;
  }

  #copiesFor({ copied, events }: Batch, share = 1): string[] {
    if (copied.length === 0) return [];
    const length = events.reduce((sum, text) => sum + text.length, 0);
    return this.#parts.copies?.(copied, Math.min(MAX_COPIES_LENGTH * share, MAX_LENGTH - length)) ?? [];
  }

  /** `upTo`: what the message ended with. */
  #answered(member: Member, upTo: number, body: unknown): void {
    const { confirmed, results } = fieldsOf(body);
    if (!isCount(confirmed) || confirmed > this.#log.latest) {
      this.#settle(member, 'refused', 'its answer says nothing of what it applied');
      return;
    }
    if (confirmed < upTo) {
      this.#settle(member, 'refused', 'it took the message, and did not apply it');
      return;
    }
    member.confirmed = member.isPresumed ? confirmed : Math.max(member.confirmed, confirmed);
    member.isPresumed = false;
    const resultOf = new Map(parseResults(results).map((result) => [result[0], result]));
    for (const announcement of this.#announcements) {
      const result = resultOf.get(announcement.sequence);
      if (result && announcement.sequence <= confirmed)
        this.#applied(member, announcement, result[1], result[2]);
    }
    this.deliver(member);
  }

  #applied(
    member: Member,
    announcement: Announcement,
    entries: number | undefined,
    isWaiting: boolean,
  ): void {
    if (!announcement.isOpen(member)) return;
    announcement.applied(member, entries, isWaiting);
    if (isWaiting) void this.#askForApp(member, announcement);
  }

  async #askForApp(member: Member, announcement: Announcement): Promise<void> {
    const { clock, link, sender } = this.#parts;
    const timeoutMs = announcement.untilMs - clock.now();
    const { place, identity } = member;
    if (timeoutMs <= 0 || place === undefined || !announcement.beginAskingApp(member)) return;
    const body = { ...sender(), sequence: announcement.sequence, within_ms: Math.floor(timeoutMs) };
    const outcome = await link.ask({ place, to: identity.incarnation, kind: 'confirm', body, timeoutMs });
    announcement.endAskingApp(member);
    if (outcome.result !== 'answered') return;
    const { app } = fieldsOf(outcome.body);
    if (app === 'applied' || app === 'failed') announcement.app(member, app);
  }

  /** `upTo`: what had been announced when the message was sent; for what came after it, it is tried again. */
  #failed(member: Member, upTo: number, outcome: Exclude<Outcome, { result: 'answered' }>): void {
    // Somebody else is there, and now it is known where it is itself.
    if (outcome.result === 'other' && member.place !== undefined) {
      this.deliver(member);
      if (member.sending) return;
    }
    // It may be that routing does not lead to it; then it comes by itself.
    if (this.#pulls(member)) return;
    const status = outcome.result === 'refused' ? 'refused' : 'unreachable';
    const why = outcome.result === 'other' ? 'another instance answers in its place' : outcome.why;
    this.#settle(member, status, why, upTo);
    // Of what was sent nothing is open but an app's answer, and that is not had by sending it again.
    const isUntried = [...this.#announcements].some(
      (announcement) => announcement.sequence > upTo && announcement.isOpen(member),
    );
    if (isUntried) this.deliver(member);
  }

  #cannotSend(member: Member): void {
    if (!this.#pulls(member)) this.#settle(member, 'unreachable', member.why || 'no way to it is known');
  }

  #pulls(member: Member): boolean {
    return fetchesItself(member, this.#parts.clock.now());
  }

  #settle(member: Member, status: 'unreachable' | 'refused', why: string, upTo = this.#log.latest): void {
    for (const announcement of this.#announcements) {
      if (announcement.sequence <= upTo) announcement.failed(member, status, why);
    }
  }

  /** As long as somebody waits for it. */
  #timeoutMs(member: Member): number {
    const nowMs = this.#parts.clock.now();
    let longestMs = 0;
    for (const announcement of this.#announcements) {
      if (announcement.isOpen(member)) longestMs = Math.max(longestMs, announcement.untilMs - nowMs);
    }
    return longestMs > 0 ? longestMs : BEHIND_TIMEOUT_MS;
  }
}

function parseResults(value: unknown): [sequence: number, entries: number | undefined, waiting: boolean][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((result): [number, number | undefined, boolean][] => {
    if (!Array.isArray(result) || !isCount(result[0])) return [];
    return [[result[0], isCount(result[1]) ? result[1] : undefined, result[2] === true]];
  });
}
