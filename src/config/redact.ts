// Secrets kept out of everything that is shown: `check`, `/caches`, errors, logs.

export const REDACTED = '[redacted]';

/** A URL, or what was meant to be one, without its user and password. Templates keep their `{key}`. */
export function redactUrl(url: string): string {
  const redacted = url.replace(/\/\/[^/?#]*@/, `//${REDACTED}@`);
  return isUrl(redacted) ? redacted : url.replace(/^([^:@]*:?\/*)?.*@/s, `$1${REDACTED}@`);
}

/** The names stay, the values go. */
export function redactValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, REDACTED]));
}

// A password with a `/` in it makes a URL that does not parse; there everything before the last `@` goes.
function isUrl(redacted: string): boolean {
  const plain = redacted.replace(`//${REDACTED}@`, '//').replaceAll(/\{\w+\}/g, 'k');
  return !plain.includes('@') || URL.canParse(plain);
}
