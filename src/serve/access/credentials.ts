// Credentials as an Authorization header has them (RFC 6750 Bearer, RFC 7617 Basic), and those that are right.
//
// Kept and compared are hashes with a key of this process: neither how long a secret is nor where a guess differs from it
// can be told from the time it takes, and every right one is compared with, whichever fits.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { unpredictableBytes } from '../../entropy.ts';

export type Operator =
  | { readonly token: string }
  /** The user holds no colon. */
  | { readonly user: string; readonly password: string };

type Scheme = 'Bearer' | 'Basic';

/** What a caller presents: the bytes behind the scheme, decoded. */
interface Presented {
  readonly scheme: Scheme;
  readonly secret: Buffer;
}

interface Right {
  readonly digest: Buffer;
  readonly guessable: boolean;
}

/** `guessable`: right, and so short that it could be found by trying. */
export type Judgement = 'right' | 'guessable' | 'wrong';

/** With so many bytes nobody finds it by trying, however often one may: what is demanded of tokens. */
const LEAST_SECRET_BYTES = 16;

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;
const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i;

export class Credentials {
  readonly #key = unpredictableBytes(32);
  readonly #right: readonly Right[];
  /** What is asked for in WWW-Authenticate. */
  readonly schemes: readonly Scheme[];

  constructor(operators: readonly Operator[]) {
    this.#right = operators.map((operator) => ({
      digest: this.#digest(presentedBy(operator)),
      guessable:
        Buffer.byteLength('token' in operator ? operator.token : operator.password) < LEAST_SECRET_BYTES,
    }));
    const hasBasic = operators.some((operator) => 'user' in operator);
    const hasBearer = operators.some((operator) => 'token' in operator);
    this.schemes = [
      ...(hasBearer || !hasBasic ? ['Bearer' as const] : []),
      ...(hasBasic ? ['Basic' as const] : []),
    ];
  }

  /** Of the value of an Authorization header, as Node gives it: one character a byte. */
  judge(authorization: string): Judgement {
    const digest = this.#digest(parse(authorization));
    let judgement: Judgement = 'wrong';
    for (const right of this.#right) {
      if (timingSafeEqual(digest, right.digest)) judgement = right.guessable ? 'guessable' : 'right';
    }
    return judgement;
  }

  /** What cannot be parsed is hashed like the rest, and equals nothing. */
  #digest(presented: Presented | undefined): Buffer {
    const hmac = createHmac('sha256', this.#key);
    if (presented) hmac.update(`${presented.scheme}:`).update(presented.secret);
    return hmac.digest();
  }
}

function presentedBy(operator: Operator): Presented {
  if ('token' in operator) return { scheme: 'Bearer', secret: Buffer.from(operator.token) };
  return { scheme: 'Basic', secret: Buffer.from(`${operator.user}:${operator.password}`) };
}

function parse(authorization: string): Presented | undefined {
  const token = BEARER.exec(authorization)?.[1];
  if (token !== undefined) return { scheme: 'Bearer', secret: Buffer.from(token, 'latin1') };
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const secret = Buffer.from(encoded, 'base64');
  // One spelling only: no missing padding, no bits left over.
  return secret.toString('base64') === encoded ? { scheme: 'Basic', secret } : undefined;
}
