// A regular expression of a target: compiled to match whole names whatever their case, as Java's matches() would.

import { RequestError } from '../errors.ts';

export const LONGEST_EXPRESSION = 1000;

/** Whether all letters after a backslash mean here what they mean in Java: without `u` others would be themselves. */
const KNOWN_ESCAPES_ALONE =
  /^(?:[^\\]|\\(?:[bBdDsSwWfnrtk\d]|c[A-Za-z]|x[\da-fA-F]{2}|u[\da-fA-F]{4}|[^a-zA-Z]))*$/;
/** Java takes only what is in both, JavaScript either. */
const INTERSECTION = /\[[^\]]*&&/;

/** `parameter` is named in what is thrown: RequestError('bad_query'). */
export function compileExpression(parameter: string, expression: string): RegExp {
  const wrong = (what: string): RequestError =>
    new RequestError('bad_query', `${parameter} must be a regular expression ${what}`);
  if (expression.length > LONGEST_EXPRESSION) throw wrong(`of at most ${LONGEST_EXPRESSION} characters`);
  if (INTERSECTION.test(expression)) throw wrong('without && in a class, which JavaScript does not know');
  // Case says nothing anyway, and JavaScript knows no flags within.
  const source = expression.replace(/^\(\?i\)/, '');
  try {
    return wholeOf(source, 'iu');
  } catch (error) {
    // With `u` a needless escape (`\-`) is an error; without it an unknown one (`\Q`, `\z`) would be the letter.
    if (KNOWN_ESCAPES_ALONE.test(source)) {
      try {
        return wholeOf(source, 'i');
      } catch {}
    }
    const why = error instanceof Error ? error.message.replace(/^.*: /s, '') : 'unknown';
    throw wrong(`as JavaScript knows them, not ${shown(expression)}: ${why}`);
  }
}

function wholeOf(source: string, flags: string): RegExp {
  // Alone first: `a)|(b` would compile within the brackets.
  new RegExp(source, flags);
  return new RegExp(`^(?:${source})$`, flags);
}

/** What others wrote, in a message that must stay one short line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
