// Bytes as text that any URL, JSON document or log line can carry.

/** Keys and tags as JSON and URLs show them: all but RFC 3986's unreserved characters percent-encoded. */
export function encodePercent(bytes: Uint8Array): string {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (UNRESERVED.test(plain)) return plain;
  let text = '';
  for (const byte of bytes) text += ENCODED[byte]!;
  return text;
}

const UNRESERVED = /^[A-Za-z0-9._~-]*$/;
const ENCODED = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9._~-]/.test(character)) return character;
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
});

/** The bytes of percent-encoded text; undefined where a `%` is malformed or a character is none of one byte. */
export function decodePercent(text: string): Buffer | undefined {
  if (!WELL_FORMED.test(text)) return undefined;
  if (!text.includes('%')) return Buffer.from(text, 'latin1');
  const bytes = Buffer.allocUnsafe(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    const isEncoded = text[i] === '%';
    bytes[length++] = isEncoded ? Number.parseInt(text.slice(i + 1, i + 3), 16) : text.charCodeAt(i);
    if (isEncoded) i += 2;
  }
  return Buffer.from(bytes.subarray(0, length));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: any byte may stand for itself
const WELL_FORMED = /^(?:[\x00-\x24\x26-\xff]|%[0-9A-Fa-f]{2})*$/;
