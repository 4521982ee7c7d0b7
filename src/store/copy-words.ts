// Copies a few hundred bytes by words, wherever they begin: faster than the call that copies many, which takes as long as
// this takes for some 300 bytes (measured, Node 20 and 24), and than a loop over bytes.

/** Copies `length` bytes of `from` from `start` on to `to` from `at` on; they are not the same memory. */
export function copyWords(from: DataView, start: number, to: DataView, at: number, length: number): void {
  let i = 0;
  for (const stop = length - 15; i < stop; i += 16) copySixteen(from, start + i, to, at + i);
  // What is left once more with what is before it, where there is that.
  if (length >= 16) copySixteen(from, start + length - 16, to, at + length - 16);
  else for (; i < length; i++) to.setUint8(at + i, from.getUint8(start + i));
}

function copySixteen(from: DataView, start: number, to: DataView, at: number): void {
  to.setInt32(at, from.getInt32(start, true), true);
  to.setInt32(at + 4, from.getInt32(start + 4, true), true);
  to.setInt32(at + 8, from.getInt32(start + 8, true), true);
  to.setInt32(at + 12, from.getInt32(start + 12, true), true);
}
