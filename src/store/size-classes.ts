// The sizes in which records are kept: steps of a word up to 256 bytes, then sixteen steps to each doubling, so that
// what a record takes beyond its bytes is at most 3 bytes, or a sixteenth.

const STEP_BYTES = 4;
const FINE_BYTES = 256;
const FINE_CLASSES = FINE_BYTES / STEP_BYTES;
const STEPS_PER_DOUBLING = 16;
const DOUBLINGS = 10;

export const SIZE_CLASSES = FINE_CLASSES + STEPS_PER_DOUBLING * DOUBLINGS;
export const MOST_RECORD_BYTES = FINE_BYTES << DOUBLINGS;

/** The class of the smallest size that holds `bytes` (1 to MOST_RECORD_BYTES). */
export function classOf(bytes: number): number {
  if (bytes <= FINE_BYTES) return ((bytes + STEP_BYTES - 1) >>> 2) - 1;
  const doubling = 23 - Math.clz32(bytes - 1);
  const base = FINE_BYTES << doubling;
  const step = base / STEPS_PER_DOUBLING;
  return FINE_CLASSES + STEPS_PER_DOUBLING * doubling + Math.ceil((bytes - base) / step) - 1;
}

/** Bytes of each record of the class, whole words. */
export function sizeOf(sizeClass: number): number {
  if (sizeClass < FINE_CLASSES) return (sizeClass + 1) * STEP_BYTES;
  const doubling = Math.floor((sizeClass - FINE_CLASSES) / STEPS_PER_DOUBLING);
  const base = FINE_BYTES << doubling;
  return base + (((sizeClass - FINE_CLASSES) % STEPS_PER_DOUBLING) + 1) * (base / STEPS_PER_DOUBLING);
}
