// What an origin's answer means for a load: a value, nothing new, nothing there, or a failure.

import type { Loaded, LoadRequest, Terms } from '../cache/loader.ts';
import type { LoadError } from '../errors.ts';
import { type Attempt, badAnswer } from './attempt.ts';
import { contentTypeOf, etagOf, parseTags } from './attributes.ts';
import { discard, pour } from './body.ts';
import { parseTerms } from './cache-control.ts';
import type { Answer } from './wire.ts';

export interface AnswerRules {
  readonly maxValueBytes: number;
  readonly cacheControl: 'honour' | 'ignore';
}

/** 203 is a 200 that passed a proxy; 204 is a value of no bytes. 206 is not here: a part is not the value. */
const VALUES: ReadonlySet<number> = new Set([200, 203, 204]);
const ABSENT: ReadonlySet<number> = new Set([404, 410]);
/** What gateways say while what is behind them restarts. */
const PASSING: ReadonlySet<number> = new Set([502, 503, 504]);

/** Throws LoadError, and whatever the request's sink throws. The body has been read or destroyed afterwards. */
export async function readAnswer(
  answer: Answer,
  request: LoadRequest,
  rules: AnswerRules,
  attempt: Attempt,
): Promise<Loaded> {
  const { headers, status } = answer;
  if (status === 304) {
    await discard(answer);
    return unchanged(answer, request, rules, attempt);
  }
  if (await isAbsent(answer, attempt)) return { kind: 'absent', status };
  return await readingValue(answer, rules, attempt, async (said) => {
    const contentType = contentTypeOf(headers.get('content-type'));
    const etag = etagOf(headers.get('etag'));
    await pour(answer, request.sink, rules.maxValueBytes, attempt);
    return { kind: 'value', contentType, etag, ...said, status };
  });
}

/** Nothing is there; false: a value is, whose body is still to be read. Throws LoadError where the status says neither. */
export async function isAbsent(answer: Answer, attempt: Attempt): Promise<boolean> {
  const { status } = answer;
  if (VALUES.has(status)) return false;
  await discard(answer);
  if (ABSENT.has(status)) return true;
  throw failedStatus(answer, attempt);
}

/** What an answer says of its value besides what it is. */
export interface Said {
  readonly tags: string[];
  readonly terms: Terms;
}

/** Lets `read` have the body where it may be used at all, and destroys what that leaves of it. */
export async function readingValue<T>(
  answer: Answer,
  rules: AnswerRules,
  attempt: Attempt,
  read: (said: Said) => Promise<T>,
): Promise<T> {
  try {
    refuseEncoded(answer, attempt);
    return await read({ tags: tagsOf(answer, attempt) ?? [], terms: termsOf(answer, rules) });
  } finally {
    answer.body.destroy();
  }
}

function unchanged(answer: Answer, request: LoadRequest, rules: AnswerRules, attempt: Attempt): Loaded {
  if (request.etag === undefined) throw badAnswer(attempt, 'answered 304 to a request without a condition');
  const { headers, status } = answer;
  const etag = etagOf(headers.get('etag'));
  return { kind: 'unchanged', tags: tagsOf(answer, attempt), etag, terms: termsOf(answer, rules), status };
}

function failedStatus(answer: Answer, attempt: Attempt): LoadError {
  attempt.passing = PASSING.has(answer.status);
  attempt.retryAfterMs = retryAfterMs(answer);
  return badAnswer(attempt, `answered ${answer.status}`);
}

/** Stored as sent it would reach readers as something else than its content type says. */
function refuseEncoded(answer: Answer, attempt: Attempt): void {
  const encoding = answer.headers.get('content-encoding') ?? '';
  if (encoding === '' || encoding === 'identity') return;
  throw badAnswer(attempt, 'answered with a Content-Encoding, though none was accepted');
}

/** A value kept without its tags could not be invalidated by them: such a load fails. */
function tagsOf(answer: Answer, attempt: Attempt): string[] | undefined {
  const header = answer.headers.get('surrogate-key');
  if (header === null) return undefined;
  try {
    return parseTags(header);
  } catch (error) {
    throw badAnswer(attempt, 'answered with an unusable Surrogate-Key header', error);
  }
}

function termsOf(answer: Answer, rules: AnswerRules): Terms {
  return parseTerms((name) => answer.headers.get(name), rules.cacheControl);
}

/** Seconds, or a date, which is read against the origin's own clock (RFC 9110, section 10.2.3). */
function retryAfterMs(answer: Answer): number | undefined {
  const text = answer.headers.get('retry-after');
  if (text === null || answer.status !== 503) return undefined;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text) * 1000;
  const waitMs = Date.parse(text) - Date.parse(answer.headers.get('date') ?? '');
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs);
}
