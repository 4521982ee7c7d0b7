// The core of the fleet: who belongs to it, what they are told, and what they tell. It does no I/O: the network, the
// clock and randomness are handed in, and so is what an event does here.
//
//   announce ─ outbox.ts ─▶ link ─▶ … ─▶ receive ─ inbox.ts ─▶ apply

import type { Clock, Timer } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import type { MemberReport } from './announcement.ts';
import type { NewEvent, PeerEvent } from './event.ts';
import type { EventLogParts } from './event-log.ts';
import { HybridClock, isCount } from './hybrid-clock.ts';
import { type Identity, parseIdentity, wireIdentity } from './identity.ts';
import { type AppliedEvent, Inbox, parseEvents } from './inbox.ts';
import { Joining } from './joining.ts';
import type { Link, MessageKind, Outcome, Place, Transport } from './link.ts';
import type { Member } from './member.ts';
import { Members, parseList } from './members.ts';
import { Modes } from './modes.ts';
import { Outbox } from './outbox.ts';
import { fieldsOf, parseSync, parseSyncReply } from './sync-message.ts';

/** What asking for itself through the route tells an instance. */
export type Probe = { readonly ok: true } | Problem;

export interface Problem {
  readonly ok: false;
  readonly problem: string;
  /** The command, or the thing to do, that mends it. */
  readonly mend: string;
}

export interface FleetParts {
  readonly self: Identity;
  readonly syncMs: number;
  /** Mode of each cache here. */
  readonly modes: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly link: Link;
  readonly transport: Transport;
  readonly probeOwn: () => Promise<Probe>;
  readonly logging: EventLogParts;
  /** Applies another instance's event. */
  readonly apply: (event: PeerEvent, from: string) => AppliedEvent;
  /** Something may have been missed: these caches are to be forgotten whole, or every coordinated one. */
  readonly drop: (caches: readonly string[] | 'all', why: string) => void;
  /** From now on this instance hears of everything: what it loaded before is to go, and caches may serve. */
  readonly joined: () => void;
  /** A cache is not to be served from, since another instance has it in another mode; or is again. */
  readonly differs: (cache: string, differs: boolean) => void;
  /** This instance's metrics, for another that gathers them. */
  readonly metrics: () => Promise<string>;
  readonly log: Log;
}

const ASK_TIMEOUT_MS = 2000;
/** Up to so many members each is asked at each interval; of more, a third. */
const FEW = 24;
/** Places where nobody is known that are looked at in an interval. */
const LOOKED_AT = 6;
/** Who routing does not lead to fetches this often. */
const PULL_EVERY_MS = 1000;
const FAREWELL_WITHIN_MS = 800;
const LAST_EVENTS_WITHIN_MS = 1000;
const MOST_APP_WAIT_MS = 60_000;

export class Fleet {
  readonly self: Identity;
  readonly members: Members;
  readonly hybrid: HybridClock;
  readonly #parts: FleetParts;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #joining: Joining;
  readonly #modes: Modes;
  #tick: Timer | undefined;
  #pull: Timer | undefined;
  #ticks = 0;
  #reachedAny = false;
  #isLooking = false;
  #problem: Problem | undefined;
  #closed = false;

