// W-TinyLFU with a window of a fixed share and exact counts in place of a sketch.
// Source: Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy" (2017).

import { KeyLists, NONE } from './key-lists.ts';

const WINDOW = 1;
const PROBATION = 2;
const PROTECTED = 3;
const PROTECTED_SHARE = 0.8;
const PERIOD_PER_ENTRY = 10;
const HIGHEST_COUNT = 15;

export function wTinyLfu(keys: Uint32Array, capacity: number, windowShare = 0.01): number {
  const lists = new KeyLists(keys, 3);
  const counts = new Map<number, number>();
  const mostWindow = Math.max(1, Math.round(capacity * windowShare));
  const mostMain = capacity - mostWindow;
  let counted = 0;
  let misses = 0;
  const countOf = (key: number): number => counts.get(key) ?? 0;
  const count = (key: number): void => {
    counts.set(key, Math.min(HIGHEST_COUNT, countOf(key) + 1));
    if (++counted < PERIOD_PER_ENTRY * capacity) return;
    counted >>>= 1;
    for (const [each, times] of counts) {
      if (times > 1) counts.set(each, times >>> 1);
      else counts.delete(each);
    }
  };
  const leaveWindow = (): void => {
    const candidate = lists.last(WINDOW);
    if (lists.size(PROBATION) + lists.size(PROTECTED) < mostMain) {
      lists.toFront(PROBATION, candidate);
      return;
    }
    const victim = lists.last(PROBATION) || lists.last(PROTECTED);
    if (countOf(candidate) > countOf(victim)) {
      lists.remove(victim);
      lists.toFront(PROBATION, candidate);
    } else lists.remove(candidate);
  };
  for (const key of keys) {
    count(key);
    const list = lists.listOf(key);
    if (list === NONE) misses++;
    lists.toFront(list === PROBATION ? PROTECTED : list || WINDOW, key);
    if (lists.size(WINDOW) > mostWindow) leaveWindow();
    if (lists.size(PROTECTED) > mostMain * PROTECTED_SHARE) lists.toFront(PROBATION, lists.last(PROTECTED));
  }
  return misses;
}
