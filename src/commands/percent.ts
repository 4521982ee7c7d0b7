// Keys between argv, URLs and the screen: bytes, percent-encoded where they must be.

import { CommandError } from '../errors.ts';
import { EXIT } from './exit-codes.ts';

const UNRESERVED = /^[A-Za-z0-9_.~-]$/;
/** Printable ASCII but the blank and `%`: can be shown, pasted and decoded again without a doubt. */
const SHOWN = /^[!-$&-~]$/;

/** For a path segment or a query value. `.` and `..` are no segments but steps, so they are never left bare. */
export function percentEncode(bytes: Uint8Array): string {
  const text = encodeUnless(bytes, UNRESERVED);
  return text === '.' || text === '..' ? text.replaceAll('.', '%2E') : text;
}

/** A key as typed → as it stands in a URL. `encoded`: it was typed percent-encoded, as `keys` prints it. */
export function keyInUrl(key: string, encoded: boolean): string {
  return percentEncode(encoded ? percentDecode(key) : Buffer.from(key, 'utf8'));
}

/** The same key with as little encoding as can be read back: `user%3A1` → `user:1`, `a%20b` stays. */
export function shownKey(encodedKey: string): string {
  return encodeUnless(percentDecode(encodedKey), SHOWN);
}

export function percentDecode(text: string): Buffer {
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) {
    throw new CommandError(
      EXIT.usage,
      `a % that two hex digits do not follow, in a percent-encoded key: ${text}`,
    );
  }
  // latin1 in between: one character a byte, so a split character cannot be harmed.
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  return Buffer.from(
    bytes.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
}

function encodeUnless(bytes: Uint8Array, kept: RegExp): string {
  return Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return kept.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
