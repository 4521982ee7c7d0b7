// The numbers of JSON, byte by byte (RFC 8259, section 6).

const MINUS = 0;
const ZERO = 1;
const WHOLE = 2;
const POINT = 3;
const FRACTION = 4;
const E = 5;
const E_SIGN = 6;
const EXPONENT = 7;

/** Where a number is after `byte` as its first; -1: none begins so. */
export function beginNumber(byte: number): number {
  if (byte === 0x2d) return MINUS;
  return byte === 0x30 ? ZERO : isDigit(byte) ? WHOLE : -1;
}

/** Where it is after one byte more; -1: that byte is no part of it. */
export function continueNumber(at: number, byte: number): number {
  if (isDigit(byte)) return at === MINUS ? beginNumber(byte) : AFTER_DIGIT[at]!;
  switch (byte) {
    case 0x2e:
      return at === ZERO || at === WHOLE ? POINT : -1;
    case 0x65:
    case 0x45:
      return mayEndNumber(at) && at !== EXPONENT ? E : -1;
    case 0x2b:
    case 0x2d:
      return at === E ? E_SIGN : -1;
    default:
      return -1;
  }
}

export function mayEndNumber(at: number): boolean {
  return at === ZERO || at === WHOLE || at === FRACTION || at === EXPONENT;
}

const AFTER_DIGIT = [-1, -1, WHOLE, FRACTION, FRACTION, EXPONENT, EXPONENT, EXPONENT] as const;

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
