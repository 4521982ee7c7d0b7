// How a failure of an API reads to an operator, and the code it is counted by. Never a body as a whole, never a secret.

import { LoadError } from '../errors.ts';
import type { RequestType } from './cloud-controller.ts';
import type { Answered, ApiAttempt } from './exchange.ts';

/** What the Cloud Controller, or UAA, says is wrong, cleared of what no line of a log should hold. */
export interface Said {
  /** CF-NotAuthorized, or UAA's `unauthorized`. */
  readonly title: string | undefined;
  readonly detail: string | undefined;
  readonly code: number | undefined;
}

const NOTHING: Said = { title: undefined, detail: undefined, code: undefined };
const MAX_DETAIL_CHARS = 200;

/** Of an answer whatever its content type: a 429's JSON comes as text/plain. */
export function saidBy({ text }: Answered): Said {
  const body = parseObject(text);
  const first: unknown = Array.isArray(body?.errors) ? body.errors[0] : undefined;
  if (isObject(first)) {
    const code = typeof first.code === 'number' ? first.code : undefined;
    return { title: nameIn(first.title), detail: sentenceIn(first.detail), code };
  }
  return saidInOAuth(body);
}

/** Of an answer to a request for a token. */
export function saidByUaa({ text }: Answered): Said {
  return saidInOAuth(parseObject(text));
}

/** Only what is known: it was sent the password. Not its description, which may quote the token that it does not take. */
function saidInOAuth(body: Record<string, unknown> | undefined): Said {
  const error = body?.error;
  return typeof error === 'string' && OAUTH_ERRORS.has(error) ? { ...NOTHING, title: error } : NOTHING;
}

/** RFC 6749, section 5.2 and 4.1.2.1; RFC 6750, section 3.1; and UAA's own. */
const OAUTH_ERRORS: ReadonlySet<string> = new Set([
  ...['invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type'],
  ...['invalid_scope', 'access_denied', 'server_error', 'temporarily_unavailable', 'invalid_token'],
  ...['insufficient_scope', 'unauthorized', 'invalid_user', 'account_locked', 'unverified_user'],
  ...['password_change_required', 'method_not_allowed', 'not_found'],
]);

/** `CF-NotAuthorized`, `uaa_unauthorized`, `http_502`. */
export function codeOf(type: RequestType, answered: Answered): string {
  const { title, code } = type === 'token' ? saidByUaa(answered) : saidBy(answered);
  if (title === undefined) return `http_${answered.status}`;
  return code === undefined ? `uaa_${title}` : title;
}

/** Of a try that had no answer, or none that could be read. */
export function codeOfBreak(error: LoadError, attempt: ApiAttempt): string {
  if (error.code === 'load_timeout') return 'timeout';
  if (attempt.proxyStatus !== undefined && attempt.proxyStatus !== 200) return `proxy_${attempt.proxyStatus}`;
  if (attempt.answer?.statusCode === 407) return 'proxy_407';
  if (/ certificate | TLS /.test(error.message)) return 'tls';
  if (error.unreachable) return 'unreachable';
  return attempt.answer?.complete === false || attempt.answer === undefined ? 'broken_off' : 'bad_answer';
}

/** The API answered, and not as it was asked to. */
export class Refusal extends LoadError {
  readonly answeredStatus: number;

  constructor(message: string, answeredStatus: number) {
    super('load_failed', message, { ofKeyOnly: OF_KEY_ONLY.has(answeredStatus) });
    this.answeredStatus = answeredStatus;
  }
}

/** Of an answer that is no success. */
export function refusal(place: string, answered: Answered): Refusal {
  const { status } = answered;
  const message = `${place} ${meaningOf(answered)} (${[status, ...partsOf(saidBy(answered))].join(', ')})`;
  return new Refusal(message, status);
}

/** What was asked is wrong, not who asks or who is asked. */
const OF_KEY_ONLY: ReadonlySet<number> = new Set([400, 404, 410, 414, 422]);

function meaningOf(answered: Answered): string {
  const { status } = answered;
  if (status === 401) return 'does not take the token, not even a new one';
  if (status === 403) return 'does not permit this to the user or client';
  if (status === 404) return 'knows no such list: it may not be a Cloud Controller of API v3';
  if (status === 429) return 'is asked too often, and keeps saying so';
  if (status >= 300 && status < 400) return 'redirects, which is not followed';
  return `answered ${status}`;
}

function partsOf({ title, detail }: Said): string[] {
  return [title, detail].filter((part) => part !== undefined);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nameIn(value: unknown): string | undefined {
  return typeof value === 'string' && /^[A-Za-z][\w-]{0,59}$/.test(value) ? value : undefined;
}

/** One line of plain characters; what is as long as a token, or stands where one does, is left out. */
function sentenceIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const plain = value
    .replace(/[\p{C}\p{Z}]+/gu, ' ')
    .replace(/\b(bearer|basic) +\S+/gi, '$1 …')
    .replace(/\S{64,}/g, '…')
    .trim();
  return plain === '' ? undefined : plain.slice(0, MAX_DETAIL_CHARS);
}
