// ARC: what was read once and what was read again share the cache as the misses of each side ask for.
// Source: Megiddo and Modha, "ARC: a self-tuning, low overhead replacement cache" (FAST 2003).

import { KeyLists, NONE } from './key-lists.ts';

const ONCE = 1;
const AGAIN = 2;
const GHOST_ONCE = 3;
const GHOST_AGAIN = 4;

export function arc(keys: Uint32Array, capacity: number): number {
  const lists = new KeyLists(keys, 4);
  let target = 0;
  let misses = 0;
  const replace = (ghost: number): void => {
    const once = lists.size(ONCE);
    const fromOnce = once > 0 && (once > target || (ghost === GHOST_AGAIN && once === target));
    if (fromOnce || lists.size(AGAIN) === 0) lists.toFront(GHOST_ONCE, lists.last(ONCE));
    else lists.toFront(GHOST_AGAIN, lists.last(AGAIN));
  };
  const makeRoom = (): void => {
    const all = lists.size(ONCE) + lists.size(AGAIN) + lists.size(GHOST_ONCE) + lists.size(GHOST_AGAIN);
    if (lists.size(ONCE) + lists.size(GHOST_ONCE) === capacity) {
      if (lists.size(ONCE) === capacity) lists.remove(lists.last(ONCE));
      else {
        lists.remove(lists.last(GHOST_ONCE));
        replace(NONE);
      }
    } else if (all >= capacity) {
      if (all >= 2 * capacity) lists.remove(lists.last(GHOST_AGAIN));
      replace(NONE);
    }
  };
  for (const key of keys) {
    const list = lists.listOf(key);
    if (list === ONCE || list === AGAIN) {
      lists.toFront(AGAIN, key);
      continue;
    }
    misses++;
    if (list === NONE) {
      makeRoom();
      lists.toFront(ONCE, key);
      continue;
    }
    const onceGhosts = lists.size(GHOST_ONCE);
    const againGhosts = lists.size(GHOST_AGAIN);
    if (list === GHOST_ONCE) target = Math.min(capacity, target + Math.max(1, againGhosts / onceGhosts));
    else target = Math.max(0, target - Math.max(1, onceGhosts / againGhosts));
    replace(list);
    lists.toFront(AGAIN, key);
  }
  return misses;
}
