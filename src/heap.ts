// V8's heap is kept small and its collections short. Imported for that alone, before all else that is loaded: when its heap
// has grown by a megabyte, V8 decides by what was said until then when it will pack the heap. An ES module is in the heap
// before a line of it is run: there Node 20 does so once, some eight seconds after the start.
//
// The space of young objects stays at its first size, 1 MiB: V8 would let it grow to 16 MiB and more under load, and at
// 30,000 requests a second that is no faster (measured). What became old too early for it is marked, beside the work, from
// 60 % of the way to V8's limit on. V8 itself would begin so late that the limit may come first, and then it marks
// everything at once: 9 to 15 ms, in place of 2 (measured). So there is little that V8 could give back when nothing has
// happened for some seconds, and packing the whole heap for it stops a daemon that is read from for 9 to 15 ms (measured).

import { setFlagsFromString } from 'node:v8';

/** The longest that V8 takes: 23 days. */
const NEVER_MS = 2_000_000_000;

setFlagsFromString('--semi-space-growth-factor=1');
setFlagsFromString('--heap-growing-percent=20');
setFlagsFromString('--incremental-marking-soft-trigger=60');
setFlagsFromString(`--gc-memory-reducer-start-delay-ms=${NEVER_MS}`);
const isNode20 = process.versions.v8.startsWith('11.');
setFlagsFromString(isNode20 ? '--memory-reducer-single-gc' : '--memory-reducer-gc-count=0');
