// A full garbage collection now, for tests that measure what is held: without it a measure is of what nobody holds any more.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Twice: array buffers that the first finds dead are counted until a thread has swept them, which the second awaits. */
export function collectGarbage(): void {
  collect();
  collect();
}
