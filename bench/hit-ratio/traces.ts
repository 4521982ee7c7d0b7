// Traces of keys, numbered from 1: read from files, or made from a seed.

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type SeededRandom, seededRandom } from '../../test/store/seeded-random.ts';

/** Reads a gzip of little-endian uint32 keys. */
export function readTrace(file: string): Uint32Array {
  const bytes = gunzipSync(readFileSync(file));
  return Uint32Array.from({ length: bytes.length >>> 2 }, (_, i) => bytes.readUInt32LE(i * 4));
}

/** The key of the request at this place. */
type KeyAt = (at: number) => number;

const REQUESTS = 200_000;

/** Where the keys of another kind begin within one mix. */
const SECOND = 100_000;
const THIRD = 500_000;

const MIXES: Readonly<Record<string, (random: SeededRandom) => KeyAt>> = {
  'zipf 0.7': (random) => zipf(random, 20_000, 0.7),
  'zipf 1.0': (random) => zipf(random, 20_000, 1),
  'zipf 1.2': (random) => zipf(random, 20_000, 1.2),
  'zipf, other favourites every 20,000': (random) => {
    const rank = zipf(random, 10_000, 1);
    return (at) => (rank(at) * 7919 + Math.floor(at / 20_000) * 39_013) % 30_011;
  },
  'zipf that drifts': (random) => {
    const rank = zipf(random, 10_000, 1);
    return (at) => rank(at) + (at >> 4);
  },
  'zipf, then scans in turns': (random) => {
    const rank = zipf(random, 10_000, 1);
    return (at) => (at % 10_000 < 2500 ? SECOND + at : rank(at));
  },
  'zipf, three in ten asked for once': (random) => {
    const rank = zipf(random, 10_000, 0.9);
    return (at) => (random.percent(30) ? SECOND + at : rank(at));
  },
  'loop of 1,300': () => (at) => at % 1300,
  'zipf and a loop of 2,000': (random) => {
    const rank = zipf(random, 5000, 1);
    let next = 0;
    return (at) => (random.percent(50) ? rank(at) : SECOND + (next++ % 2000));
  },
  'zipf, loop, recent in turns': (random) => {
    const rank = zipf(random, 8000, 1);
    const fresh = recent(random, 40, 200);
    return (at) => {
      const phase = Math.floor(at / 33_000) % 3;
      return phase === 0 ? rank(at) : phase === 1 ? SECOND + (at % 1300) : THIRD + fresh(at);
    };
  },
  'recent ones': (random) => recent(random, 30, 250),
  'each twice': (random) => {
    const waiting: number[] = [];
    let next = 0;
    return () => {
      if (waiting.length > 60 && random.percent(50)) return waiting.shift()!;
      waiting.push(next);
      return next++;
    };
  },
};

export const MIX_NAMES = Object.keys(MIXES);

export function makeMix(name: string, seed: number, requests = REQUESTS): Uint32Array {
  const mix = MIXES[name];
  if (!mix) throw new Error(`no mix '${name}'; there are: ${MIX_NAMES.join(', ')}`);
  const keyAt = mix(seededRandom(seed));
  return Uint32Array.from({ length: requests }, (_, at) => keyAt(at) + 1);
}

/** Ranks from 0, the one of rank r asked for in proportion to (r + 1) ^ -skew. */
function zipf(random: SeededRandom, ranks: number, skew: number): KeyAt {
  const upTo = new Float64Array(ranks);
  let sum = 0;
  for (let rank = 0; rank < ranks; rank++) {
    sum += (rank + 1) ** -skew;
    upTo[rank] = sum;
  }
  return () => {
    const wanted = random() * sum;
    let low = 0;
    for (let high = ranks - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (upTo[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** So many in a hundred are new, the others came lately: `mean` keys ago, exponentially distributed. */
function recent(random: SeededRandom, newInHundred: number, mean: number): KeyAt {
  let next = 0;
  return () => {
    if (next === 0 || random.percent(newInHundred)) return next++;
    return Math.max(0, next - 1 - Math.floor(-Math.log(1 - random()) * mean));
  };
}
