// Glob patterns as Redis has them, on bytes: `*`, `?`, `[a-z]`, `[^a-z]`, and `\` before what stands for itself.
//
// Every element but `*` takes exactly one byte, so a match that fails only ever goes back to the last `*`: the work is
// at most length of the key × length of the pattern, whatever the pattern.

/** Longer ones are refused by those who take patterns from clients: each is held against every key. */
export const MAX_PATTERN_BYTES = 1024;

const ANY_RUN = 0;
const ANY_BYTE = 1;
const BYTE = 2;
const CLASS = 3;

const ASTERISK = 0x2a;
const QUESTION_MARK = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const CARET = 0x5e;
const DASH = 0x2d;

interface Element {
  readonly kind: number;
  /** BYTE: the byte. */
  readonly byte: number;
  /** CLASS: 1 for each byte in it. */
  readonly members: Uint8Array | undefined;
}

export class Glob {
  readonly #elements: readonly Element[];
  /** What every match begins with. */
  readonly prefix: Buffer;
  /** Of the pattern. */
  readonly length: number;
  /** Matches all there is. */
  readonly matchesAll: boolean;
  /** Matches `prefix` only. */
  readonly isLiteral: boolean;

  constructor(pattern: Uint8Array) {
    this.#elements = parse(pattern);
    this.length = pattern.length;
    const plain = this.#elements.findIndex(({ kind }) => kind !== BYTE);
    const literals = plain === -1 ? this.#elements : this.#elements.slice(0, plain);
    this.prefix = Buffer.from(literals.map(({ byte }) => byte));
    this.isLiteral = plain === -1;
    this.matchesAll = this.#elements.length === 1 && plain === 0 && this.#elements[0]!.kind === ANY_RUN;
  }

  /** Whether all of `bytes[start, end)` matches. */
  matches(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    const elements = this.#elements;
    // As Redis has it: of patterns that could match nothing, only `*` and the empty one do.
    if (start === end) return this.length === 0 || (this.length === 1 && this.matchesAll);
    let at = 0;
    let next = start;
    let runAt = -1;
    let runEnd = start;
    while (next < end) {
      const element = elements[at];
      if (element?.kind === ANY_RUN) {
        runAt = at++;
        runEnd = next;
        if (at === elements.length) return true;
      } else if (element !== undefined && takes(element, bytes[next]!)) {
        at++;
        next++;
      } else if (runAt === -1) {
        return false;
      } else {
        at = runAt + 1;
        next = ++runEnd;
      }
    }
    while (elements[at]?.kind === ANY_RUN) at++;
    return at === elements.length;
  }
}

function takes({ kind, byte, members }: Element, given: number): boolean {
  if (kind === BYTE) return byte === given;
  return kind === ANY_BYTE || members?.[given] === 1;
}

function parse(pattern: Uint8Array): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < pattern.length; ) {
    const byte = pattern[at]!;
    if (byte === ASTERISK) {
      if (elements.at(-1)?.kind !== ANY_RUN) elements.push({ kind: ANY_RUN, byte, members: undefined });
      at++;
    } else if (byte === QUESTION_MARK) {
      elements.push({ kind: ANY_BYTE, byte, members: undefined });
      at++;
    } else if (byte === OPEN) {
      const members = new Uint8Array(256);
      at = parseClass(pattern, at + 1, members);
      elements.push({ kind: CLASS, byte, members });
    } else {
      if (byte === BACKSLASH && at + 1 < pattern.length) at++;
      elements.push({ kind: BYTE, byte: pattern[at]!, members: undefined });
      at++;
    }
  }
  return elements;
}

/** Fills in who is in the class that begins at `from`; returns where the pattern goes on. One left open ends with it. */
function parseClass(pattern: Uint8Array, from: number, members: Uint8Array): number {
  let at = from;
  const isInverted = pattern[at] === CARET;
  if (isInverted) at++;
  while (at < pattern.length && pattern[at] !== CLOSE) {
    if (pattern[at] === BACKSLASH && at + 1 < pattern.length) {
      members[pattern[at + 1]!] = 1;
      at += 2;
    } else if (at + 2 < pattern.length && pattern[at + 1] === DASH) {
      const [first, last] = [pattern[at]!, pattern[at + 2]!];
      members.fill(1, Math.min(first, last), Math.max(first, last) + 1);
      at += 3;
    } else {
      members[pattern[at]!] = 1;
      at++;
    }
  }
  if (isInverted) for (let byte = 0; byte < 256; byte++) members[byte]! ^= 1;
  return Math.min(at + 1, pattern.length);
}
