// The UAA's token endpoint: who may have a token, and which tokens are good. Source: RFC 6749 and the UAA's documentation.

import { invalidAuthToken, notAuthenticated } from './api-error.ts';

export interface TokenAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

export class Uaa {
  /** By name: the password. */
  readonly users = new Map([['admin', 'secret-of-admin']]);
  /** By client id: the secret. `cf`, with an empty one, is what the command line uses. */
  readonly clients = new Map([
    ['cf', ''],
    ['sidecache', 'secret-of-sidecache'],
  ]);
  /** `expires_in` of the tokens from now on, in seconds. */
  expiresInSeconds = 1200;
  /** False: the answer names no refresh token. */
  refreshing = true;
  readonly #access = new Map<string, { endMs: number }>();
  readonly #refresh = new Set<string>();
  readonly #now: () => number;
  #issued = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Tokens given out. */
  get issued(): number {
    return this.#issued;
  }

  /** A refresh token that is good, as somebody got it by other means. */
  newRefreshToken(): string {
    const token = `refresh-${++this.#issued}-r`;
    this.#refresh.add(token);
    return token;
  }

  /** All access tokens that are out; refresh tokens stay good unless `too`. */
  revokeTokens({ refreshTokens = false } = {}): void {
    this.#access.clear();
    if (refreshTokens) this.#refresh.clear();
  }

  answer(authorization: string | undefined, form: URLSearchParams): TokenAnswer {
    const client = this.#client(authorization, form);
    if (client === undefined) return refused('invalid_client', 'Bad credentials');
    switch (form.get('grant_type')) {
      case 'password':
        return this.#byPassword(form);
      case 'client_credentials':
        return this.#token(undefined);
      case 'refresh_token':
        return this.#byRefreshToken(form.get('refresh_token') ?? '');
      default:
        return {
          status: 400,
          body: { error: 'unsupported_grant_type', error_description: 'Unsupported grant type' },
        };
    }
  }

  /** Throws ApiError where `authorization` is no bearer token that is good now. */
  check(authorization: string | undefined): void {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) throw notAuthenticated();
    const found = this.#access.get(token);
    if (found === undefined || found.endMs <= this.#now()) throw invalidAuthToken();
  }

  /** Undefined: not one, or not with this secret. */
  #client(authorization: string | undefined, form: URLSearchParams): string | undefined {
    const basic = /^basic +(\S+)$/i.exec(authorization ?? '')?.[1];
    const pair = basic === undefined ? undefined : Buffer.from(basic, 'base64').toString();
    const [id, secret] =
      pair === undefined
        ? [form.get('client_id') ?? '', form.get('client_secret') ?? '']
        : [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)];
    return this.clients.get(id) === secret ? id : undefined;
  }

  #byPassword(form: URLSearchParams): TokenAnswer {
    const user = form.get('username') ?? '';
    const good = this.users.has(user) && this.users.get(user) === form.get('password');
    return good ? this.#token(this.newRefreshToken()) : refused('unauthorized', 'Bad credentials');
  }

  #byRefreshToken(token: string): TokenAnswer {
    if (this.#refresh.has(token)) return this.#token(token);
    return refused('invalid_token', 'The token expired, was revoked, or the token ID is incorrect.');
  }

  #token(refreshToken: string | undefined): TokenAnswer {
    const token = `access-${++this.#issued}`;
    this.#access.set(token, { endMs: this.#now() + this.expiresInSeconds * 1000 });
    return {
      status: 200,
      body: {
        access_token: token,
        token_type: 'bearer',
        ...(refreshToken !== undefined && this.refreshing ? { refresh_token: refreshToken } : {}),
        expires_in: this.expiresInSeconds,
        scope: 'cloud_controller.read',
        jti: token,
      },
    };
  }
}

function refused(error: string, description: string): TokenAnswer {
  return { status: 401, body: { error, error_description: description } };
}
