// The short sequence in a long one: what can be left out and still fails is left out.

/** Halves first, then ever smaller parts, until no single item can go. `fails` is asked at most `tries` times. */
export async function shrink<T>(
  items: readonly T[],
  fails: (items: readonly T[]) => Promise<boolean>,
  tries = 1000,
): Promise<readonly T[]> {
  let left = items;
  let asked = 0;
  for (let size = left.length >> 1; size > 0; ) {
    let removed = false;
    for (let at = 0; at < left.length && asked < tries; asked++) {
      const without = [...left.slice(0, at), ...left.slice(at + size)];
      if (without.length > 0 && (await fails(without))) {
        left = without;
        removed = true;
      } else at += size;
    }
    if (asked >= tries) break;
    if (size === 1 && !removed) break;
    size = Math.max(1, size >> 1);
  }
  return left;
}
