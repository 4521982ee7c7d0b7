// HalfSipHash-1-3: a keyed 32-bit hash, so that nobody outside can choose keys that collide.
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012), half-width variant.

/** Two secret 32-bit words, new for every daemon. */
export type HashSeed = readonly [number, number];

/** Hash of `bytes[start, end)` under `seed`, as a signed 32-bit integer. `tweak` separates name spaces. */
export function hashBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  seed: HashSeed,
  tweak: number,
): number {
  let v0 = seed[0] ^ tweak;
  let v1 = seed[1];
  let v2 = 0x6c796765 ^ seed[0];
  let v3 = 0x74656462 ^ seed[1];
  const wholeEnd = start + ((end - start) & ~3);
  let at = start;
  let word = 0;
  // One pass over whole words, then one over the last word with the length, then three empty rounds.
  for (let round = 0; ; ) {
    if (at < wholeEnd) {
      word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
      at += 4;
    } else if (round === 0) {
      word = (end - start) << 24;
      for (let shift = 0; at < end; at++, shift += 8) word |= bytes[at]! << shift;
      round = 1;
    } else {
      if (round === 1) v2 ^= 0xff;
      if (round === 4) return v1 ^ v3;
      round++;
      word = 0;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
}
