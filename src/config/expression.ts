// A regular expression in a configuration: what may be wrong with it.

/** Java takes flags within an expression, and many a configuration begins with one. */
const FLAGS_WITHIN = /\(\?[a-zA-Z-]+[:)]/;

/** Of a text that has to compile alone, not only between the ends it is put between. */
export function expressionProblem(text: string): string | undefined {
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    if (FLAGS_WITHIN.test(text))
      return 'has flags such as (?i), which are not needed: case is never told apart';
    return `is no regular expression: ${reasonOf(error)}`;
  }
}

/** `Invalid regular expression: /(/: Unterminated group` → its end. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  return message.slice(message.lastIndexOf(': ') + 2).toLowerCase();
}
