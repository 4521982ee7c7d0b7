// One other instance's daemon, as this one knows it.

import type { Identity } from './identity.ts';
import type { Place } from './link.ts';

/** `up`: heard from. The rest is why it could not be reached when it was last tried. */
export type MemberStatus = 'up' | 'unlisted' | 'unreachable' | 'refused';

export interface Member {
  readonly identity: Identity;
  /** Where it was last found; undefined: nowhere yet, or another is there now. */
  place: Place | undefined;
  status: MemberStatus;
  /** Of the last try that failed. */
  why: string;
  /** When it, or somebody who heard it, last said something. */
  heardAtMs: number;
  /** Since when the transport does not list it; undefined while it does, or nobody asked. */
  unlistedSinceMs: number | undefined;
  /** When it last fetched events by itself, since routing does not lead to it. */
  pulledAtMs: number;
  /** Our events up to this one were applied there, or are presumed to be, until it says how far it is. */
  confirmed: number;
  isPresumed: boolean;
  /** A message with events is on its way. */
  sending: boolean;
  /** Of what a message may have: less where one was not taken, as there may be no room for it. */
  share: number;
}

export function newMember(
  identity: Identity,
  place: Place | undefined,
  nowMs: number,
  confirmed: number,
): Member {
  return {
    identity,
    place,
    status: 'up',
    why: '',
    heardAtMs: nowMs,
    unlistedSinceMs: undefined,
    pulledAtMs: Number.NEGATIVE_INFINITY,
    confirmed,
    isPresumed: true,
    sending: false,
    share: 1,
  };
}

/** Who fetches for itself has done so within this long, or does not count on it any more. */
const PULLS_WITHIN_MS = 5000;

export function fetchesItself({ pulledAtMs }: Member, nowMs: number): boolean {
  return nowMs - pulledAtMs < PULLS_WITHIN_MS;
}

/** As operators are told: one that cannot be reached is not up, whenever it was heard. */
export function statusOf(member: Member, nowMs: number): { status: MemberStatus; why: string } {
  const { place, status, why } = member;
  if (place !== undefined || status !== 'up' || fetchesItself(member, nowMs)) return { status, why };
  return { status: 'unreachable', why: 'no way to it is known' };
}
