// When V8 optimizes a busy function, and how much of what that calls it puts into the function itself.
//
// When: V8 begins before it has seen much of what a function does, and has to do it again: some 150 times in all while a
// million entries are stored (Node 20). Given nearly four times as long, 100 times, for about the same CPU, and what its threads
// keep afterwards is some 3 MB less (measured). Node 22 and 24 count otherwise; on 24 lone commands took longer at first.
//
// How much: a command runs through some forty short functions, from the socket to the record and back, and each call costs
// more than much of what is done there: with more of them in one, a SET in a pipeline of 64 takes 0.85 of the time, a GET
// 0.93 (measured, Node 24).

import { setFlagsFromString } from 'node:v8';

/** Of bytecode, after which V8 of Node 20 looks at a function: its own bound is 132 KiB. */
const RUN_BYTES = 500_000;

/** V8's own bounds are 920 and 460 bytes of bytecode. */
const IN_ONE_FUNCTION_BYTES = 4000;
const LONGEST_INLINED_BYTES = 1200;

/**
 * Compiling that takes some 5 MB more for a moment: with less than this to hold, that is more than what is gained. So is
 * what the second compiler of Node 24 takes: 8 to 15 MB while 64 connections that have just come send all they can (measured).
 */
const LEAST_MEMORY_BYTES = 32 << 20;

/** To be called before anything was optimized. */
export function tuneOptimizer(memoryBytes: number): void {
  if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${RUN_BYTES}`);
  if (memoryBytes >= LEAST_MEMORY_BYTES) inlineMore();
  else if (process.versions.v8.startsWith('13.')) setFlagsFromString('--no-maglev');
}

function inlineMore(): void {
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${IN_ONE_FUNCTION_BYTES}`);
  setFlagsFromString(`--max-inlined-bytecode-size=${LONGEST_INLINED_BYTES}`);
}
