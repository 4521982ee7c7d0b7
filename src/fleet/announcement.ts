// One change on its way to all members: who confirmed it, who did not and why, until all have answered or time is up.

import type { Clock, Timer } from '../cache/clock.ts';
import type { Identity } from './identity.ts';
import type { AppAnswer } from './inbox.ts';
import type { Member } from './member.ts';

export type ReportStatus = 'applied' | 'app-failed' | 'unreachable' | 'refused' | 'gone';

export interface MemberReport {
  readonly identity: Identity;
  readonly status: ReportStatus;
  readonly ms: number;
  /** Entries that went there, where it said. */
  readonly entries: number | undefined;
  /** Why it did not confirm. */
  readonly why: string | undefined;
}

interface Expected {
  readonly member: Member;
  report: MemberReport | undefined;
  /** Applied there; only its app has not answered. */
  isApplied: boolean;
  isAppAsked: boolean;
  entries: number | undefined;
}

export class Announcement {
  /** Of the event. */
  readonly sequence: number;
  readonly done: Promise<readonly MemberReport[]>;
  readonly untilMs: number;
  readonly #clock: Clock;
  readonly #beganMs: number;
  readonly #expected = new Map<Member, Expected>();
  readonly #deadline: Timer;
  #open = 0;
  #settle: () => void = () => {};
  #settled = false;

  constructor(sequence: number, members: readonly Member[], timeoutMs: number, clock: Clock) {
    this.sequence = sequence;
    this.#clock = clock;
    this.#beganMs = clock.now();
    this.untilMs = this.#beganMs + timeoutMs;
    this.done = new Promise((resolve) => {
      this.#settle = () => {
        this.#settled = true;
        this.#deadline.cancel();
        resolve([...this.#expected.values()].map(({ report }) => report!));
      };
    });
    this.#deadline = clock.after(timeoutMs, () => this.#endInTime(timeoutMs));
    for (const member of members) this.expect(member);
    if (this.#open === 0) this.#settle();
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** A member that was not known when it began: it is asked as well. */
  expect(member: Member): void {
    if (this.#settled || this.#expected.has(member)) return;
    this.#expected.set(member, {
      member,
      report: undefined,
      isApplied: false,
      isAppAsked: false,
      entries: undefined,
    });
    this.#open++;
  }

  isOpen(member: Member): boolean {
    const expected = this.#expected.get(member);
    return !this.#settled && expected !== undefined && expected.report === undefined;
  }

  /** It applied the event; where its app is told, `app` has yet to come. */
  applied(member: Member, entries: number | undefined, isAppWaiting: boolean): void {
    const expected = this.#expected.get(member);
    if (!expected || expected.report) return;
    expected.isApplied = true;
    expected.entries ??= entries;
    if (!isAppWaiting) this.#report(expected, 'applied', undefined);
  }

  /** False where that is being done. */
  beginAskingApp(member: Member): boolean {
    const expected = this.#expected.get(member);
    if (!expected || expected.isAppAsked) return false;
    expected.isAppAsked = true;
    return true;
  }

  endAskingApp(member: Member): void {
    const expected = this.#expected.get(member);
    if (expected) expected.isAppAsked = false;
  }

  app(member: Member, answer: AppAnswer): void {
    const expected = this.#expected.get(member);
    if (!expected || expected.report) return;
    if (answer === 'applied') this.#report(expected, 'applied', undefined);
    else this.#report(expected, 'app-failed', 'its app did not take it; it is called again');
  }

  /** It did not confirm; nothing is said of one that has, and whose app is waited for. */
  failed(member: Member, status: Exclude<ReportStatus, 'applied'>, why: string): void {
    const expected = this.#expected.get(member);
    if (!expected || expected.report || (expected.isApplied && status !== 'gone')) return;
    this.#report(expected, status, why);
  }

  #report(expected: Expected, status: ReportStatus, why: string | undefined): void {
    const { member, entries } = expected;
    const ms = Math.round((this.#clock.now() - this.#beganMs) * 10) / 10;
    expected.report = { identity: member.identity, status, ms, entries, why };
    if (--this.#open === 0 && !this.#settled) this.#settle();
  }

  #endInTime(timeoutMs: number): void {
    for (const expected of this.#expected.values()) {
      if (expected.report) continue;
      if (expected.isApplied)
        this.#report(expected, 'app-failed', `its app did not answer within ${timeoutMs} ms`);
      else this.#report(expected, 'unreachable', `it did not confirm within ${timeoutMs} ms`);
    }
    if (!this.#settled) this.#settle();
  }
}
