// What this instance asks of others, and what it learns of them from how they answer.

import type { Clock } from '../cache/clock.ts';
import type { Identity } from './identity.ts';
import { type EventsMessage, type Inbox, parseEvents } from './inbox.ts';
import type { Joining } from './joining.ts';
import type { Link, MessageKind, Outcome, Place, Transport } from './link.ts';
import { Lists } from './lists.ts';
import type { Member } from './member.ts';
import type { Members } from './members.ts';
import type { Modes } from './modes.ts';
import type { Outbox } from './outbox.ts';
import type { Roster } from './roster.ts';
import type { Statement } from './statement.ts';
import type { Strangers } from './strangers.ts';
import { fieldsOf, parseSyncReply } from './sync-message.ts';

export interface AskingParts {
  readonly self: Identity;
  readonly clock: Clock;
  readonly syncMs: number;
  readonly transport: Transport;
  readonly link: Link;
  readonly members: Members;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly roster: Roster;
  readonly modes: Modes;
  readonly statement: Statement;
  readonly strangers: Strangers;
  readonly joining: () => Joining;
}

const ASK_TIMEOUT_MS = 2000;
const FAREWELL_WITHIN_MS = 400;

export class Asking {
  readonly #parts: AskingParts;
  readonly #lists: Lists;

  constructor(parts: AskingParts) {
    this.#parts = parts;
    const { clock, members } = parts;
    this.#lists = new Lists({
      clock,
      ownHash: () => members.hash,
      fetch: (place, to) => this.sync(place, to, true),
    });
  }

  /** Tells how far this instance is and learns how far the other is; `to` undefined: whoever is there. */
  async sync(place: Place, to?: string, wantsList = this.wantsLists): Promise<Outcome> {
    const { members, clock, statement } = this.#parts;
    const askedAtMs = clock.now();
    const outcome = await this.#ask(place, to, 'sync', statement.sync(to, wantsList), ASK_TIMEOUT_MS);
    const known = to === undefined ? undefined : members.get(to);
    if (known) void this.heard(known, outcome, askedAtMs, place);
    else this.#parts.strangers.asked(place, outcome);
    if (outcome.result !== 'answered') return outcome;
    if (!known) this.#parts.roster.learn(fieldsOf(outcome.body).list, askedAtMs);
    this.#synced(outcome.from, place, outcome.body);
    return outcome;
  }

  /** Whether those who know the same members are to tell them all the same: who has heard of the silent ones? */
  get wantsLists(): boolean {
    const { members, clock, syncMs } = this.#parts;
    if (members.size === 0) return true;
    return members.all.some(({ heardAtMs, status }) => {
      // Of many not each is asked at each interval.
      const intervals = status === 'up' ? 4 : 2;
      return clock.now() - heardAtMs > intervals * syncMs;
    });
  }

  /**
   * What came of a message to a member at that place, whatever it was about. Where it knows members that are not known
   * here, whether they could be learnt of.
   */
  heard(member: Member, outcome: Outcome, askedAtMs: number, at: Place): Promise<boolean> | undefined {
    const { clock, roster } = this.#parts;
    const nowMs = clock.now();
    if (outcome.result === 'answered') {
      Object.assign(member, { status: 'up', why: '', heardAtMs: nowMs, unlistedSinceMs: undefined });
      const { list, members } = fieldsOf(outcome.body);
      if (list !== undefined) roster.learn(list, askedAtMs);
      else if (typeof members === 'string') return this.#lists.heard(members, member);
    } else if (outcome.result === 'other') {
      this.#foundAnother(member, outcome.from, at);
    } else {
      member.why = outcome.why;
      member.status =
        outcome.result === 'unlisted' || outcome.result === 'refused' ? outcome.result : 'unreachable';
      member.unlistedSinceMs = outcome.result === 'unlisted' ? (member.unlistedSinceMs ?? nowMs) : undefined;
    }
    return undefined;
  }

  /** Events that the member has and this instance lacks; undefined where it did not answer. */
  async pull({ place, identity: { incarnation } }: Member): Promise<EventsMessage | undefined> {
    if (place === undefined) return undefined;
    const { inbox, statement } = this.#parts;
    const waiting = inbox.waiting(incarnation);
    const body = { ...statement.sender, seen: inbox.seen(incarnation) ?? 0, waiting };
    const outcome = await this.#ask(place, incarnation, 'pull', body, ASK_TIMEOUT_MS);
    return outcome.result === 'answered' ? parseEvents(fieldsOf(outcome.body)) : undefined;
  }

  /** Whether this very instance is reached at the place. */
  async reachesItselfAt(place: Place): Promise<boolean> {
    const { self, statement } = this.#parts;
    const outcome = await this.#ask(place, self.incarnation, 'sync', statement.sender, ASK_TIMEOUT_MS);
    return outcome.result === 'answered';
  }

  async metrics({ place, identity }: Member, timeoutMs: number): Promise<string | undefined> {
    if (place === undefined) return undefined;
    const body = this.#parts.statement.sender;
    const outcome = await this.#ask(place, identity.incarnation, 'metrics', body, timeoutMs);
    const { text } = outcome.result === 'answered' ? fieldsOf(outcome.body) : {};
    return typeof text === 'string' ? text : undefined;
  }

  /** What the member knows of entries of replicated caches. */
  async entries({ place, identity }: Member, asked: object, timeoutMs: number): Promise<Outcome> {
    if (place === undefined) return { result: 'unreachable', why: 'no way to it is known' };
    const body = { ...this.#parts.statement.sender, ...asked };
    return this.#ask(place, identity.incarnation, 'entries', body, timeoutMs);
  }

  async sayFarewell({ place, identity }: Member): Promise<void> {
    if (place === undefined) return;
    await this.#ask(place, identity.incarnation, 'bye', this.#parts.statement.sender, FAREWELL_WITHIN_MS);
  }

  #ask(place: Place, to: string | undefined, kind: MessageKind, body: unknown, timeoutMs: number) {
    return this.#parts.link.ask({ place, to, kind, body, timeoutMs });
  }

  #synced(identity: Identity, place: Place, body: unknown): void {
    const { self, inbox, members, modes, outbox, roster, joining } = this.#parts;
    const reply = parseSyncReply(body);
    if (!reply || identity.incarnation === self.incarnation) return;
    inbox.meet(identity.incarnation, reply.sequence);
    if (reply.joined) {
      inbox.adopt(reply.vector);
      joining().foundJoined();
    }
    const member = roster.met(identity, place);
    if (!member) return;
    roster.foundAt(member, place);
    modes.heard(identity.incarnation, reply.modes);
    if (reply.seen !== undefined) {
      const { list } = fieldsOf(body);
      const knowsSame = list !== undefined || reply.members === members.hash;
      outbox.confirmed(member, reply.seen, reply.waiting, knowsSame);
    }
    outbox.deliver(member);
  }

  /** Two may share a place; then the next try is by the member's own name, if that is another place. */
  #foundAnother(member: Member, from: Identity, at: Place): void {
    const { roster, transport } = this.#parts;
    const other = roster.met(from, at);
    if (other) roster.foundAt(other, at);
    // Meanwhile it is sought elsewhere, or was found there.
    if (member.place !== at) return;
    const why = 'another instance answers in its place';
    const named = transport.placeOf(member.identity);
    const place = named === at ? undefined : named;
    Object.assign(member, { status: 'unreachable', why, place, unlistedSinceMs: undefined });
  }
}
