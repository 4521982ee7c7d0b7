// What a loader's URL template may be: `{key}` decides which entry is asked for, never which host is asked.

const URL_PARTS = /^(https?:\/\/)([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/i;

/** What is wrong with `template`, or undefined. */
export function loaderUrlProblem(template: string): string | undefined {
  const parts = URL_PARTS.exec(template);
  if (/[\s\\\p{Cc}]/u.test(template)) return 'holds a space, a backslash or a control character';
  if (parts === null) return 'is not an http or https URL';
  const [, , authority = '', path = '', query = '', fragment = ''] = parts;
  if (/[{}]/.test(authority))
    return 'has {key} in the host, port or user; it may only choose what is asked for';
  if (fragment !== '') return 'has a fragment, which is never sent';
  if (path.split('/').some(isDotSegment)) return 'has `.` or `..` as a path segment';
  return placeProblem(path, query) ?? urlProblem(template);
}

function placeProblem(path: string, query: string): string | undefined {
  const names = query
    .slice(1)
    .split('&')
    .map((pair) => pair.split('=', 1)[0] ?? '');
  if (names.some((name) => name.includes('{key}'))) return 'has {key} as the name of a query parameter';
  if (!`${path}${query}`.includes('{key}')) return 'has no {key}';
  if (/[{}]/.test(`${path}${query}`.replaceAll('{key}', ''))) return 'has a brace that is not {key}';
  return undefined;
}

function urlProblem(template: string): string | undefined {
  return URL.canParse(template.replaceAll('{key}', 'k')) ? undefined : 'is not a valid URL';
}

function isDotSegment(segment: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(segment);
}
