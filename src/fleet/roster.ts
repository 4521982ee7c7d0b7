// Who is taken in among the members, by whom it was met, and who is put out of them, on what evidence.

import type { Clock } from '../cache/clock.ts';
import type { Log } from '../log.ts';
import { type Identity, wireIdentity } from './identity.ts';
import type { Place, Transport } from './link.ts';
import type { Member } from './member.ts';
import { type Members, parseList } from './members.ts';
import type { Modes } from './modes.ts';
import type { Outbox } from './outbox.ts';

export interface RosterParts {
  readonly self: Identity;
  readonly clock: Clock;
  readonly syncMs: number;
  readonly transport: Transport;
  readonly members: Members;
  readonly outbox: Outbox;
  readonly modes: Modes;
  /** Told of one that was taken in; `isHeard`: by a message of its own, and not of another's list. */
  readonly added: (member: Member, isHeard: boolean) => void;
  /** Told of one that is none any more. */
  readonly removed?: ((member: Member, saidFarewell: boolean) => void) | undefined;
  readonly log: Log;
}

export class Roster {
  readonly #parts: RosterParts;
  /** Whether anybody ever was a member. */
  reachedAny = false;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** Somebody was heard; undefined where it is not to be a member. `place`: where it may be found. */
  met(identity: Identity, place: Place | undefined): Member | undefined {
    const { clock, members } = this.#parts;
    const known = members.get(identity.incarnation);
    if (!known) return this.#add(identity, place, clock.now(), true);
    known.heardAtMs = clock.now();
    if (known.place === undefined && place !== undefined) this.foundAt(known, place);
    return known;
  }

  /**
   * It answered there. Where it is asked for by its own name it stays: a place that is an index of the app leads to
   * another instance with that index next time.
   */
  foundAt(member: Member, place: Place): void {
    const { place: known, identity, status } = member;
    const isNamed = known !== undefined && known === this.#parts.transport.placeOf(identity);
    if (known === place || (isNamed && status === 'up')) return;
    member.place = place;
    this.#supersedeAt(member);
  }

  /** Members that another instance counts, as it said after it was asked at this time: then they count here, too. */
  learn(list: unknown, askedAtMs: number): void {
    const { members } = this.#parts;
    for (const { identity, place, unheardMs } of parseList(list)) {
      // At the latest: an age that gets younger with each who tells it would keep the dead.
      const heardAtMs = askedAtMs - unheardMs;
      const known = members.get(identity.incarnation);
      if (known) known.heardAtMs = Math.max(known.heardAtMs, heardAtMs);
      else if (members.mayBelong(identity.incarnation, heardAtMs)) this.#learnOf(identity, place, heardAtMs);
    }
  }

  remove(member: Member, why: string, isFinal: boolean, saidFarewell = false): void {
    const { members, clock, log, outbox, modes } = this.#parts;
    members.remove(member, clock.now(), isFinal);
    modes.forget(member.identity.incarnation);
    outbox.exclude(member, why);
    this.#parts.removed?.(member, saidFarewell);
    log.info('a peer is gone', { ...wireIdentity(member.identity), why });
  }

  /** It said farewell. */
  left(incarnation: string): void {
    const { members, clock } = this.#parts;
    const member = members.get(incarnation);
    if (member) this.remove(member, 'it said farewell', true, true);
    else members.bar(incarnation, clock.now());
  }

  /** Those who are silent leave, unless they were heard in the round that began then: one that hangs makes it long. */
  bury(beganMs: number): void {
    const { members, clock, syncMs } = this.#parts;
    for (const member of members.silent(clock.now(), syncMs))
      if (member.heardAtMs < beganMs) this.remove(member, 'nothing was heard of it for too long', false);
  }

  #learnOf(identity: Identity, told: Place | undefined, heardAtMs: number): void {
    const { transport } = this.#parts;
    const isUsable = told !== undefined && transport.isPlace(told);
    this.#add(identity, transport.placeOf(identity) ?? (isUsable ? told : undefined), heardAtMs, false);
  }

  #add(
    identity: Identity,
    place: Place | undefined,
    heardAtMs: number,
    isHeard: boolean,
  ): Member | undefined {
    const { members, outbox, log, added } = this.#parts;
    const isSuperseded = this.#isSuperseded(identity);
    // By its start it is an earlier life of another member. A list may still hold it; but who speaks itself is alive,
    // whatever its clock said when it started: then both count, until one falls silent.
    if (isSuperseded && !isHeard) return undefined;
    const member = members.add(identity, place, heardAtMs, outbox.beginning);
    if (!member) return undefined;
    this.reachedAny = true;
    log.info('a peer is there', { ...wireIdentity(identity), place });
    if (!isSuperseded) this.#supersede(member);
    if (isHeard) this.#supersedeAt(member);
    outbox.include(member);
    added(member, isHeard);
    return member;
  }

  /** Incarnations begin with the time at which they started. */
  #isSuperseded({ incarnation, instanceId }: Identity): boolean {
    const { self, members } = this.#parts;
    const isLater = (identity: Identity): boolean =>
      identity.instanceId === instanceId && identity.incarnation > incarnation;
    return isLater(self) || members.all.some(({ identity }) => isLater(identity));
  }

  /** The same container has another daemon now: the earlier one is no more. */
  #supersede({ identity: { incarnation, instanceId } }: Member): void {
    for (const other of this.#parts.members.all) {
      if (other.identity.incarnation === incarnation || other.identity.instanceId !== instanceId) continue;
      this.remove(other, 'another daemon runs in its place', true);
    }
  }

  /** So it is with a port, where a place is one. */
  #supersedeAt(member: Member): void {
    const { kind } = this.#parts.transport;
    if (member.place === undefined || (kind !== 'dns' && kind !== 'list')) return;
    for (const other of this.#parts.members.all) {
      if (other !== member && other.place === member.place)
        this.remove(other, 'another daemon runs in its place', true);
    }
  }
}
