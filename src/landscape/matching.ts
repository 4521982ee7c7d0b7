// Which names a target means. An expression may come from a client, so it runs for a limited time: one that backtracks
// without end is interrupted, not waited for.

import { runInThisContext } from 'node:vm';
import { RequestError } from '../errors.ts';
import { compileExpression, shown } from './expression.ts';

/** Two tries of half of it: an honest expression is not refused because the machine paused once. */
export const MATCHING_LIMIT_MS = 100;
const MOST_TRIES = 20;
const TRIES = 2;

/** For each name whether it is meant. Throws RequestError('bad_query') where the expression takes too long. */
export type Matcher = (names: readonly string[]) => boolean[];

/**
 * Neither a name nor an expression means all. Both match whatever the case, an expression whole names alone. All names
 * of one call share one limit: better one call for all than one each. `parameter` is named in what is thrown, at once
 * where the expression is none.
 */
export function matcher(
  name: string | undefined,
  expression: string | undefined,
  parameter = 'the expression',
): Matcher {
  if (name !== undefined) {
    const wanted = name.toLowerCase();
    return (names) => names.map((one) => one.toLowerCase() === wanted);
  }
  if (expression === undefined) return (names) => names.map(() => true);
  const first = firstMatch([expression], parameter);
  return (names) => first(names).map((at) => at === 0);
}

/** For each name the place of the first of the expressions that matches it; -1: none does. Throws as a Matcher does. */
export function firstMatch(
  expressions: readonly string[],
  parameter: string,
): (names: readonly string[]) => number[] {
  const compiled = expressions.map((one) => compileExpression(parameter, one));
  return (names) => {
    if (names.length === 0 || compiled.length === 0) return names.map(() => -1);
    const script = scriptOf(compiled, names);
    let spentMs = 0;
    for (let tries = 1; ; tries++) {
      const before = process.cpuUsage();
      try {
        return runInThisContext(script, { timeout: MATCHING_LIMIT_MS / TRIES }) as number[];
      } catch (error) {
        const { user, system } = process.cpuUsage(before);
        spentMs += (user + system) / 1000;
        // Time passes for a process that is not let run, too: that is not the expression's.
        const isSpent = spentMs >= MATCHING_LIMIT_MS / 2 || tries === MOST_TRIES;
        if (!isTimeout(error) || (tries >= TRIES && isSpent)) throw refusal(error, expressions, parameter);
      }
    }
  };
}

/** Text and no context of its own, which would cost more than the matching: names and expressions are literals in it. */
function scriptOf(expressions: readonly RegExp[], names: readonly string[]): string {
  const made = expressions.map(
    ({ source, flags }) => `new RegExp(${JSON.stringify(source)}, ${JSON.stringify(flags)})`,
  );
  return `{
    const expressions = [${made.join()}];
    ${JSON.stringify(names)}.map((name) => expressions.findIndex((expression) => expression.test(name)));
  }`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}

/** What is no time-out is a size: some expressions compile, and are too large when they are used. */
function refusal(cause: unknown, expressions: readonly string[], parameter: string): RequestError {
  const what = expressions.map(shown).join(', ').slice(0, 300);
  const why = isTimeout(cause) ? `takes longer than ${MATCHING_LIMIT_MS} ms` : 'cannot be done';
  const message = `${parameter}: matching names against ${what} ${why}: write it without repetitions in repetitions`;
  return new RequestError('bad_query', message, { cause });
}
