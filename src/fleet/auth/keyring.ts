// The shared secret of the peers as keys that sign and verify. HMAC-SHA-256 (RFC 2104), HKDF-SHA-256 (RFC 5869).

import * as crypto from 'node:crypto';
import {
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  timingSafeEqual,
} from 'node:crypto';

const INFO = 'sidecache peer v1';
const KEY_BYTES = 32;

export class Key {
  readonly #secret: KeyObject;

  constructor(token: string) {
    this.#secret = createSecretKey(Buffer.from(hkdfSync('sha256', token, '', INFO, KEY_BYTES)));
  }

  /** Of the text in UTF-8; base64url. */
  sign(input: string): string {
    return createHmac('sha256', this.#secret).update(input).digest('base64url');
  }

  /** Takes as long for a MAC that is nearly right as for one that is not. */
  verifies(input: string, mac: string): boolean {
    const expected = Buffer.from(this.sign(input), 'latin1');
    const given = Buffer.from(mac, 'latin1');
    return expected.length === given.length && timingSafeEqual(expected, given);
  }
}

/** One key a token. A new token becomes the second first, everywhere, and then the first: nobody is refused meanwhile. */
export class Keyring {
  readonly #keys: readonly Key[];

  constructor(tokens: readonly string[]) {
    this.#keys = tokens.map((token) => new Key(token));
  }

  /** What own requests are signed with; undefined without a token. */
  get first(): Key | undefined {
    return this.#keys[0];
  }

  /** The key that made this MAC, so that the reply is signed with what the other side knows. */
  keyOf(input: string, mac: string): Key | undefined {
    return this.#keys.find((key) => key.verifies(input, mac));
  }
}

/** Half the cost, where Node has it: from 20.12 on. */
const hashAtOnce = (crypto as { hash?: (algorithm: string, data: Buffer, encoding: string) => string }).hash;

/** SHA-256, base64url. */
export function digestOf(bytes: Buffer): string {
  return hashAtOnce?.('sha256', bytes, 'base64url') ?? createHash('sha256').update(bytes).digest('base64url');
}
