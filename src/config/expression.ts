// A regular expression in a configuration: what is wrong with it, by the reading of whoever matches with it.

import { compileExpression, LONGEST_EXPRESSION } from '../landscape/expression.ts';

export const EXPRESSION_ALLOWED = `1 to ${LONGEST_EXPRESSION} characters of a regular expression as JavaScript knows them`;

/** What is wrong with `text`, or undefined. */
export function expressionProblem(text: string): string | undefined {
  if (text === '' || text.length > LONGEST_EXPRESSION) return `has ${text.length} characters`;
  try {
    compileExpression('', text);
    return undefined;
  } catch (error) {
    return `is no regular expression: ${reasonOf(error)}`;
  }
}

/** `… not "(": Unterminated group` → its end. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
}
