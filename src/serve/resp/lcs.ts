// The longest common subsequence of two strings, in steps: the work is the product of their lengths.
//
// One row of lengths is kept, and of each cell only the bit that says where the way back goes: whether the subsequence
// is longer without the last byte of `a` than without that of `b`. Where they are equal it goes along `b`, as Redis's.

/** What may be compared: the product of the lengths. */
export const MAX_CELLS = 2 ** 26;

/** Bytes `a[aStart…]` and `b[bStart…]`, as many as `length`, are the same and next to each other in the subsequence. */
export interface Match {
  readonly aStart: number;
  readonly bStart: number;
  readonly length: number;
}

export class Lcs {
  readonly #a: Uint8Array;
  readonly #b: Uint8Array;
  readonly #row: Uint32Array;
  readonly #isWithoutA: Uint8Array | undefined;
  /** From the end to the begin. */
  readonly matches: Match[] = [];
  #aAt = 0;
  #bAt = 0;
  /** The length before both bytes that come next. */
  #diagonal = 0;
  #isFilled: boolean;
  /** Of the match that is being followed back. */
  #matched = 0;

  /** `wantsMatches`: beside the length. */
  constructor(a: Uint8Array, b: Uint8Array, wantsMatches: boolean) {
    this.#a = a;
    this.#b = b;
    this.#row = new Uint32Array(b.length + 1);
    this.#isWithoutA = wantsMatches ? new Uint8Array((a.length * b.length + 7) >> 3) : undefined;
    this.#isFilled = a.length === 0 || b.length === 0;
  }

  /** What it will hold for strings of these lengths. */
  static bytesFor(aLength: number, bLength: number, wantsMatches: boolean): number {
    return 4 * (bLength + 1) + (wantsMatches ? Math.ceil((aLength * bLength) / 8) : 0);
  }

  /** Of the subsequence; once it is done. */
  get length(): number {
    return this.#row[this.#b.length]!;
  }

  /** Does up to so much of the work; true when it is done. */
  step(most: number): boolean {
    const left = this.#isFilled ? most : this.#fill(most);
    if (!this.#isFilled) return false;
    return this.#isWithoutA === undefined || this.#follow(left);
  }

  /** The subsequence itself; once it is done, and where the matches are wanted. */
  text(): Buffer {
    const text = Buffer.allocUnsafeSlow(this.length);
    let end = text.length;
    for (const { aStart, length } of this.matches) {
      end -= length;
      text.set(this.#a.subarray(aStart, aStart + length), end);
    }
    return text;
  }

  /** Returns how much of `most` is left. */
  #fill(most: number): number {
    const row = this.#row;
    const bits = this.#isWithoutA;
    const [a, b] = [this.#a, this.#b];
    let left = most;
    while (left > 0 && !this.#isFilled) {
      const byte = a[this.#aAt]!;
      const until = Math.min(b.length, this.#bAt + left);
      left -= until - this.#bAt;
      let cell = this.#aAt * b.length + this.#bAt;
      let diagonal = this.#bAt === 0 ? 0 : this.#diagonal;
      for (let at = this.#bAt; at < until; at++, cell++) {
        const withoutA = row[at + 1]!;
        const withoutB = row[at]!;
        if (byte === b[at]) row[at + 1] = diagonal + 1;
        else if (withoutA > withoutB) {
          if (bits) bits[cell >> 3]! |= 1 << (cell & 7);
        } else row[at + 1] = withoutB;
        diagonal = withoutA;
      }
      this.#diagonal = diagonal;
      this.#bAt = until;
      if (until === b.length) this.#endRow();
    }
    return left;
  }

  #endRow(): void {
    this.#bAt = 0;
    this.#aAt++;
    if (this.#aAt < this.#a.length) return;
    this.#isFilled = true;
    this.#bAt = this.#b.length;
  }

  /** Goes back from the end; true at the begin of either. */
  #follow(most: number): boolean {
    const bits = this.#isWithoutA!;
    for (let left = most; left > 0; left--) {
      if (this.#aAt === 0 || this.#bAt === 0) {
        this.#endMatch();
        return true;
      }
      if (this.#a[this.#aAt - 1] === this.#b[this.#bAt - 1]) {
        this.#matched++;
        this.#aAt--;
        this.#bAt--;
        continue;
      }
      this.#endMatch();
      const cell = (this.#aAt - 1) * this.#b.length + this.#bAt - 1;
      if ((bits[cell >> 3]! & (1 << (cell & 7))) !== 0) this.#aAt--;
      else this.#bAt--;
    }
    return false;
  }

  #endMatch(): void {
    if (this.#matched === 0) return;
    this.matches.push({ aStart: this.#aAt, bStart: this.#bAt, length: this.#matched });
    this.#matched = 0;
  }
}
