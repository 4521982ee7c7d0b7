// The core of the fleet: who belongs to it, what they are told, and what they tell. It does no I/O: the network, the
// clock and randomness are handed in, and so is what an event does here.
//
//   announce ─ outbox.ts ─▶ link ─▶ … ─▶ reception.ts ─ inbox.ts ─▶ apply
//   at each interval ─ rounds.ts ─ asking.ts ─▶ link ─▶ … ─▶ reception.ts
//   who is heard ─ roster.ts ─▶ members.ts

import type { Clock } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import type { MemberReport } from './announcement.ts';
import { Asking } from './asking.ts';
import type { Copied, NewEvent, PeerEvent } from './event.ts';
import type { EventLogParts } from './event-log.ts';
import { HybridClock } from './hybrid-clock.ts';
import type { Identity } from './identity.ts';
import { type AppliedEvent, Inbox } from './inbox.ts';
import { Joining } from './joining.ts';
import type { Link, MessageKind, Outcome, Transport } from './link.ts';
import type { Member } from './member.ts';
import { Members } from './members.ts';
import { Modes } from './modes.ts';
import { Outbox } from './outbox.ts';
import { type Publication, Publications } from './publications.ts';
import { Pulling } from './pulling.ts';
import { Reception } from './reception.ts';
import { Roster } from './roster.ts';
import { type Probe, type Problem, Rounds } from './rounds.ts';
import { Statement } from './statement.ts';
import { Strangers } from './strangers.ts';

export type { Probe, Problem } from './rounds.ts';

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
  readonly drop: (caches: readonly string[] | 'all', why: string, origin: string) => void;
  /** From now on this instance hears of everything: what it loaded before is to go, and caches may serve. */
  readonly joined: () => void;
  /** A cache is not to be served from, since another instance has it in another mode; or is again. */
  readonly differs: (cache: string, differs: boolean) => void;
  /** This instance's metrics, for another that gathers them. */
  readonly metrics: () => Promise<string>;
  /** Told of what clients of another instance published. */
  readonly published?: ((publication: Publication) => void) | undefined;
  /** Where there are replicated caches: what goes along with events, and who asks for entries. */
  readonly copies?: ((copied: readonly Copied[], maxLength: number) => string[]) | undefined;
  readonly copied?: ((entries: unknown, from: string) => void) | undefined;
  readonly entries?: ((asked: Readonly<Record<string, unknown>>) => object) | undefined;
  readonly met?: ((member: Member) => void) | undefined;
  readonly removed?: ((member: Member, saidFarewell: boolean) => void) | undefined;
  /** The clock that all of this instance goes by; absent: one of its own. */
  readonly hybrid?: HybridClock;
  readonly log: Log;
  /** Members up to which each sends its list to who knows others, 24 if not given; of more it is asked for. */
  readonly few?: number;
}

const LAST_EVENTS_WITHIN_MS = 600;
const FEW = 24;

export class Fleet {
  readonly self: Identity;
  readonly members: Members;
  readonly hybrid: HybridClock;
  readonly #parts: FleetParts;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #publications: Publications;
  readonly #roster: Roster;
  readonly #strangers: Strangers;
  readonly #joining: Joining;
  readonly #reception: Reception;
  readonly #asking: Asking;
  readonly #pulling: Pulling;
  readonly #rounds: Rounds;
  #closed = false;

