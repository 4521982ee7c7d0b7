// Where an app is told: a URL with its credentials taken out, and a name for logs that holds no secret.

export interface AppUrl {
  /** Without userinfo and fragment. */
  readonly href: string;
  readonly secure: boolean;
  /** For an Authorization header. */
  readonly authorization: string | undefined;
  /** Without userinfo and query. */
  readonly name: string;
}

/** Throws TypeError where it is no URL. */
export function parseAppUrl(text: string): AppUrl {
  const url = new URL(text);
  const authorization = basic(url.username, url.password);
  url.username = '';
  url.password = '';
  url.hash = '';
  const name = `${url.origin}${url.pathname}`;
  return { href: url.href, secure: url.protocol === 'https:', authorization, name };
}

function basic(user: string, password: string): string | undefined {
  if (user === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${decoded(user)}:${decoded(password)}`).toString('base64')}`;
}

/** A `%` that encodes nothing is itself. */
function decoded(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}
