// The options of SET, which ones go together, and what is no option.

import type { Call } from './call.ts';
import { SYNTAX_ERROR } from './error-text.ts';
import { AT_MILLISECONDS, AT_SECONDS, MILLISECONDS, SECONDS, type TimeForm } from './expire-options.ts';

export interface SetOptions {
  /** Stored only where nothing is there (`nx`), or something is. */
  condition: 'nx' | 'xx' | undefined;
  /** What was there before is replied. */
  get: boolean;
  keepEnd: boolean;
  /** The argument that says when the value goes, and how. */
  end: { readonly form: TimeForm; readonly at: number } | undefined;
}

const FORMS: readonly (readonly [word: string, form: TimeForm])[] = [
  ['EX', SECONDS],
  ['PX', MILLISECONDS],
  ['EXAT', AT_SECONDS],
  ['PXAT', AT_MILLISECONDS],
];

/** The options from argument `from` on; an error text where they are not understood. */
export function parseSetOptions(call: Call, from: number): SetOptions | string {
  const options: SetOptions = { condition: undefined, get: false, keepEnd: false, end: undefined };
  for (let i = from; i < call.count; i++) {
    const taken = takeWord(options, call, i) || takeEnd(options, call, i);
    if (!taken) return SYNTAX_ERROR;
    if (options.end?.at === i + 1) i++;
  }
  return options;
}

function takeWord(options: SetOptions, call: Call, i: number): boolean {
  if (call.is(i, 'GET')) options.get = true;
  else if (call.is(i, 'NX') && options.condition !== 'xx') options.condition = 'nx';
  else if (call.is(i, 'XX') && options.condition !== 'nx') options.condition = 'xx';
  else if (call.is(i, 'KEEPTTL') && !options.end) options.keepEnd = true;
  else return false;
  return true;
}

/** The same form may be said twice: the last one holds. */
function takeEnd(options: SetOptions, call: Call, i: number): boolean {
  const form = FORMS.find(([word]) => call.is(i, word))?.[1];
  if (!form || i + 1 >= call.count || options.keepEnd) return false;
  if (options.end && options.end.form !== form) return false;
  options.end = { form, at: i + 1 };
  return true;
}
