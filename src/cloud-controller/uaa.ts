// The grants of UAA: how a token is asked for, and what the answer says. Source: RFC 6749, and UAA's API documentation.

import { LoadError } from '../errors.ts';
import { parseObject, saidByUaa } from './api-errors.ts';
import type { Answered } from './exchange.ts';
import type { Credentials } from './settings.ts';

export interface Token {
  readonly accessToken: string;
  readonly lifetimeMs: number;
  /** To be used from now on. */
  readonly refreshToken: string | undefined;
}

export interface Grant {
  readonly kind: Credentials['grant'];
  /** The form, and with it the secrets: never to be shown. */
  readonly form: string;
  /** A Basic Authorization. */
  readonly authorization: string;
}

/** Where UAA does not say how long a token is good for. */
const UNSAID_LIFETIME_MS = 300_000;
/** A shorter one counts as this: no token is to be fetched for each request. */
const LEAST_LIFETIME_MS = 30_000;
/** The client of the command line, which has no secret. */
const CF_CLIENT = basic('cf', '');

export function grantOf(credentials: Credentials): Grant {
  switch (credentials.grant) {
    case 'password': {
      const { username, password } = credentials;
      return grant('password', { username, password }, CF_CLIENT);
    }
    case 'client_credentials':
      return grant('client_credentials', {}, basic(credentials.clientId, credentials.clientSecret));
    case 'refresh_token':
      return refreshGrant(credentials.refreshToken);
  }
}

export function refreshGrant(refreshToken: string): Grant {
  return grant('refresh_token', { refresh_token: refreshToken }, CF_CLIENT);
}

function grant(kind: Grant['kind'], fields: Record<string, string>, authorization: string): Grant {
  const form = new URLSearchParams({ grant_type: kind, ...fields }).toString();
  return { kind, form, authorization };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** Undefined: that is no token. */
export function readToken({ text }: Answered): Token | undefined {
  const said = parseObject(text);
  const accessToken = said?.access_token;
  if (said === undefined || typeof accessToken !== 'string' || !/^[\x21-\x7e]+$/.test(accessToken))
    return undefined;
  const { expires_in: seconds, refresh_token: refreshToken } = said;
  return {
    accessToken,
    lifetimeMs: lifetimeMs(seconds),
    refreshToken: typeof refreshToken === 'string' && refreshToken !== '' ? refreshToken : undefined,
  };
}

function lifetimeMs(seconds: unknown): number {
  if (typeof seconds !== 'number' || seconds <= 0) return UNSAID_LIFETIME_MS;
  return Math.max(LEAST_LIFETIME_MS, seconds * 1000);
}

/** UAA would not have this grant: asking again in the same way locks accounts. */
export function isRefused({ status }: Answered): boolean {
  return status === 400 || status === 401 || status === 403;
}

export function uaaError(place: string, grant: Grant, answered: Answered): LoadError {
  const { title } = saidByUaa(answered);
  const what = isRefused(answered) ? refusedWhat(grant, title, answered) : 'gave no token';
  const said = title === undefined ? '' : `, ${title}`;
  return new LoadError('load_failed', `${place} ${what} (${answered.status}${said})`);
}

/** What UAA says of a user, or a password, that it does not take. */
const OF_THE_USER: ReadonlySet<string> = new Set([
  'unauthorized',
  'invalid_grant',
  'invalid_user',
  'access_denied',
]);

function refusedWhat(grant: Grant, title: string | undefined, answered: Answered): string {
  const isClient = grant.kind === 'client_credentials';
  if (isClient && answered.status === 401) return 'refuses the client: its id or its secret is wrong';
  if (title === 'unauthorized_client') return 'does not permit the client this grant';
  if (title === 'invalid_client') return 'refuses the client cf';
  if (grant.kind === 'refresh_token' && title !== undefined) {
    return 'refuses the refresh token: it expired, was used or was revoked';
  }
  if (isClient || title === undefined || !OF_THE_USER.has(title)) return 'refuses to give a token';
  if (/locked/i.test(answered.text))
    return 'refuses the user: the account is locked after too many wrong passwords';
  return 'refuses the user: the name or the password is wrong';
}
