// Whether a program is on PATH: what is not is named and left out of a measurement.

import { spawnSync } from 'node:child_process';

export function installed(program: string): boolean {
  return spawnSync('which', [program]).status === 0;
}
