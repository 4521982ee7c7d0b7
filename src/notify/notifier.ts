// Tells one app what was applied here: one call at a time, in hybrid-clock order, again until it answers.
//
// Order. What waits is sorted by hybrid time, and a job is told when its turn comes. Two jobs become one where one
// makes the other needless (job.ts); the one call answers both. The call in flight takes nobody in: the app may have
// read its origin before the later change was made.
//
// Objects. A body is the object that the app shall hold, so the newest wins: a newer one of the same kind that covers
// the scope takes the place of an older one that waits, and an older one that comes after a newer one was delivered is
// not delivered (`dropped`): in the right order it would have been overwritten by now. Where nothing newer covers it,
// it is delivered though late, or the app would miss it; and as it may have undone what is newer (an invalidation, an
// object of part of its scope), that is told once more after it, without its body. What was delivered is remembered
// in bounded memory: what comes very late is taken for new.
//
// Failure. A job that failed goes back to its place and is told again after a pause that doubles. Everybody who waits
// hears `failed` then, as what waits behind it was not applied either. Who tells something while the app fails has it
// tried soon, so that an app that is back is known to be back; and who tells it while a call is under way again hears
// `failed` at once: it may be the app's own handler, which must not wait for itself.
//
// Bounds. Beyond them all that waits is dropped, bodies too, for one resync: the app reads everything anew.

import type { Clock, Timer } from '../cache/clock.ts';
import { Backlog } from './backlog.ts';
import type { AppAnswer, AppChange, ChangeTime } from './change.ts';
import { Delivered } from './delivered.ts';
import { compareTimes, type Job, jobOf, resyncJob, standsFor, type Told } from './job.ts';
import { Pace } from './pace.ts';
import { type Failing, Patience } from './patience.ts';

const MOST_PENDING = 1_000;
const MOST_BYTES = 1 << 20;
const LOOPING_EVERY_MS = 60_000;

export type PostAnswer = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface NotifierParts {
  readonly clock: Clock;
  /** From 0 up to 1. */
  random(): number;
  /** Never called again before it has resolved. */
  post(told: Told): Promise<PostAnswer>;
  /** For what waits; false: there is no room. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
  /** At each failed try, the first in a row numbered 1. */
  failed?(why: string, inARow: number): void;
  recovered?(afterFailures: number): void;
  /** The app's handler seems to call back without repeating Sidecache-Event; at most once a minute. */
  looping?(told: Told): void;
}

/** `applied` and `failed` count calls, `merged` and `dropped` what was told to the notifier and needed no call, or got none. */
export type NotifyResult = 'applied' | 'failed' | 'merged' | 'dropped';

