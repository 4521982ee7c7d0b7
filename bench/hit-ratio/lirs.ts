// LIRS: what was read twice within a short time keeps its place; a hundredth of the cache is for all else.
// Source: Jiang and Zhang, "LIRS: an efficient low inter-reference recency set replacement policy" (SIGMETRICS 2002).

import { KeyLists, NONE } from './key-lists.ts';

const COLD = 2;
const GONE = 3;
const COLD_SHARE = 0.01;
/** Ghosts in the stack, in parts of the cache. */
const MOST_GHOSTS = 2;

export function lirs(keys: Uint32Array, capacity: number): number {
  const stack = new KeyLists(keys, 1);
  // Cold and gone keys in order of their coming; hot ones are on the stack alone.
  const queues = new KeyLists(keys, 3);
  const mostHot = capacity - Math.max(1, Math.round(capacity * COLD_SHARE));
  let hot = 0;
  let misses = 0;
  const isHot = new Set<number>();
  const prune = (): void => {
    for (let key = stack.last(1); key !== 0 && !isHot.has(key); key = stack.last(1)) {
      stack.remove(key);
      if (queues.listOf(key) === GONE) queues.remove(key);
    }
  };
  const coolDown = (): void => {
    const key = stack.last(1);
    stack.remove(key);
    isHot.delete(key);
    hot--;
    queues.toFront(COLD, key);
    prune();
  };
  const heat = (key: number): void => {
    queues.remove(key);
    stack.toFront(1, key);
    isHot.add(key);
    hot++;
    if (hot > mostHot) coolDown();
  };
  const evict = (): void => {
    if (queues.size(COLD) === 0) coolDown();
    const key = queues.last(COLD);
    queues.remove(key);
    if (stack.listOf(key) === NONE) return;
    queues.toFront(GONE, key);
    if (queues.size(GONE) <= MOST_GHOSTS * capacity) return;
    stack.remove(queues.last(GONE));
    queues.remove(queues.last(GONE));
  };
  for (const key of keys) {
    if (isHot.has(key)) {
      const wasLast = stack.last(1) === key;
      stack.toFront(1, key);
      if (wasLast) prune();
      continue;
    }
    const isCold = queues.listOf(key) === COLD;
    if (!isCold) misses++;
    if (!isCold && hot + queues.size(COLD) === capacity) evict();
    if (stack.listOf(key) !== NONE || (!isCold && hot < mostHot && queues.size(COLD) === 0)) heat(key);
    else {
      stack.toFront(1, key);
      queues.toFront(COLD, key);
    }
  }
  return misses;
}
