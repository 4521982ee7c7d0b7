// What a loader's URL may be in a configuration: stricter than the loader's own reading of it, never looser.

import { templateProblem } from '../load/url-template.ts';

/** What is wrong with `template`, without repeating it (it may hold a password), or undefined. */
export function loaderUrlProblem(template: string): string | undefined {
  // The parser of URLs would quietly mend these into another URL than the one that was written.
  if (/[\s\\\p{Cc}]/u.test(template)) return 'must not hold spaces, backslashes or control characters';
  const strayBrace = /[{}]/.test(template.replaceAll(/\{keys?\}/g, ''));
  return strayBrace ? 'must have no other braces than {key} or {keys}' : templateProblem(template);
}
