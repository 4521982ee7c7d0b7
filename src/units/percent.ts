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