export class Notifier {
  readonly counts: Record<NotifyResult, number> = { applied: 0, failed: 0, merged: 0, dropped: 0 };
  readonly #parts: NotifierParts;
  readonly #backlog = new Backlog();
  readonly #delivered = new Delivered();
  readonly #pace = new Pace();
  readonly #patience: Patience;
  #latest: ChangeTime = [0, 0, ''];
  #inFlight: Job | undefined;
  #timer: Timer | undefined;
  #saidLoopingAtMs = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
    this.#patience = new Patience(() => parts.random());
  }

  /** What the app has not answered yet, the call in flight included. */
  get pending(): number {
    return this.#backlog.size + (this.#inFlight === undefined ? 0 : 1);
  }

  get failing(): Failing | undefined {
    return this.#patience.failing;
  }

  /** Resolves at the first answer, good or bad, of the call that tells it or a change that covers it. Never rejects. */
  tell(change: AppChange): Promise<AppAnswer> {
    const job = jobOf(change);
    if (compareTimes(job.at, this.#latest) > 0) this.#latest = job.at;
    if (!job.body || !this.#delivered.hasNewer(job)) return this.#enter(job);
    this.counts.dropped++;
    return Promise.resolve('applied');
  }

  /** The app is to read everything anew. Objects that wait are told before: they may be nowhere else. */
  resync(): Promise<AppAnswer> {
    return this.#enter(resyncJob(this.#latest));
  }

  /** Who still waits hears `failed`; the answer to a call in flight is nobody's any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer?.cancel();
    this.#answerAll('failed');
    for (const job of this.#backlog.clear()) this.#parts.release(job.cost);
  }

  #enter(job: Job): Promise<AppAnswer> {
    if (this.#closed) return Promise.resolve('failed');
    const answer = new Promise<AppAnswer>((resolve) => job.waiters.push(resolve));
    if (this.failing !== undefined) this.#hasten(job);
    if (this.#inFlight !== undefined && job.body && standsFor(this.#inFlight, job)) this.#follow(job);
    else this.#queue(job);
    this.#go();
    return answer;
  }

  #hasten(job: Job): void {
    this.#patience.hasten();
    if (this.#inFlight !== undefined) answerTo(job, 'failed');
  }

  /** A newer object is on its way to the app: this one needs no call, and has that one's answer. */
  #follow(job: Job): void {
    this.counts.dropped++;
    this.#inFlight?.waiters.push(...job.waiters);
  }

  #queue(job: Job): void {
    this.#pace.told(nameOf(job), this.#parts.clock.now());
    const charged = this.#parts.charge(job.cost);
    if (charged) this.#merge(job);
    else this.#giveUp(job);
    if (this.#backlog.size > MOST_PENDING || this.#backlog.bytes > MOST_BYTES) this.#overflow();
  }

  #merge(job: Job): void {
    for (const needless of this.#backlog.add(job)) {
      this.counts.merged++;
      this.#parts.release(needless.cost);
    }
  }

  #giveUp(uncharged: Job): void {
    this.counts.dropped++;
    answerTo(uncharged, 'failed');
    this.#overflow();
  }

  #overflow(): void {
    for (const job of this.#backlog.clear()) {
      this.counts.dropped++;
      this.#parts.release(job.cost);
      answerTo(job, 'failed');
    }
    this.#backlog.add(resyncJob(this.#latest));
  }

  /** Starts the next call if there is one that may start now, else sees to it that it will. */
  #go(): void {
    if (this.#inFlight !== undefined || this.#closed || this.#backlog.size === 0) return;
    this.#timer?.cancel();
    const nowMs = this.#parts.clock.now();
    if (this.#patience.nextTryAtMs > nowMs) {
      this.#goAt(this.#patience.nextTryAtMs);
      return;
    }
    const job = this.#backlog.next((waiting) => this.#dueAtMs(waiting) <= nowMs);
    if (job !== undefined) void this.#call(job);
    else
      this.#goAt(
        Math.min(...this.#backlog.jobs.map((held) => this.#dueAtMs(held)).filter((at) => at > nowMs)),
      );
  }

  #goAt(atMs: number): void {
    const { clock } = this.#parts;
    this.#timer = clock.after(atMs - clock.now(), () => this.#go());
  }

  #dueAtMs(job: Job): number {
    return this.#pace.dueAtMs(nameOf(job));
  }

  async #call(job: Job): Promise<void> {
    const { clock, post, release } = this.#parts;
    this.#inFlight = job;
    if (this.#pace.began(nameOf(job))) this.#sayLooping(job);
    const answer = await post(job.told);
    this.#inFlight = undefined;
    this.#pace.ended(nameOf(job), clock.now());
    if (this.#closed) release(job.cost);
    else if (answer.ok) this.#applied(job);
    else this.#failed(job, answer.why);
    this.#go();
  }

  #applied(job: Job): void {
    this.counts.applied++;
    this.#parts.release(job.cost);
    this.#delivered.note(job);
    if (job.body) for (const undone of this.#delivered.undoneBy(job)) this.#queue(undone);
    const failures = this.#patience.recovered();
    if (failures > 0) this.#parts.recovered?.(failures);
    answerTo(job, 'applied');
  }

  #failed(job: Job, why: string): void {
    this.counts.failed++;
    const inARow = this.#patience.failed(why, this.#parts.clock.now());
    this.#parts.failed?.(why, inARow);
    this.#merge(job);
    this.#answerAll('failed');
  }

  #answerAll(answer: AppAnswer): void {
    for (const job of this.#backlog.jobs) answerTo(job, answer);
    if (this.#inFlight !== undefined) answerTo(this.#inFlight, answer);
  }

  #sayLooping({ told }: Job): void {
    const nowMs = this.#parts.clock.now();
    if (nowMs - this.#saidLoopingAtMs < LOOPING_EVERY_MS) return;
    this.#saidLoopingAtMs = nowMs;
    this.#parts.looping?.(told);
  }
}

function answerTo(job: Job, answer: AppAnswer): void {
  for (const resolve of job.waiters) resolve(answer);
  job.waiters = [];
}

function nameOf(job: Job): string {
  return job.scope?.name ?? 'resync';
}
