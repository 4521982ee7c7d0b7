// When an entry is to go, as commands say it: seconds or milliseconds, from now or since 1970, and on what condition.

import type { Call } from './call.ts';
import { SYNTAX_ERROR, shownText } from './error-text.ts';
import { MAX_INTEGER, MIN_INTEGER } from './numbers.ts';

/** How a time is given. */
export interface TimeForm {
  readonly unitMs: 1 | 1000;
  /** Since 1970; else from now on. */
  readonly isAbsolute: boolean;
}

export const SECONDS: TimeForm = { unitMs: 1000, isAbsolute: false };
export const MILLISECONDS: TimeForm = { unitMs: 1, isAbsolute: false };
export const AT_SECONDS: TimeForm = { unitMs: 1000, isAbsolute: true };
export const AT_MILLISECONDS: TimeForm = { unitMs: 1, isAbsolute: true };

/** Milliseconds since 1970; undefined where it is beyond 64 bits. */
export function momentOf(given: bigint, { unitMs, isAbsolute }: TimeForm, nowMs: number): number | undefined {
  const unit = BigInt(unitMs);
  if (given > MAX_INTEGER / unit || given < MIN_INTEGER / unit) return undefined;
  const baseMs = isAbsolute ? 0n : BigInt(Math.floor(nowMs));
  const momentMs = given * unit + baseMs;
  return momentMs > MAX_INTEGER ? undefined : Number(momentMs);
}

export function invalidExpireTime(command: string): string {
  return `ERR invalid expire time in '${command}' command`;
}

// --- GETEX

/** What GETEX is to do with the entry's end: an argument says when, or `persist`: none; undefined: as it is. */
export type EndOption = { readonly form: TimeForm; readonly at: number } | 'persist' | undefined;

/** The options of commands that say when an entry is to go. */
export const END_FORMS: readonly (readonly [word: string, form: TimeForm])[] = [
  ['EX', SECONDS],
  ['PX', MILLISECONDS],
  ['EXAT', AT_SECONDS],
  ['PXAT', AT_MILLISECONDS],
];

/** The options from argument `from` on; an error text where they are not understood. */
export function parseEndOption(call: Call, from: number): { option: EndOption } | { error: string } {
  let option: EndOption;
  for (let i = from; i < call.count; i++) {
    const form = END_FORMS.find(([word]) => call.is(i, word))?.[1];
    const isPersist = call.is(i, 'PERSIST');
    const isOther = option !== undefined && (option === 'persist') !== isPersist;
    const isOtherForm = typeof option === 'object' && form !== undefined && option.form !== form;
    if (isOther || isOtherForm || (!isPersist && (form === undefined || i + 1 >= call.count))) {
      return { error: SYNTAX_ERROR };
    }
    option = form === undefined ? 'persist' : { form, at: ++i };
  }
  return { option };
}

// --- EXPIRE and its kin

export interface Condition {
  readonly nx: boolean;
  readonly xx: boolean;
  readonly gt: boolean;
  readonly lt: boolean;
}

/** The conditions from argument `from` on; an error text where they are not understood, or at odds. */
export function parseCondition(call: Call, from: number): Condition | { error: string } {
  const condition = { nx: false, xx: false, gt: false, lt: false };
  for (let i = from; i < call.count; i++) {
    if (call.is(i, 'NX')) condition.nx = true;
    else if (call.is(i, 'XX')) condition.xx = true;
    else if (call.is(i, 'GT')) condition.gt = true;
    else if (call.is(i, 'LT')) condition.lt = true;
    else return { error: `ERR Unsupported option ${shownText(call, i)}` };
  }
  const { nx, xx, gt, lt } = condition;
  if (nx && (xx || gt || lt)) {
    return { error: 'ERR NX and XX, GT or LT options at the same time are not compatible' };
  }
  if (gt && lt) return { error: 'ERR GT and LT options at the same time are not compatible' };
  return condition;
}

/** Whether an entry that goes at `endMs` (Infinity: never) is to go at `momentMs` instead. */
export function isMet({ nx, xx, gt, lt }: Condition, endMs: number, momentMs: number): boolean {
  const isEndless = endMs === Number.POSITIVE_INFINITY;
  if ((nx && !isEndless) || (xx && isEndless)) return false;
  if (gt && momentMs <= endMs) return false;
  return !lt || momentMs < endMs;
}
