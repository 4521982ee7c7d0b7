// How much of what a busy function calls V8 puts into the function itself when it optimizes it. A command runs through
// some forty short functions, from the socket to the record and back, and each call costs more than much of what is done
// there: with more of them in one, a SET in a pipeline of 64 takes 0.85 of the time, a GET 0.93 (measured, Node 24).

import { setFlagsFromString } from 'node:v8';

/** V8's own bounds are 920 and 460 bytes of bytecode. */
const IN_ONE_FUNCTION_BYTES = 4000;
const LONGEST_INLINED_BYTES = 1200;

/** Compiling takes some 5 MB more for a moment: with less than this to hold, that is more than what is gained. */
const LEAST_MEMORY_BYTES = 32 << 20;

/** To be called before anything was optimized. */
export function inlineMore(memoryBytes: number): void {
  if (memoryBytes < LEAST_MEMORY_BYTES) return;
  setFlagsFromString(`--max-inlined-bytecode-size-cumulative=${IN_ONE_FUNCTION_BYTES}`);
  setFlagsFromString(`--max-inlined-bytecode-size=${LONGEST_INLINED_BYTES}`);
}
