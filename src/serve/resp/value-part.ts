// A part of a value that is held, as a value of its own: nothing of it is copied before it is sent.

import type { Value } from '../../store/value.ts';

/** The bytes `[start, end)` of `whole`, of which it takes the hold over. */
export function partOf(whole: Value, start: number, end: number): Value {
  const part: Value = {
    length: end - start,
    copy: (position, target, at, length) => whole.copy(start + position, target, at, length),
    retain: () => {
      whole.retain();
      return part;
    },
    release: () => whole.release(),
  };
  return part;
}
