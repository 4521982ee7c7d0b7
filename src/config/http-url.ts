// What the URLs of an app and of peers may be in a configuration. Problems never repeat a URL: it may hold a password.

const WITHIN = '{index}';
/** Braces that stand for nothing, spaces, and what the parser of URLs would quietly mend. */
const STRAY = /[\s\\{}\p{Cc}]/u;

/** Of the app that is told what was applied: user and password and a query may be in it. */
export function appUrlProblem(text: string): string | undefined {
  const url = parse(text);
  if (typeof url === 'string') return url;
  return text.includes('#') ? 'must have no fragment' : undefined;
}

/** A base that paths are put after: nothing may come behind its own path. */
export function baseUrlProblem(text: string): string | undefined {
  const url = parse(text);
  if (typeof url === 'string') return url;
  if (url.username !== '' || url.password !== '') return 'must hold no user and password';
  return /[?#]/.test(text) ? 'must have no query and no fragment' : undefined;
}

/** Of a proxy: nothing behind its port, as a proxy has no paths. */
export function proxyUrlProblem(text: string): string | undefined {
  const url = parse(text);
  if (typeof url === 'string') return url;
  if (url.pathname !== '/' || /[?#]/.test(text)) return 'must have nothing behind host and port';
  return isDecodable(url) ? undefined : 'must have its user and password percent-encoded';
}

/** A base with the index of the instance somewhere in it. */
export function indexedUrlProblem(text: string): string | undefined {
  if (!text.includes(WITHIN)) return `must have ${WITHIN} in its host, port or path`;
  const problem = baseUrlProblem(withIndex(text, '1'));
  return problem ?? (schemeOf(text).includes(WITHIN) ? 'must be an http or https URL' : undefined);
}

export function withIndex(url: string, index: string): string {
  return url.replaceAll(WITHIN, index);
}

/** What tells two bases apart; anything that is no URL is as it is. */
export function sameUrl(text: string): string {
  return URL.canParse(text) ? new URL(text).href.replace(/\/+$/, '') : text;
}

function isDecodable({ username, password }: URL): boolean {
  try {
    decodeURIComponent(`${username}:${password}`);
    return true;
  } catch {
    return false;
  }
}

function schemeOf(text: string): string {
  return text.split('://', 1)[0] ?? '';
}

function parse(text: string): URL | string {
  if (STRAY.test(text)) return 'must not hold spaces, braces, backslashes or control characters';
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return 'must be an http or https URL';
  return new URL(text);
}
