// Copies a few hundred bytes by words, wherever they begin: faster than the call that copies many, which takes as long as
// this takes for some 300 bytes (measured, Node 20 and 24), and than a loop over bytes.

/** From V8 13 on (Node 24) optimized code moves eight bytes as one word; before, each would be a BigInt in the heap. */
const MOVES_LONGS = Number.parseInt(process.versions.v8, 10) >= 13;
const copySixteen = MOVES_LONGS ? copyTwoLongs : copyFourWords;

/** Copies `length` bytes of `from` from `start` on to `to` from `at` on; they are not the same memory. */
export function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  let i = 0;
  for (const stop = length - 15; i < stop; i += 16) copySixteen(from, start + i, to, at + i);
  // What is left once more with what is before it, where there is that.
  if (length >= 16) copySixteen(from, start + length - 16, to, at + length - 16);
  else for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}

function copyFourWords(from: DataView, start: number, to: DataView, at: number): void {
  to.setInt32(at, from.getInt32(start, true), true);
  to.setInt32(at + 4, from.getInt32(start + 4, true), true);
  to.setInt32(at + 8, from.getInt32(start + 8, true), true);
  to.setInt32(at + 12, from.getInt32(start + 12, true), true);
}

function copyTwoLongs(from: DataView, start: number, to: DataView, at: number): void {
  to.setBigUint64(at, from.getBigUint64(start, true), true);
  to.setBigUint64(at + 8, from.getBigUint64(start + 8, true), true);
}
