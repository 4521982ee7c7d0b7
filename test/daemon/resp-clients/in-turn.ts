// Several instances of an app, used in turn, and waited for all.

import { until } from '../daemon.ts';

/** Each call gives the next. */
export function inTurn<T>(all: readonly T[]): () => T {
  let turn = 0;
  return () => all[turn++ % all.length]!;
}

/** Resolves once it holds for all. */
export async function everywhere<T>(all: readonly T[], holds: (one: T) => Promise<boolean>): Promise<void> {
  for (const one of all) await until(() => holds(one));
}
