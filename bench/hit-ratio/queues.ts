// Policies of plain queues: LRU, SIEVE and S3-FIFO. Each replays a trace and returns its misses.

import { KeyLists, NONE } from './key-lists.ts';

export function lru(keys: Uint32Array, capacity: number): number {
  const lists = new KeyLists(keys, 1);
  let misses = 0;
  for (const key of keys) {
    if (lists.listOf(key) === NONE) {
      misses++;
      if (lists.size(1) === capacity) lists.remove(lists.last(1));
    }
    lists.toFront(1, key);
  }
  return misses;
}

/** Source: Zhang et al., "SIEVE is simpler than LRU" (NSDI 2024). */
export function sieve(keys: Uint32Array, capacity: number): number {
  const lists = new KeyLists(keys, 1);
  const visited = new Set<number>();
  let hand = 0;
  let misses = 0;
  for (const key of keys) {
    if (lists.listOf(key) !== NONE) {
      visited.add(key);
      continue;
    }
    misses++;
    if (lists.size(1) === capacity) {
      let victim = hand || lists.last(1);
      while (visited.delete(victim)) victim = lists.before(victim) || lists.last(1);
      hand = lists.before(victim);
      lists.remove(victim);
    }
    lists.toFront(1, key);
  }
  return misses;
}

const SMALL = 1;
const MAIN = 2;
const GHOST = 3;
const SMALL_SHARE = 0.1;
const MOST_READS = 3;

/** Source: Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023). */
export function s3Fifo(keys: Uint32Array, capacity: number): number {
  const lists = new KeyLists(keys, 3);
  const reads = new Map<number, number>();
  const mostSmall = Math.max(1, Math.floor(capacity * SMALL_SHARE));
  const evictSmall = (): boolean => {
    const key = lists.last(SMALL);
    if ((reads.get(key) ?? 0) > 1) {
      lists.toFront(MAIN, key);
      reads.set(key, 0);
      return false;
    }
    lists.toFront(GHOST, key);
    if (lists.size(GHOST) > capacity - mostSmall) lists.remove(lists.last(GHOST));
    return true;
  };
  const evictMain = (): boolean => {
    const key = lists.last(MAIN);
    const left = reads.get(key) ?? 0;
    if (left === 0) lists.remove(key);
    else lists.toFront(MAIN, key);
    reads.set(key, left - 1);
    return left === 0;
  };
  let misses = 0;
  for (const key of keys) {
    const list = lists.listOf(key);
    if (list === SMALL || list === MAIN) {
      reads.set(key, Math.min(MOST_READS, (reads.get(key) ?? 0) + 1));
      continue;
    }
    misses++;
    let full = lists.size(SMALL) + lists.size(MAIN) === capacity;
    while (full)
      full = !(lists.size(SMALL) >= mostSmall || lists.size(MAIN) === 0 ? evictSmall() : evictMain());
    reads.set(key, 0);
    lists.toFront(list === GHOST ? MAIN : SMALL, key);
  }
  return misses;
}
