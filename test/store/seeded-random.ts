// Randomness that repeats: the same seed gives the same test, whatever failed in it.

export interface SeededRandom {
  /** In [0, 1). */
  (): number;
  /** A whole number in [0, below). */
  below(below: number): number;
  /** True in so many of a hundred calls. */
  percent(chance: number): boolean;
  pick<T>(from: readonly T[]): T;
}

/** Source: mulberry32, public domain. */
export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)]!;
  return Object.assign(random, { below, percent: (chance: number) => random() * 100 < chance, pick });
}
