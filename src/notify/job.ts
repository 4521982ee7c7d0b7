// One thing the app is still to be told, who waits for its answer, and which job makes another needless.

import type { AppAnswer, AppChange, ChangeTime } from './change.ts';
import { covers, mayOverlap, type Scope, scopeOf } from './scope.ts';

/** The app is to read everything anew: what it missed is not known in detail. */
export interface Resync {
  readonly kind: 'resync';
}

export type Told = AppChange | Resync;

export interface Job {
  readonly told: Told;
  /** Undefined: everything. */
  readonly scope: Scope | undefined;
  readonly body: boolean;
  /** What is charged for it while it waits, in bytes. */
  readonly cost: number;
  /** Its place among the others; without a body it is as late as the latest that it stands for. */
  at: ChangeTime;
  waiters: ((answer: AppAnswer) => void)[];
}

/** What a waiting change costs beside its bytes, and each of its selectors: objects, sets, promises. */
const CHANGE_BYTES = 512;
const SELECTOR_BYTES = 64;

export function jobOf(told: AppChange): Job {
  const { at, body } = told;
  return { told, scope: scopeOf(told), body: body !== undefined, cost: costOf(told), at, waiters: [] };
}

export function resyncJob(at: ChangeTime): Job {
  return { told: { kind: 'resync' }, scope: undefined, body: false, cost: 0, at, waiters: [] };
}

export function compareTimes([ms, count, origin]: ChangeTime, other: ChangeTime): number {
  const byOrigin = Number(origin > other[2]) - Number(origin < other[2]);
  return ms - other[0] || count - other[1] || byOrigin;
}

/**
 * Whether `one`, told from now on, makes telling `other` needless. A body is an object: only a newer one of the same
 * kind takes its place, and it takes the place of no change without one. An invalidation asks more than a refresh.
 */
export function standsFor(one: Job, other: Job): boolean {
  if (one.body !== other.body) return false;
  if (one.body) return one.told.kind === other.told.kind && isNotOlder(one, other) && coversJob(one, other);
  if (one.told.kind === 'resync') return true;
  return (one.told.kind === 'invalidate' || other.told.kind === 'refresh') && coversJob(one, other);
}

export function isNotOlder(one: Job, other: Job): boolean {
  return compareTimes(one.at, other.at) >= 0;
}

/** Whether some entry may be concerned by both. */
export function mayMeet(one: Job, other: Job): boolean {
  return one.scope === undefined || other.scope === undefined || mayOverlap(one.scope, other.scope);
}

function coversJob(one: Job, other: Job): boolean {
  if (one.scope === undefined || other.scope === undefined) return one.scope === undefined;
  return covers(one.scope, other.scope);
}

function costOf({ caches, keys, tags, prefixes, body }: AppChange): number {
  const texts = [caches, keys, tags, prefixes].flat();
  // Twice the length: once as it came, once to be compared.
  const selectors = texts.reduce((sum, text) => sum + SELECTOR_BYTES + 2 * text.length, 0);
  return CHANGE_BYTES + selectors + (body === undefined ? 0 : body.bytes.length + body.contentType.length);
}
