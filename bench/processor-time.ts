// How much of the processors' time a machine below a virtual one kept for others: /proc/stat, in ticks of 10 ms.

import { readFileSync } from 'node:fs';

/** Ticks of all processors so far, by what they went to. */
export interface ProcessorTime {
  readonly all: number;
  readonly stolen: number;
}

/** The eighth number is what was stolen; the two behind it are in others already. */
const STOLEN = 7;

export function processorTime(): ProcessorTime {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.split(/\s+/);
  const counted = ticks.slice(0, STOLEN + 1).map(Number);
  return { all: counted.reduce((sum, of) => sum + of, 0), stolen: counted[STOLEN] ?? 0 };
}

/** In percent of all of it. */
export function stolenSince(before: ProcessorTime): string {
  const now = processorTime();
  return `${((100 * (now.stolen - before.stolen)) / Math.max(1, now.all - before.all)).toFixed(0)} %`;
}