  constructor(parts: FleetParts) {
    const { self, clock, transport } = parts;
    this.self = self;
    this.#parts = parts;
    this.hybrid = parts.hybrid ?? new HybridClock(() => clock.now());
    const members = new Members(self);
    const inbox = new Inbox(parts);
    const modes = new Modes(parts.modes, parts.differs);
    const statement = new Statement({
      ...{ self, clock, members, inbox, modes, few: parts.few ?? FEW },
      latest: () => this.#outbox.latest,
    });
    const outbox = new Outbox({
      ...{ clock, members, link: parts.link, log: parts.logging, copies: parts.copies },
      sender: () => statement.sender,
      heard: (member, outcome, askedAtMs, at) => this.#asking.heard(member, outcome, askedAtMs, at),
      delivered: (member) => this.#publications.delivered(member),
    });
    const added = (member: Member, isHeard: boolean): void => this.#added(member, isHeard);
    const roster = new Roster({ ...parts, members, outbox, modes, added });
    const strangers = new Strangers(transport, clock, parts.log);
    const common = { ...parts, strangers, members, inbox, outbox, roster, statement };
    const asking = new Asking({ ...common, modes, joining: () => this.#joining });
    const pulling = new Pulling({
      ...{ clock, transport, members },
      reachesItselfAt: (place) => asking.reachesItselfAt(place),
      pull: (member) => asking.pull(member),
      receive: (origin, message) => void inbox.receive(origin, message),
    });
    const rounds = new Rounds({ ...common, asking, pulling });
    const joining = new Joining({
      ...{ self, clock },
      find: () => rounds.newPlaces(),
      ask: (place) => asking.sync(place),
      members: () => members.all,
      canFind: async () => transport.problem === undefined && (await rounds.probe()),
      joined: () => this.#join(),
    });
    [this.members, this.#inbox, this.#outbox, this.#roster] = [members, inbox, outbox, roster];
    this.#strangers = strangers;
    this.#publications = new Publications({
      ...parts,
      ...parts.logging,
      members,
      sender: () => statement.sender,
      latestEvent: () => outbox.latest,
    });
    [this.#asking, this.#pulling, this.#rounds, this.#joining] = [asking, pulling, rounds, joining];
    this.#reception = new Reception({ ...common, modes });
  }

  /** Looks for the others and joins them; resolves when that is done, or has taken too long to be waited for. */
  async start(): Promise<void> {
    void this.#rounds.probe();
    await this.#joining.start();
    this.#rounds.start();
  }

  get isJoined(): boolean {
    return !this.#inbox.joining;
  }

  /** Members with this one; undefined: peers are configured, and none was ever reached. */
  get count(): number | undefined {
    return this.#roster.reachedAny ? this.members.size + 1 : undefined;
  }

  /** What is wrong with the way to the own place. */
  get problem(): Problem | undefined {
    return this.#rounds.problem;
  }

  /** All that is known to be wrong, with what mends it where that is known. */
  get problems(): readonly { readonly problem: string; readonly mend: string | null }[] {
    const { problem: own, mend } = this.problem ?? { problem: undefined, mend: null };
    const strangers = this.#strangers.all.map(({ why }) => ({ problem: why, mend: null }));
    return [...(own === undefined ? [] : [{ problem: own, mend }]), ...this.#ownPlaceProblems, ...strangers];
  }

  /** Where places are named one by one, and none of them leads here. */
  get #ownPlaceProblems() {
    const { kind, own } = this.#parts.transport;
    if (!this.isJoined || own !== undefined || (kind !== 'list' && kind !== 'dns')) return [];
    const where = kind === 'list' ? 'no URL of fleet.peers.list' : 'no address of fleet.peers.dns';
    const problem = `${where} leads to this instance: the others cannot tell it anything, it asks them every second`;
    return [
      { problem, mend: 'Where others reach this instance must be among the peers, on every instance.' },
    ];
  }

  /** Asks for the own place once more; `problem` says what came of it. */
  async probe(): Promise<void> {
    await this.#rounds.probe();
  }

  unconfirmed(member: Member): number {
    return this.#outbox.unconfirmed(member);
  }

  /** Age of the oldest event that the member has not confirmed; 0 for none. */
  lagMs(member: Member): number {
    const sinceMs = this.#outbox.waitingSinceMs(member);
    return sinceMs === undefined ? 0 : Math.max(0, this.#parts.clock.now() - sinceMs);
  }

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

  /** Passes on to the others what a client published here; nobody waits for it, and it is not sent again. */
  publish(publication: Publication): void {
    this.#publications.publish(publication);
  }

  /** What was applied of each origin. */
  get vector(): Record<string, number> {
    return { ...this.#inbox.vector, [this.self.incarnation]: this.#outbox.latest };
  }

  /** Asks a member for entries of replicated caches. */
  askEntries(member: Member, asked: object, timeoutMs: number): Promise<Outcome> {
    return this.#asking.entries(member, asked, timeoutMs);
  }

  /** A verified message of `from`; returns the reply. Throws nothing: what makes no sense gets a reply that says so. */
  receive(kind: MessageKind, from: string, body: unknown): unknown {
    return this.#reception.receive(kind, from, body);
  }

  /** Every member's metrics; undefined of those who did not answer. */
  gather(timeoutMs: number): Promise<{ identity: Identity; text: string | undefined }[]> {
    return Promise.all(
      this.members.all.map(async (member) => {
        const text = await this.#asking.metrics(member, timeoutMs);
        return { identity: member.identity, text };
      }),
    );
  }

  /** Says farewell, after a last try to have everything confirmed. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#rounds.close();
    this.#pulling.close();
    this.#joining.close();
    this.#reception.close();
    this.#publications.close();
    const { latest } = this.#outbox;
    if (this.members.leastConfirmed(latest) < latest)
      await this.#outbox.announce(latest, LAST_EVENTS_WITHIN_MS);
    await Promise.all(this.members.all.map((member) => this.#asking.sayFarewell(member)));
    this.#reception.close();
  }

  #join(): void {
    this.#inbox.joining = false;
    this.#parts.log.info('joined', { members: this.members.size + 1 });
    this.#parts.joined();
  }

  /** Whoever waits for an event asks the new member, too; who was only listed is told that this one is here. */
  #added(member: Member, isHeard: boolean): void {
    if (this.#closed) return;
    this.#parts.met?.(member);
    const { place, identity } = member;
    if (place === undefined) void this.#rounds.lookAround().then(() => this.#outbox.deliver(member));
    else {
      this.#outbox.deliver(member);
      if (!isHeard && !this.#joining.active) void this.#asking.sync(place, identity.incarnation);
    }
    if (!this.#joining.active) void this.#pulling.check();
  }
}
