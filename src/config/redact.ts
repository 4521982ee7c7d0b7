// Secrets kept out of everything that is shown: `check`, `/caches`, errors, logs.

export const REDACTED = '[redacted]';

/** A URL, or what was meant to be one, without its user and password. Templates keep their `{key}`. */
export function redactUrl(url: string): string {
  const redacted = url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, `$1${REDACTED}@`);
  if (isUrl(redacted)) return redacted;
  // A password with a `/` in it breaks the URL; there everything before the last `@` goes.
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, `$1${REDACTED}@`);
}

/** The names stay, the values go. */
export function redactValues(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.keys(values).map((name) => [name, REDACTED]));
}

function isUrl(redacted: string): boolean {
  const plain = redacted.replace(`${REDACTED}@`, '').replaceAll(/\{\w+\}/g, 'k');
  return !plain.includes('@') || (plain.includes('://') && URL.canParse(plain));
}
