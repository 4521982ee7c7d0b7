// Signing in at an API's UAA: with the refresh token it gave, else with what the configuration holds.

import { LoadError } from '../errors.ts';
import { codeOf } from './api-errors.ts';
import type { Connections } from './connections.ts';
import type { ApiCounters } from './counters.ts';
import type { Answered } from './exchange.ts';
import type { ApiReport } from './report.ts';
import type { Requests } from './requests.ts';
import type { Root } from './root.ts';
import type { ApiSettings } from './settings.ts';
import { type Grant, grantOf, isRefused, readToken, refreshGrant, type Token, uaaError } from './uaa.ts';

export interface SignInParts {
  readonly settings: ApiSettings;
  readonly root: Root;
  readonly requests: Requests;
  readonly connections: Connections;
  readonly counters: ApiCounters;
  readonly report: ApiReport;
  /** Ends with the API, not with who asked first. */
  readonly signal: AbortSignal;
}

const MAX_TOKEN_BYTES = 64 * 1024;

export class SignIn {
  readonly #parts: SignInParts;
  readonly #own: Grant;
  /** Given with the last token; it replaces the one before. */
  #given: Grant | undefined;

  constructor(parts: SignInParts) {
    this.#parts = parts;
    this.#own = grantOf(parts.settings.credentials);
  }

  /** `refused`: what the configuration holds is not taken. Throws LoadError. Not to be called twice at a time. */
  async fetch(refused: () => void): Promise<Token> {
    const { root, signal, report } = this.#parts;
    try {
      const uaa = await root.uaa(signal);
      const token = (await this.#renewed(uaa)) ?? (await this.#ask(uaa, this.#own, refused));
      const { refreshToken } = token;
      // One of another client than cf is not to be used as one of cf's.
      if (refreshToken !== undefined && this.#own.kind !== 'client_credentials')
        this.#given = refreshGrant(refreshToken);
      report.succeeded('token');
      return token;
    } catch (error) {
      root.forget();
      throw this.#namingTheApi(error);
    }
  }

  /** Who asks for a list sees why the API gives none, and which API. */
  #namingTheApi(error: unknown): unknown {
    const { settings, connections } = this.#parts;
    const place = connections.nameOf(new URL(settings.url));
    if (!(error instanceof LoadError) || error.message.startsWith(place)) return error;
    const { code, message, unreachable, retryAfterMs } = error;
    const details = { cause: error, unreachable, retryAfterMs };
    return new LoadError(code, `${place} cannot be asked: ${message}`, details);
  }

  /** Undefined: UAA gave no refresh token, or does not take it any more. */
  async #renewed(uaa: URL): Promise<Token | undefined> {
    if (this.#given === undefined) return undefined;
    const answered = await this.#post(uaa, this.#given);
    if (!isRefused(answered)) return this.#read(uaa, this.#given, answered);
    this.#given = undefined;
    return undefined;
  }

  async #ask(uaa: URL, grant: Grant, refused: () => void): Promise<Token> {
    const answered = await this.#post(uaa, grant);
    if (isRefused(answered)) refused();
    return this.#read(uaa, grant, answered);
  }

  async #post(uaa: URL, { form, authorization }: Grant): Promise<Answered> {
    const { requests, signal } = this.#parts;
    const headers = (): Record<string, string> => ({
      accept: 'application/json',
      authorization,
      'content-type': 'application/x-www-form-urlencoded',
    });
    const url = new URL('oauth/token', uaa);
    const request = {
      type: 'token',
      method: 'POST',
      url,
      headers,
      body: form,
      maxBytes: MAX_TOKEN_BYTES,
    } as const;
    return await requests.send(request, signal);
  }

  #read(uaa: URL, grant: Grant, answered: Answered): Token {
    const { connections, counters, report } = this.#parts;
    const place = connections.nameOf(uaa);
    if (answered.status !== 200) {
      const error = uaaError(place, grant, answered);
      throw report.failed('token', codeOf('token', answered), error);
    }
    const token = readToken(answered);
    if (token !== undefined) return token;
    counters.failed('bad_answer');
    const error = new LoadError('load_failed', `${place} is no UAA: it answered without a token`);
    throw report.failed('token', 'bad_answer', error);
  }
}
