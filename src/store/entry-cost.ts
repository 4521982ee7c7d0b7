// What an entry is charged, its tags apart: the slot it has, its place in the index, its record, pages and timer.

import { BUCKET_BYTES_PER_ENTRY } from './key-index.ts';
import { PAGE_COST_BYTES } from './pages.ts';
import type { RecordHeader } from './record.ts';
import { classOf, sizeOf } from './size-classes.ts';
import { SLOT_BYTES } from './slot-words.ts';
import { TIMER_BYTES } from './timer-wheel.ts';

/** What every entry costs beyond its record. */
export const ENTRY_OVERHEAD_BYTES = SLOT_BYTES + BUCKET_BYTES_PER_ENTRY;
export const LEAST_ENTRY_BYTES = ENTRY_OVERHEAD_BYTES + 4;

/** What an entry costs with this record. */
export function recordCost(header: RecordHeader): number {
  return (
    ENTRY_OVERHEAD_BYTES +
    sizeOf(classOf(header.bytes)) +
    header.pageCount * PAGE_COST_BYTES +
    (header.timed ? TIMER_BYTES : 0)
  );
}
