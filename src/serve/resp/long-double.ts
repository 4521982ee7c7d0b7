// The floating-point numbers of INCRBYFLOAT: Redis counts with x87's 80 bits, of which 64 are the number's, and shows 17
// decimal places; a double would show 0.1 + 0.2 as 0.30000000000000004. Whole numbers of any size do it exactly.

/** `mantissa` × 2^`exponent`; the mantissa has at most 64 bits. */
export interface LongDouble {
  readonly mantissa: bigint;
  readonly exponent: number;
}

/** The mantissa's. */
const BITS = 64;
/** Of the smallest number there is. */
const MIN_EXPONENT = -16_445;
/** From here on it is infinite. */
const MAX_BITS = 16_384;
const DECIMALS = 17n;
const MAX_TEXT_LENGTH = 5119;
/** Decimal exponents beyond are infinite, or nothing, however many digits come before them. */
const MOST_TENS = 12_000;

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)0[xX]([\da-fA-F]*)(?:\.([\da-fA-F]*))?(?:[pP]([+-]?\d+))?$/;
const INFINITE = /^([+-]?)inf(?:inity)?$/i;

/** The number that the text is, ±Infinity where it says so; undefined for what is none, too large or too small. */
export function parseLongDouble(text: string): LongDouble | number | undefined {
  if (text.length > MAX_TEXT_LENGTH) return undefined;
  const infinite = INFINITE.exec(text);
  if (infinite) return infinite[1] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return parseDecimal(text) ?? parseHexadecimal(text);
}

/** Undefined where the sum is infinite. */
export function add(a: LongDouble, b: LongDouble): LongDouble | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  const sum = shifted(a.mantissa, a.exponent - exponent) + shifted(b.mantissa, b.exponent - exponent);
  return rounded(sum, 1n, exponent);
}

/** With up to 17 decimal places, never with an exponent. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const scaled = size(mantissa) * 10n ** DECIMALS;
  const units = exponent >= 0 ? shifted(scaled, exponent) : divided(scaled, shifted(1n, -exponent));
  if (units === 0n) return '0';
  const digits = units.toString().padStart(Number(DECIMALS) + 1, '0');
  const whole = digits.slice(0, -Number(DECIMALS));
  const places = digits.slice(-Number(DECIMALS)).replace(/0+$/, '');
  return `${mantissa < 0n ? '-' : ''}${whole}${places === '' ? '' : `.${places}`}`;
}

function parseDecimal(text: string): LongDouble | undefined {
  const match = DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', places = '', exponentText = '0'] = match;
  if (whole + places === '') return undefined;
  const digits = BigInt(whole + places);
  if (digits === 0n) return NOTHING;
  const exponent = Number(exponentText) - places.length;
  if (Math.abs(exponent) > MOST_TENS) return undefined;
  const tens = 10n ** BigInt(Math.abs(exponent));
  const signed = sign === '-' ? -digits : digits;
  return something(exponent >= 0 ? rounded(signed * tens, 1n, 0) : rounded(signed, tens, 0));
}

function parseHexadecimal(text: string): LongDouble | undefined {
  const match = HEXADECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', places = '', exponentText = '0'] = match;
  if (whole + places === '') return undefined;
  const digits = BigInt(`0x${whole}${places}`);
  if (digits === 0n) return NOTHING;
  const exponent = Number(exponentText) - 4 * places.length;
  if (Math.abs(exponent) > 4 * MOST_TENS) return undefined;
  return something(rounded(sign === '-' ? -digits : digits, 1n, exponent));
}

/** What is too small to be told from nothing is no number. */
function something(number: LongDouble | undefined): LongDouble | undefined {
  return number?.mantissa === 0n ? undefined : number;
}

const NOTHING: LongDouble = { mantissa: 0n, exponent: 0 };

/** `dividend / divisor` × 2^`exponent`, to the nearest there is, of two the even one; undefined where it is infinite. */
function rounded(dividend: bigint, divisor: bigint, exponent: number): LongDouble | undefined {
  if (dividend === 0n) return NOTHING;
  const [above, below] = [size(dividend), divisor];
  let last = exponent + bitLength(above) - bitLength(below) - BITS;
  // The quotient has 64 bits, or one more.
  if (compareScaled(above, below, last - exponent + BITS) >= 0) last++;
  last = Math.max(last, MIN_EXPONENT);
  const down = last - exponent;
  const units = down >= 0 ? divided(above, shifted(below, down)) : divided(shifted(above, -down), below);
  if (units !== 0n && bitLength(units) + last > MAX_BITS) return undefined;
  return { mantissa: dividend < 0n ? -units : units, exponent: last };
}

/** Of `above` with `below` × 2^`by`. */
function compareScaled(above: bigint, below: bigint, by: number): number {
  const left = by >= 0 ? above : shifted(above, -by);
  const right = by >= 0 ? shifted(below, by) : below;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** To the nearest whole number, of two the even one. */
function divided(above: bigint, below: bigint): bigint {
  const whole = above / below;
  const twiceRest = 2n * (above - whole * below);
  const isUp = twiceRest > below || (twiceRest === below && (whole & 1n) === 1n);
  return isUp ? whole + 1n : whole;
}

function shifted(value: bigint, by: number): bigint {
  return value << BigInt(by);
}

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function bitLength(value: bigint): number {
  const digits = value.toString(16);
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28;
}