  constructor(parts: FleetParts) {
    const { self, clock, link, modes, differs } = parts;
    this.self = self;
    this.#parts = parts;
    this.members = new Members(self);
    this.hybrid = new HybridClock(() => clock.now());
    this.#inbox = new Inbox(parts);
    this.#modes = new Modes(modes, differs);
    this.#outbox = new Outbox({
      log: parts.logging,
      clock,
      link,
      members: this.members,
      sender: () => this.#sender(),
      heard: (member, outcome) => this.#heard(member, outcome),
    });
    this.#joining = new Joining({
      self,
      clock,
      find: () => this.#newPlaces(),
      ask: (place) => this.#sync(place),
      members: () => this.members.all,
      joined: () => this.#join(),
    });
  }

  /** Looks for the others and joins them; resolves when that is done, or has taken too long to be waited for. */
  async start(): Promise<void> {
    void this.#probe();
    await this.#joining.start();
    this.#tickLater();
  }

  get isJoined(): boolean {
    return !this.#inbox.joining;
  }

  /** Members with this one; undefined: peers are configured, and none was ever reached. */
  get count(): number | undefined {
    return this.#reachedAny ? this.members.size + 1 : undefined;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  unconfirmed(member: Member): number {
    return this.#outbox.unconfirmed(member);
  }

  /** Age of the oldest event that the member has not confirmed; 0 for none. */
  lagMs(member: Member): number {
    const sinceMs = this.#outbox.waitingSinceMs(member);
    return sinceMs === undefined ? 0 : Math.max(0, this.#parts.clock.now() - sinceMs);
  }

  // --- telling

  /** Numbers an event that was applied here. It goes out when it is announced or spread, or with what does. */
  append(event: NewEvent): PeerEvent {
    return this.#outbox.append(event, this.hybrid.next());
  }

  /** Tells every member at once; resolves when all have answered, or after `timeoutMs`. */
  announce({ sequence }: PeerEvent, timeoutMs: number): Promise<readonly MemberReport[]> {
    return this.#outbox.announce(sequence, timeoutMs);
  }

  /** Tells every member; nobody waits for it. */
  spread(): void {
    this.#outbox.spread();
  }

  /** Every member's metrics; undefined of those who did not answer. */
  gather(timeoutMs: number): Promise<{ identity: Identity; text: string | undefined }[]> {
    return Promise.all(
      this.members.all.map(async ({ identity, place }) => {
        const text = place === undefined ? undefined : await this.#metricsOf(identity, place, timeoutMs);
        return { identity, text };
      }),
    );
  }

  /** Says farewell, after a last try to have everything confirmed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#tick?.cancel();
    this.#pull?.cancel();
    this.#joining.close();
    if (this.members.leastConfirmed(this.#outbox.latest) < this.#outbox.latest)
      await this.#outbox.announce(this.#outbox.latest, LAST_EVENTS_WITHIN_MS);
    await Promise.all(
      this.members.all.map(({ place, identity }) =>
        place === undefined
          ? undefined
          : this.#ask(place, identity.incarnation, 'bye', this.#sender(), FAREWELL_WITHIN_MS),
      ),
    );
  }

  // --- being told

  /** A verified message of `from`; returns the reply. Throws nothing: what makes no sense gets a reply that says so. */
  receive(kind: MessageKind, from: string, body: unknown): unknown {
    const fields = fieldsOf(body);
    const identity = parseIdentity(fields.from);
    if (identity?.incarnation !== from) return { error: 'the sender is not who signed' };
    // Through the route to the own place.
    if (from === this.self.incarnation) return this.#syncReply(undefined, undefined, true);
    if (kind === 'bye') return this.#receiveBye(from);
    const member = this.#met(identity, this.#parts.transport.placeOf(identity), undefined);
    if (kind === 'sync') return this.#receiveSync(member, identity, fields);
    if (kind === 'events') return this.#receiveEvents(from, fields);
    if (kind === 'confirm') return this.#receiveConfirm(from, fields);
    if (kind === 'pull') return this.#receivePull(member, fields);
    return this.#parts.metrics().then((text) => ({ text }));
  }

  #receiveSync(member: Member | undefined, { incarnation }: Identity, fields: Fields): unknown {
    const message = parseSync(fields);
    if (!message) return { error: 'this is no sync message' };
    this.#inbox.meet(incarnation, message.sequence);
    if (member && message.seen !== undefined) this.#outbox.confirmed(member, message.seen);
    this.#modes.heard(incarnation, message.modes);
    if (member) this.#outbox.deliver(member);
    return this.#syncReply(incarnation, message.members, message.joined);
  }

  #receiveEvents(from: string, fields: Fields): unknown {
    const message = parseEvents(fields);
    if (!message) return { error: 'this is no message with events' };
    const received = this.#inbox.receive(from, message);
    return { ...received, ...this.#listFor(fields.members) };
  }

  async #receiveConfirm(from: string, { sequence, within_ms: withinMs }: Fields): Promise<unknown> {
    const app = isCount(sequence) ? this.#inbox.app(from, sequence) : undefined;
    if (!app) return { app: 'unknown' };
    const waitMs = isCount(withinMs) ? Math.min(withinMs, MOST_APP_WAIT_MS) : 0;
    return { app: await Promise.race([app, this.#after(waitMs).then(() => 'waiting')]) };
  }

  /** It fetches what it has not got, since we cannot send it. */
  #receivePull(member: Member | undefined, { seen, waiting }: Fields): unknown {
    if (!member || !isCount(seen)) return { after: this.#outbox.latest, events: [], lost: [] };
    member.pulledAtMs = this.#parts.clock.now();
    this.#outbox.confirmed(member, seen, Array.isArray(waiting) ? waiting.filter(isCount) : []);
    return this.#outbox.batchFor(member);
  }

  #receiveBye(from: string): unknown {
    const member = this.members.get(from);
    if (member) this.#remove(member, 'it said farewell', true);
    this.#inbox.forget(from);
    return {};
  }

  // --- asking

  async #sync(place: Place, to?: string): Promise<Outcome> {
    const seen = to === undefined ? undefined : this.#inbox.seen(to);
    const wantsList = this.#joining.active || this.#isAnySilent();
    const body = {
      ...this.#sender(),
      sequence: this.#outbox.latest,
      ...(seen !== undefined && { seen }),
      joined: this.isJoined,
      members: wantsList ? '' : this.members.hash,
      modes: this.#modes.own,
    };
    const outcome = await this.#ask(place, to, 'sync', body, ASK_TIMEOUT_MS);
    const known = to === undefined ? undefined : this.members.get(to);
    if (known) this.#heard(known, outcome);
    if (outcome.result === 'answered') this.#syncAnswered(outcome.from, place, outcome.body);
    return outcome;
  }

  #syncAnswered(identity: Identity, place: Place, body: unknown): void {
    const reply = parseSyncReply(body);
    if (!reply || identity.incarnation === this.self.incarnation) return;
    this.#inbox.meet(identity.incarnation, reply.sequence);
    this.#inbox.adopt(reply.joined ? reply.vector : {});
    this.#modes.heard(identity.incarnation, reply.modes);
    const member = this.#met(identity, place, reply.seen);
    if (member) member.place = place;
    if (reply.joined) this.#joining.foundJoined();
    this.#learn(reply.list);
    if (member) this.#outbox.deliver(member);
  }

  #ask(place: Place, to: string | undefined, kind: MessageKind, body: unknown, timeoutMs: number) {
    return this.#parts.link.ask({ place, to, kind, body, timeoutMs });
  }

  async #metricsOf({ incarnation }: Identity, place: Place, timeoutMs: number): Promise<string | undefined> {
    const outcome = await this.#ask(place, incarnation, 'metrics', this.#sender(), timeoutMs);
    const { text } = outcome.result === 'answered' ? fieldsOf(outcome.body) : {};
    return typeof text === 'string' ? text : undefined;
  }

  /** What came of a message to a member, whatever it was about. */
  #heard(member: Member, outcome: Outcome): void {
    const nowMs = this.#parts.clock.now();
    if (outcome.result === 'answered') {
      Object.assign(member, { status: 'up', why: '', heardAtMs: nowMs, unlistedSinceMs: undefined });
      this.#learn(fieldsOf(outcome.body).list);
      return;
    }
    if (outcome.result === 'other') {
      const { place } = member;
      Object.assign(member, {
        status: 'unreachable',
        why: 'another instance answers in its place',
        place: undefined,
      });
      this.#met(outcome.from, place, undefined);
      return;
    }
    member.why = outcome.why;
    member.status =
      outcome.result === 'unlisted' || outcome.result === 'refused' ? outcome.result : 'unreachable';
    if (outcome.result === 'unlisted') member.unlistedSinceMs ??= nowMs;
    else member.unlistedSinceMs = undefined;
  }

  // --- members

  /** Somebody was heard; undefined where it is not to be a member. `confirmed`: what it has of our events. */
  #met(identity: Identity, place: Place | undefined, confirmed: number | undefined): Member | undefined {
    const { clock } = this.#parts;
    const known = this.members.get(identity.incarnation);
    if (known) {
      known.heardAtMs = clock.now();
      known.place ??= place;
      if (confirmed !== undefined) this.#outbox.confirmed(known, confirmed);
      return known;
    }
    const member = this.members.add(identity, place, clock.now(), confirmed ?? this.#outbox.beginning);
    if (!member) return undefined;
    this.#reachedAny = true;
    this.#parts.log.info('a peer is there', { ...wireIdentity(identity), place });
    this.#supersede(member);
    this.#outbox.include(member);
    if (place === undefined) void this.#lookAround();
    return member;
  }

  /** The same container, or the same port, has another daemon now: the earlier one is no more. */
  #supersede({ identity, place }: Member): void {
    const { kind } = this.#parts.transport;
    const isExact = kind === 'dns' || kind === 'list';
    for (const other of this.members.all) {
      if (other.identity.incarnation === identity.incarnation) continue;
      const isSame = other.identity.instanceId === identity.instanceId;
      const isInPlace = isExact && place !== undefined && other.place === place;
      if (isSame || isInPlace) this.#remove(other, 'another daemon runs in its place', true);
    }
  }

  /** Members that another instance knows. */
  #learn(list: unknown): void {
    const { clock, transport, syncMs } = this.#parts;
    const nowMs = clock.now();
    for (const { identity, place: told, unheardMs } of parseList(list)) {
      const known = this.members.get(identity.incarnation);
      if (known) known.heardAtMs = Math.max(known.heardAtMs, nowMs - unheardMs);
      else if (unheardMs < 2 * syncMs) {
        const place =
          transport.placeOf(identity) ?? (told !== undefined && transport.isPlace(told) ? told : undefined);
        const member = this.members.add(identity, place, nowMs - unheardMs, this.#outbox.beginning);
        if (!member) continue;
        this.#reachedAny = true;
        this.#outbox.include(member);
        if (place !== undefined) void this.#sync(place, identity.incarnation);
      }
    }
  }

  #remove(member: Member, why: string, farewell: boolean): void {
    const { clock, log } = this.#parts;
    this.members.remove(member, clock.now(), farewell);
    this.#modes.forget(member.identity.incarnation);
    this.#outbox.exclude(member, why);
    log.info('a peer is gone', { ...wireIdentity(member.identity), why });
  }

  // --- time

  #join(): void {
    this.#inbox.joining = false;
    this.#parts.log.info('joined', { members: this.members.size + 1 });
    this.#parts.joined();
  }

  #tickLater(): void {
    if (this.#closed) return;
    const { clock, random, syncMs } = this.#parts;
    this.#tick = clock.after(syncMs * (0.9 + 0.2 * random()), () => {
      this.#ticks++;
      void this.#everyInterval().finally(() => this.#tickLater());
    });
  }

  async #everyInterval(): Promise<void> {
    const all = this.members.all;
    const due = all.length <= FEW ? all : all.filter((_, i) => i % 3 === this.#ticks % 3);
    const places = (await this.#newPlaces()).slice(0, LOOKED_AT);
    await Promise.all([
      ...due.flatMap(({ place, identity }) =>
        place === undefined ? [] : [this.#sync(place, identity.incarnation)],
      ),
      ...places.map((place) => this.#sync(place)),
    ]);
    for (const member of this.members.all) this.#outbox.deliver(member);
    await this.#bury();
    if (this.#problem) await this.#probe();
    await this.#lookForTwin();
  }

  /** Somebody is there, and not known where. */
  async #lookAround(): Promise<void> {
    if (this.#isLooking || this.#closed) return;
    this.#isLooking = true;
    await Promise.all((await this.#newPlaces()).map((place) => this.#sync(place)));
    this.#isLooking = false;
  }

  /** Where nobody is known to be; another part of it each time. */
  async #newPlaces(): Promise<Place[]> {
    const { transport } = this.#parts;
    const taken = new Set(this.members.all.map(({ place }) => place));
    const places = await transport.find(this.members.highestIndex);
    const free = places.filter((place) => !taken.has(place) && place !== transport.own);
    const first = free.length === 0 ? 0 : (this.#ticks * LOOKED_AT) % free.length;
    return [...free.slice(first), ...free.slice(0, first)];
  }

  /** Members leave on evidence; while nothing is heard from anybody, only if the own place can be reached. */
  async #bury(): Promise<void> {
    const { clock, syncMs } = this.#parts;
    const silent = this.members.silent(clock.now(), syncMs);
    if (silent.length === 0) return;
    const isAnyHeard = this.members.all.some(({ heardAtMs }) => clock.now() - heardAtMs < 2 * syncMs);
    if (!isAnyHeard && !(await this.#probe())) return;
    for (const member of silent) this.#remove(member, 'nothing was heard of it for too long', false);
  }

  #isAnySilent(): boolean {
    const { clock, syncMs } = this.#parts;
    return this.members.all.some(({ heardAtMs }) => clock.now() - heardAtMs > 2 * syncMs);
  }

  /** Whether the own place is reached through the route; what is wrong is said once. */
  async #probe(): Promise<boolean> {
    const probe = await this.#parts.probeOwn();
    const before = this.#problem?.problem;
    this.#problem = probe.ok ? undefined : probe;
    if (!probe.ok && probe.problem !== before)
      this.#parts.log.warn('peers may not reach this instance', { problem: probe.problem, mend: probe.mend });
    if (probe.ok && before !== undefined) this.#parts.log.info('peers can reach this instance again');
    return probe.ok;
  }

  /** Another instance may have the own place; then nobody reaches this one, and it fetches. */
  async #lookForTwin(): Promise<void> {
    const { transport } = this.#parts;
    const { own } = transport;
    const isShared = this.members.all.some(
      ({ identity }) => own !== undefined && transport.placeOf(identity) === own,
    );
    if (!isShared || own === undefined) {
      this.#pull?.cancel();
      this.#pull = undefined;
      return;
    }
    const outcome = await this.#ask(own, this.self.incarnation, 'sync', this.#sender(), ASK_TIMEOUT_MS);
    if (outcome.result === 'answered') this.#pull?.cancel();
    if (outcome.result === 'answered') this.#pull = undefined;
    else if (this.#pull === undefined) await this.#fetch();
  }

  async #fetch(): Promise<void> {
    if (this.#closed) return;
    await Promise.all(this.members.all.map((member) => this.#fetchFrom(member)));
    if (this.#closed) return;
    this.#pull = this.#parts.clock.after(PULL_EVERY_MS, () => void this.#fetch());
  }

  /** Until there is nothing more to fetch: each request confirms what the last one brought. */
  async #fetchFrom({ place, identity: { incarnation } }: Member): Promise<void> {
    for (let brought = 1; brought > 0 && place !== undefined && !this.#closed; ) {
      const seen = this.#inbox.seen(incarnation) ?? 0;
      const body = { ...this.#sender(), seen, waiting: this.#inbox.waiting(incarnation) };
      const outcome = await this.#ask(place, incarnation, 'pull', body, ASK_TIMEOUT_MS);
      const message = outcome.result === 'answered' ? parseEvents(fieldsOf(outcome.body)) : undefined;
      brought = message?.events.length ?? 0;
      if (message) this.#inbox.receive(incarnation, message);
    }
  }

  // --- what is said of this instance

  #sender(): { from: object; members: string } {
    return { from: wireIdentity(this.self), members: this.members.hash };
  }

  #syncReply(to: string | undefined, members: string | undefined, joined: boolean): object {
    const seen = to === undefined ? undefined : this.#inbox.seen(to);
    return {
      sequence: this.#outbox.latest,
      ...(seen !== undefined && { seen }),
      joined: this.isJoined,
      members: this.members.hash,
      modes: this.#modes.own,
      ...(!joined && { vector: this.#inbox.vector }),
      ...this.#listFor(members),
    };
  }

  #listFor(hash: unknown): object {
    return hash === this.members.hash ? {} : { list: this.members.list(this.#parts.clock.now()) };
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.after(ms, resolve));
  }
}

type Fields = Readonly<Record<string, unknown>>;
