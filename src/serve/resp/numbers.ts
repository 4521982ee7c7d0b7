// Numbers as Redis reads and writes them: whole ones of 64 bits, and what INCRBYFLOAT counts with (long-double.ts).

import type { Call } from './call.ts';

export const MAX_INTEGER = 2n ** 63n - 1n;
export const MIN_INTEGER = -(2n ** 63n);

/** So many digits are always below 2^53. */
const SAFE_DIGITS = 15;
const MOST_DIGITS = 19;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * The whole number of 64 bits that `bytes[start, end)` is, in the one way it may be written: no sign but `-`, no
 * leading zero or space. Else undefined.
 */
export function parseInteger(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  const digits = end - first;
  if (digits < 1 || digits > MOST_DIGITS) return undefined;
  if (bytes[first] === ZERO) return digits === 1 && !isNegative ? 0n : undefined;
  const safeEnd = Math.min(end, first + SAFE_DIGITS);
  const head = parseDigits(bytes, first, safeEnd);
  const tail = parseDigits(bytes, safeEnd, end);
  if (Number.isNaN(head) || Number.isNaN(tail)) return undefined;
  const size = BigInt(head) * 10n ** BigInt(end - safeEnd) + BigInt(tail);
  const value = isNegative ? -size : size;
  return isInRange(value) ? value : undefined;
}

/** The same of argument `i`. */
export function integerOf(call: Call, i: number): bigint | undefined {
  return parseInteger(call.bytes, call.start(i), call.end(i));
}

export function isInRange(value: bigint): boolean {
  return value <= MAX_INTEGER && value >= MIN_INTEGER;
}

/** NaN where a byte is no digit; 0 for none. */
function parseDigits(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte < ZERO || byte > NINE) return Number.NaN;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}
