// One command as it was sent: its arguments as places in the bytes that came. Nothing of it is copied or made a string
// unless asked for. It is good until `run` returns, or awaits for the first time: who waits copies what it needs first.

/** What commands are given; argument 0 is the command's name. */
export interface Call {
  readonly count: number;
  /** Holds all arguments; not to be changed or kept. */
  readonly bytes: Buffer;
  start(i: number): number;
  end(i: number): number;
  length(i: number): number;
  /** One character a byte. */
  text(i: number): string;
  /** In memory of its own. */
  copy(i: number): Buffer;
  /** Whether the argument is this word, in whatever case; `word` is in capitals. */
  is(i: number, word: string): boolean;
  /** Bytes of all arguments. */
  readonly argumentBytes: number;
  /** All of it in memory of its own, of so many bytes beside what any call takes. */
  keep(): Call;
  readonly keptBytes: number;
}

const FIRST_ARGUMENTS = 16;
/** Where an argument begins and ends. */
const PLACE_BYTES = 8;

/** A call that is filled again and again by the parser: a place of `bytes` for each argument. */
export class ArgumentList implements Call {
  bytes: Buffer;
  count = 0;
  #starts = new Int32Array(FIRST_ARGUMENTS);
  #ends = new Int32Array(FIRST_ARGUMENTS);

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.bytes = bytes;
  }

  clear(): void {
    this.count = 0;
  }

  add(start: number, end: number): void {
    const i = this.count++;
    if (i === this.#starts.length) this.#grow();
    this.#starts[i] = start;
    this.#ends[i] = end;
  }

  /** Lets go of places for more arguments than most calls have. */
  shrink(): void {
    if (this.#starts.length <= FIRST_ARGUMENTS) return;
    this.#starts = new Int32Array(FIRST_ARGUMENTS);
    this.#ends = new Int32Array(FIRST_ARGUMENTS);
  }

  /** What it takes beyond its bytes. */
  get placesBytes(): number {
    return this.#starts.byteLength * 2;
  }

  /** Its places are of other bytes now, which lie `by` further to the front. */
  move(bytes: Buffer, by: number): void {
    this.bytes = bytes;
    for (let i = 0; i < this.count; i++) {
      this.#starts[i]! -= by;
      this.#ends[i]! -= by;
    }
  }

  start(i: number): number {
    return this.#starts[i]!;
  }

  end(i: number): number {
    return this.#ends[i]!;
  }

  length(i: number): number {
    return this.#ends[i]! - this.#starts[i]!;
  }

  text(i: number): string {
    return this.bytes.toString('latin1', this.#starts[i]!, this.#ends[i]!);
  }

  copy(i: number): Buffer {
    const start = this.#starts[i]!;
    const length = this.#ends[i]! - start;
    const copy = Buffer.allocUnsafeSlow(length);
    this.bytes.copy(copy, 0, start, start + length);
    return copy;
  }

  is(i: number, word: string): boolean {
    const start = this.#starts[i]!;
    if (this.#ends[i]! - start !== word.length) return false;
    for (let at = 0; at < word.length; at++) {
      const byte = this.bytes[start + at]!;
      const capital = byte >= 0x61 && byte <= 0x7a ? byte - 0x20 : byte;
      if (capital !== word.charCodeAt(at)) return false;
    }
    return true;
  }

  get argumentBytes(): number {
    let sum = 0;
    for (let i = 0; i < this.count; i++) sum += this.#ends[i]! - this.#starts[i]!;
    return sum;
  }

  keep(): Call {
    const from = this.count === 0 ? 0 : this.#starts[0]!;
    const to = this.count === 0 ? 0 : this.#ends[this.count - 1]!;
    const bytes = Buffer.allocUnsafeSlow(to - from);
    this.bytes.copy(bytes, 0, from, to);
    const kept = new ArgumentList(bytes);
    if (this.count > FIRST_ARGUMENTS) {
      kept.#starts = new Int32Array(this.count);
      kept.#ends = new Int32Array(this.count);
    }
    for (let i = 0; i < this.count; i++) kept.add(this.#starts[i]! - from, this.#ends[i]! - from);
    return kept;
  }

  get keptBytes(): number {
    const last = this.count - 1;
    const bytes = last < 0 ? 0 : this.#ends[last]! - this.#starts[0]!;
    return this.count > FIRST_ARGUMENTS ? bytes + this.count * PLACE_BYTES : bytes;
  }

  #grow(): void {
    const starts = new Int32Array(this.#starts.length * 2);
    const ends = new Int32Array(this.#starts.length * 2);
    starts.set(this.#starts);
    ends.set(this.#ends);
    this.#starts = starts;
    this.#ends = ends;
  }
}

/** A call made of texts, one byte a character. */
export function callOf(...texts: string[]): Call {
  const call = new ArgumentList(Buffer.from(texts.join(''), 'latin1'));
  let at = 0;
  for (const text of texts) {
    call.add(at, at + text.length);
    at += text.length;
  }
  return call;
}
