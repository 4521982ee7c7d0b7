// Messages as the bytes that are sent and signed. What goes to every peer is the same for most: it is made once.

import { digestOf } from '../auth/keyring.ts';

export interface Body {
  readonly bytes: Buffer;
  readonly digest: string;
}

/** Larger ones are not kept until the next. */
const MAX_KEPT_BYTES = 64 << 10;

export class Bodies {
  #lastText: string | undefined;
  #last: Body | undefined;

  /** A text is JSON already; anything else becomes it. Throws where it cannot. */
  of(message: unknown): Body {
    const text = typeof message === 'string' ? message : JSON.stringify(message ?? null);
    if (this.#last !== undefined && text === this.#lastText) return this.#last;
    const body = bodyOf(text);
    const isKept = body.bytes.length <= MAX_KEPT_BYTES;
    [this.#lastText, this.#last] = isKept ? [text, body] : [undefined, undefined];
    return body;
  }
}

export function bodyOf(text: string): Body {
  const bytes = Buffer.from(text);
  return { bytes, digest: digestOf(bytes) };
}
