// One try of a load: what it has come to so far, and how its failure reads to a developer.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { LoadError } from '../errors.ts';
import type { Deadline } from './deadline.ts';

export interface Attempt {
  /** scheme://host[:port]; messages name this, never the key, the query or a header. */
  readonly origin: string;
  readonly deadline: Deadline;
  /** The exchange so far, as wire.ts sees it. */
  request: ClientRequest | undefined;
  answer: IncomingMessage | undefined;
  /** `none` also while all connections are taken. */
  connection: 'none' | 'begun' | 'up';
  /** As Node said it: node-fetch's own message repeats the URL, and the key with it. */
  cause: NodeJS.ErrnoException | undefined;
  /** Bytes that the sink took: from the first on there is no second try. */
  sunkBytes: number;
  /** Set by whoever finds the failure: another try may succeed. */
  passing: boolean;
  /** How long the origin asked to be left alone. */
  retryAfterMs: number | undefined;
}

export function newAttempt(origin: string, deadline: Deadline): Attempt {
  return {
    origin,
    deadline,
    request: undefined,
    answer: undefined,
    connection: 'none',
    cause: undefined,
    sunkBytes: 0,
    passing: false,
    retryAfterMs: undefined,
  };
}

/** The origin answered, and its answer cannot be used. */
export function badAnswer(attempt: Attempt, what: string, cause?: unknown): LoadError {
  const { origin, retryAfterMs, answer } = attempt;
  const status = answer?.statusCode ?? 500;
  const ofKeyOnly = status < 500 && !OVERLOADED.has(status);
  return new LoadError('load_failed', `${origin} ${what}`, { cause, retryAfterMs, ofKeyOnly });
}

/** Request time-out, too early, too many requests: the origin would answer no other key either. */
const OVERLOADED: ReadonlySet<number> = new Set([408, 425, 429]);

/** The exchange broke off: time over, caller gone, or the connection's own reason. */
export function brokenOff(attempt: Attempt, error: unknown): LoadError {
  const { origin, deadline } = attempt;
  if (deadline.expired) return timedOut(attempt);
  if (deadline.signal.aborted) return new LoadError('load_failed', `the load from ${origin} was given up`);
  const cause = attempt.cause ?? withoutUrl(error);
  const code = cause.code ?? '';
  const unreachable = attempt.connection !== 'up' && (attempt.connection === 'begun' || code in UNREACHABLE);
  attempt.passing = attempt.sunkBytes === 0 && (unreachable || BREAKS.has(code));
  const what = unreachable ? (UNREACHABLE[code] ?? `cannot be reached (${code})`) : wordsFor(attempt, code);
  return new LoadError('load_failed', `${origin} ${what}`, { cause, unreachable });
}

/** The kept-alive connection was closed by the origin while the request was on its way: nobody's failure. */
export function wasStale(attempt: Attempt): boolean {
  return attempt.passing && attempt.answer === undefined && attempt.request?.reusedSocket === true;
}

function timedOut(attempt: Attempt): LoadError {
  const { origin, deadline, answer } = attempt;
  const within = `within ${deadline.limitMs} ms`;
  if (answer !== undefined) {
    return new LoadError('load_timeout', `${origin} answered, but not to the end ${within}`);
  }
  const unreachable = attempt.connection === 'begun';
  const what = unreachable ? 'did not accept a connection' : 'did not answer';
  return new LoadError('load_timeout', `${origin} ${what} ${within}`, { unreachable });
}

/** The connection never came about. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: 'could not be resolved: no such host name',
  EAI_AGAIN: 'could not be resolved: the name server did not answer',
  EHOSTUNREACH: 'cannot be reached: no route to the host',
  ENETUNREACH: 'cannot be reached: no route to its network',
  EHOSTDOWN: 'cannot be reached: the host is down',
  ENETDOWN: 'cannot be reached: the network is down',
  ETIMEDOUT: 'did not accept a connection in time',
  EADDRNOTAVAIL: 'cannot be reached: no local port is free',
  ECONNABORTED: 'cannot be reached: the connection was aborted',
};

/** The connection came about and broke. */
const BREAKS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
]);

function wordsFor(attempt: Attempt, code: string): string {
  if (BREAKS.has(code)) {
    return attempt.answer === undefined
      ? 'closed the connection before it answered'
      : 'closed the connection before the end of its answer';
  }
  if (code === 'UNEXPECTED_UPGRADE') return 'answered 101, though no other protocol was asked for';
  if (code === 'HPE_HEADER_OVERFLOW') return 'answered with more header bytes than the 16 KiB allowed';
  if (code.startsWith('HPE_')) return `answered with something that is not HTTP (${code})`;
  if (/CERT|SIGN|ISSUER/.test(code)) return `has a certificate that is not trusted (${code})`;
  if (/SSL|TLS|EPROTO/.test(code)) return `does not speak TLS as expected (${code})`;
  return `failed (${code === '' ? 'unknown reason' : code})`;
}

/** FetchError says `request to <url with the key> failed, reason: …`: only the reason is kept. */
function withoutUrl(error: unknown): NodeJS.ErrnoException {
  const message = error instanceof Error ? error.message.replace(/^.*?reason: /s, '') : String(error);
  const safe = message.includes('://') ? 'the exchange failed' : message;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return Object.assign(new Error(safe), code === undefined ? {} : { code });
}
