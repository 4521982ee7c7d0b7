// Keys whose hashes, under the seed (0, 0), end in the same bits: what somebody would send who knew no seed was there.

/** HalfSipHash-1-3 of the four bytes of `word` under the seed (0, 0). */
function hashOfWord(word: number): number {
  let v0 = 0;
  let v1 = 0;
  let v2 = 0x6c796765;
  let v3 = 0x74656462;
  for (let round = 0; round < 5; round++) {
    const absorbed = round === 0 ? word : round === 1 ? 4 << 24 : 0;
    if (round === 2) v2 ^= 0xff;
    v3 ^= absorbed;
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
    v0 ^= absorbed;
  }
  return v1 ^ v3;
}

/** The first `count` keys of four bytes whose hashes end in `bits` bits that are zero; there are 2^(32 - bits) or so. */
export function collidingKeys(count: number, bits: number): Buffer[] {
  const mask = 2 ** bits - 1;
  const keys: Buffer[] = [];
  for (let word = 0; keys.length < count && word < 2 ** 32; word++) {
    if ((hashOfWord(word | 0) & mask) !== 0) continue;
    const key = Buffer.allocUnsafe(4);
    key.writeUInt32LE(word);
    keys.push(key);
  }
  return keys;
}
