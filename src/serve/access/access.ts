// Who may do what over the fleet listener: promise 7, closed by default.
//
// A request is let through where its credentials are right and `fleet.allow` names what it needs, or where its path is
// open. Headers that a router sets (X-CF-*, X-Forwarded-*) are not looked at: anybody can send them.
//
// Wrong credentials beyond some a second are answered with 429. That must not lock those out who have the right ones, so
// these are always looked at, which is safe while they are too long to be found by trying. A password that is shorter
// could be found that way, and is not looked at while the limit is reached.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../cache/clock.ts';
import { RequestError, type SidecacheError } from '../../errors.ts';
import { splitTarget } from '../http/target.ts';
import { Credentials, type Operator } from './credentials.ts';
import { FailureLimit } from './failure-limit.ts';
import { isOpen, mayDoHarm, type OpenPath, type Permission, permissionOf } from './permission.ts';

export interface AccessParts {
  /** None: whoever has a token of the fleet is an operator, and sends it as Bearer. */
  readonly operators: readonly Operator[];
  readonly tokens: readonly string[];
  readonly allow: readonly Permission[];
  readonly open: readonly OpenPath[];
  /** Everybody is an operator; `allow` holds all the same. */
  readonly insecure: boolean;
  readonly clock: Clock;
}

export type Asking = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders'>;

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly status: number;
      readonly error: SidecacheError;
      /** Names and values in turn, to be sent with the error. */
      readonly headers: readonly string[];
    };

const ALLOWED: Verdict = { allowed: true };
const TRY_AGAIN_MS = 1000;
const OWN_SITES: readonly unknown[] = [undefined, 'none', 'same-origin'];

export class Access {
  readonly #parts: AccessParts;
  readonly #credentials: Credentials;
  readonly #limit: FailureLimit;
  readonly #challenges: readonly string[];
  #failures = 0;

  constructor(parts: AccessParts) {
    const { operators, tokens, clock } = parts;
    this.#parts = parts;
    this.#credentials = new Credentials(
      operators.length > 0 ? operators : tokens.map((token) => ({ token })),
    );
    this.#limit = new FailureLimit(clock);
    this.#challenges = this.#credentials.schemes.flatMap((scheme) => [
      'WWW-Authenticate',
      scheme === 'Basic' ? 'Basic realm="sidecache", charset="UTF-8"' : 'Bearer realm="sidecache"',
    ]);
  }

  /** Wrong credentials, those beyond the limit included; requests without any are not counted. */
  get failures(): number {
    return this.#failures;
  }

  /** By the very path that routes.ts goes by, so that nothing is reached that was not checked. */
  check(request: Asking): Verdict {
    const { path } = splitTarget(request.url ?? '');
    if (isOpen(this.#parts.open, path, request.method)) return ALLOWED;
    const refusal = this.#parts.insecure ? undefined : this.#checkCredentials(request);
    return refusal ?? this.#checkPermission(request, path);
  }

  #checkCredentials({ rawHeaders, headers }: Asking): Verdict | undefined {
    const { authorization } = headers;
    if (authorization === undefined) {
      return this.#unauthorized(`credentials are needed here: ${this.#credentials.schemes.join(' or ')}`);
    }
    const judgement = isTwice(rawHeaders, 'authorization') ? 'wrong' : this.#credentials.judge(authorization);
    if (judgement === 'right') return undefined;
    if (judgement === 'guessable' && !this.#limit.isReached) return undefined;
    this.#failures++;
    if (this.#limit.take()) return this.#unauthorized('these credentials are not right');
    const tooMany = 'credentials that are not right came too often';
    return refuse(new RequestError('too_many_failures', tooMany, { retryAfterMs: TRY_AGAIN_MS }));
  }

  #unauthorized(message: string): Verdict {
    return refuse(new RequestError('unauthorized', message), this.#challenges);
  }

  #checkPermission(request: Asking, path: string): Verdict {
    const permission = permissionOf(path);
    if (permission === undefined)
      return refuse(new RequestError('unknown_path', 'there is no such path here'));
    if (permission !== 'nothing' && !this.#parts.allow.includes(permission)) {
      return refuse(
        new RequestError('forbidden', `not allowed from outside: \`fleet.allow\` lacks ${permission}`),
      );
    }
    return mayDoHarm(permission, request.method) ? checkSite(request) : ALLOWED;
  }
}

/** A browser sends credentials that it remembers with whatever a page of another site makes it send. */
function checkSite({ headers }: Asking): Verdict {
  if (headers.origin === undefined && OWN_SITES.includes(headers['sec-fetch-site'])) return ALLOWED;
  return refuse(new RequestError('cross_origin', 'a request that a web page makes is refused'));
}

/** Of several, Node takes the first, and a router on the way may have taken another. */
function isTwice(rawHeaders: readonly string[], name: string): boolean {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) if (rawHeaders[i]!.toLowerCase() === name) count++;
  return count > 1;
}

function refuse(error: SidecacheError, headers: readonly string[] = []): Verdict {
  return { allowed: false, status: error.status, error, headers };
}
