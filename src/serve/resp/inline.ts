// Inline commands: one line of words, typed by hand. Words may be quoted: 'as it is', or "with \n, \x41 and such".

const LETTERS: Readonly<Record<string, number>> = { n: 0x0a, r: 0x0d, t: 0x09, b: 0x08, a: 0x07 };
const BACKSLASH = 0x5c;
const DOUBLE = 0x22;
const SINGLE = 0x27;

/** The words of a line without its end; undefined where a quote is not closed, or goes on behind its end. */
export function splitInline(line: Buffer): Buffer[] | undefined {
  const words: Buffer[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && isSpace(line[at]!)) at++;
    if (at >= line.length) return words;
    const word = readWord(line, at);
    if (!word) return undefined;
    words.push(word.bytes);
    at = word.end;
  }
}

interface Word {
  readonly bytes: Buffer;
  readonly end: number;
}

/** A word may have quoted parts; such a part is its last. */
function readWord(line: Buffer, from: number): Word | undefined {
  const bytes: number[] = [];
  for (let at = from; ; at++) {
    const byte = line[at];
    if (byte === undefined || isSpace(byte)) return { bytes: Buffer.from(bytes), end: at };
    if (byte === DOUBLE || byte === SINGLE) {
      const end = byte === DOUBLE ? readDouble(line, at + 1, bytes) : readSingle(line, at + 1, bytes);
      const isAlone = end !== undefined && (end >= line.length || isSpace(line[end]!));
      return isAlone ? { bytes: Buffer.from(bytes), end } : undefined;
    }
    bytes.push(byte);
  }
}

/** Where the quoted part ends; undefined where it does not. */
function readDouble(line: Buffer, from: number, into: number[]): number | undefined {
  for (let at = from; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === DOUBLE) return at + 1;
    if (byte !== BACKSLASH || at + 1 >= line.length) {
      into.push(byte);
      continue;
    }
    const digits = line.toString('latin1', at + 2, at + 4);
    if (line[at + 1] === 0x78 && /^[0-9a-fA-F]{2}$/.test(digits)) {
      into.push(Number.parseInt(digits, 16));
      at += 3;
    } else {
      const letter = line[++at]!;
      into.push(LETTERS[String.fromCharCode(letter)] ?? letter);
    }
  }
  return undefined;
}

function readSingle(line: Buffer, from: number, into: number[]): number | undefined {
  for (let at = from; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === SINGLE) return at + 1;
    const isEscaped = byte === BACKSLASH && line[at + 1] === SINGLE;
    into.push(isEscaped ? SINGLE : byte);
    if (isEscaped) at++;
  }
  return undefined;
}

/** As C's isspace, and the byte 0, at which Redis's strings of C end. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d) || byte === 0;
}
