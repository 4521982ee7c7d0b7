// What an instance does by itself at each sync interval: it tells and asks the others how far each is, looks for new
// ones, and sees who is gone.

import type { Clock, Timer } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import type { Asking } from './asking.ts';
import type { Identity } from './identity.ts';
import type { Inbox } from './inbox.ts';
import type { Outcome, Place, Transport } from './link.ts';
import type { Members } from './members.ts';
import type { Outbox } from './outbox.ts';
import type { Pulling } from './pulling.ts';
import type { Roster } from './roster.ts';

/** What asking for itself through the route tells an instance. */
export type Probe = { readonly ok: true } | Problem;

export interface Problem {
  readonly ok: false;
  readonly problem: string;
  /** The command, or the thing to do, that mends it. */
  readonly mend: string;
}

export interface RoundsParts {
  readonly self: Identity;
  readonly clock: Clock;
  readonly syncMs: number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly transport: Transport;
  readonly probeOwn: () => Promise<Probe>;
  readonly members: Members;
  readonly inbox: Inbox;
  readonly outbox: Outbox;
  readonly roster: Roster;
  readonly asking: Asking;
  readonly pulling: Pulling;
  readonly log: Log;
}

/** Up to so many members each is asked at each interval; of more, a third. */
const FEW = 24;
/** Places where nobody is known that are looked at in an interval, while there are members, and while there are none. */
const LOOKED_AT = 7;
const LOOKED_AT_ALONE = 64;

export class Rounds {
  readonly #parts: RoundsParts;
  #timer: Timer | undefined;
  #count = 0;
  /** Places that were looked at. */
  #lookedAt = 0;
  #isRunning = false;
  #isClosed = false;
  #looking: Promise<void> | undefined;
  #problem: Problem | undefined;
  /** Who stood still has heard nobody in that time, which says nothing of the others. */
  #buriesFromMs = 0;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  get problem(): Problem | undefined {
    return this.#problem;
  }

  start(): void {
    if (this.#isClosed) return;
    const { clock, random, syncMs } = this.#parts;
    const inMs = syncMs * (0.9 + 0.2 * random());
    const dueAtMs = clock.now() + inMs;
    this.#timer = clock.after(inMs, () => {
      if (clock.now() - dueAtMs > syncMs) this.#buriesFromMs = clock.now() + 2 * syncMs;
      this.start();
      void this.#round();
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  /** Somebody is there, and not known where. */
  lookAround(): Promise<void> {
    this.#looking ??= this.#askNewPlaces().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  /** Where nobody is known to be; another part of it first each time. A twin may be at the own place: it is first. */
  async newPlaces(): Promise<Place[]> {
    const { transport, members } = this.#parts;
    const { own } = transport;
    const taken = new Set(members.all.map(({ place }) => place));
    const places = await transport.find(members.highestIndex);
    const free = places.filter((place) => !taken.has(place) && place !== own);
    const first = free.length === 0 ? 0 : this.#lookedAt % free.length;
    const ownPlace = own === undefined || taken.has(own) ? [] : [own];
    return [...ownPlace, ...free.slice(first), ...free.slice(0, first)];
  }

  /** Whether the own place is reached through the route; what is wrong is said once. */
  async probe(): Promise<boolean> {
    const { probeOwn, log } = this.#parts;
    const probe = await probeOwn();
    const before = this.#problem?.problem;
    this.#problem = probe.ok ? undefined : probe;
    if (!probe.ok && probe.problem !== before)
      log.warn('peers may not reach this instance', { problem: probe.problem, mend: probe.mend });
    if (probe.ok && before !== undefined) log.info('peers can reach this instance again');
    return probe.ok;
  }

  async #round(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#count++;
    const { members, outbox, inbox, clock, pulling } = this.#parts;
    const beganMs = clock.now();
    outbox.trim();
    for (const member of members.all) outbox.deliver(member);
    inbox.forgetAbsent((origin) => members.get(origin) !== undefined, clock.now());
    const outcomes = await this.#syncAll();
    const { self } = this.#parts;
    const isAnyHeard = outcomes.some(
      (outcome) =>
        outcome.result === 'other' ||
        (outcome.result === 'answered' && outcome.from.incarnation !== self.incarnation),
    );
    // Unheard by all: it is rather the own way to the others that is wrong.
    const isReachable = isAnyHeard && !this.#problem ? true : await this.probe();
    if ((isAnyHeard || isReachable) && clock.now() >= this.#buriesFromMs) this.#parts.roster.bury(beganMs);
    await pulling.check();
    this.#isRunning = false;
  }

  async #syncAll(): Promise<Outcome[]> {
    const { members, asking } = this.#parts;
    const all = members.all;
    const due = all.length <= FEW ? all : all.filter((_, i) => i % 3 === this.#count % 3);
    const wantsLists = asking.wantsLists;
    const places = await this.#placesToLookAt();
    return Promise.all([
      ...due.flatMap(({ place, identity }, i) =>
        place === undefined ? [] : [asking.sync(place, identity.incarnation, wantsLists && i < FEW)],
      ),
      ...places.map((place) => asking.sync(place, undefined, wantsLists)),
    ]);
  }

  /** Those where one fell silent are looked at first. */
  async #placesToLookAt(): Promise<Place[]> {
    const places = await this.newPlaces();
    const { members } = this.#parts;
    const former = members.formerPlaces;
    const known = places.filter((place) => former.has(place)).slice(0, FEW);
    const most = members.size > 0 ? LOOKED_AT : LOOKED_AT_ALONE;
    const others = places.filter((place) => !former.has(place)).slice(0, most);
    this.#lookedAt += others.length;
    return [...known, ...others];
  }

  async #askNewPlaces(): Promise<void> {
    const places = await this.newPlaces();
    if (!this.#isClosed) await Promise.all(places.map((place) => this.#parts.asking.sync(place)));
  }
}
