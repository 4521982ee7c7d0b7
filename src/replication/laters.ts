// Keys whose values found no room here, or could not be fetched: they are asked for again. Bounded; more than that is told.

const MOST_KEYS = 1000;
const MOST_BYTES = 256 << 10;

export class Laters {
  /** Cache → key, one character a byte → what its value takes, 0 where that is not known. */
  readonly #keys = new Map<string, Map<string, number>>();
  #count = 0;
  #bytes = 0;
  /** Whose turn it is to be asked. */
  turn = 0;

  /** False: they are too many. */
  add(cache: string, key: Buffer, bytes: number): boolean {
    const keys = this.#keys.get(cache) ?? new Map<string, number>();
    const text = key.toString('latin1');
    if (!keys.has(text)) {
      if (this.#count >= MOST_KEYS || this.#bytes + text.length > MOST_BYTES) return false;
      this.#count++;
      this.#bytes += text.length;
    }
    keys.set(text, bytes);
    this.#keys.set(cache, keys);
    return true;
  }

  /** Those that there may be room for, which are remembered no more. */
  takeFitting(cache: string, roomBytes: number): Buffer[] {
    const taken: Buffer[] = [];
    let leftBytes = roomBytes;
    for (const [text, bytes] of this.#keys.get(cache) ?? []) {
      if (bytes > leftBytes) continue;
      leftBytes -= bytes;
      this.#keys.get(cache)!.delete(text);
      this.#count--;
      this.#bytes -= text.length;
      taken.push(Buffer.from(text, 'latin1'));
    }
    return taken;
  }
}
