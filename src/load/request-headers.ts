// The headers of every request to an origin: the configured ones, and those that are the daemon's own.

import { validateHeaderName, validateHeaderValue } from 'node:http';
import { ConfigError } from '../errors.ts';

/** Set by the daemon or by Node; a configured one would change what the answer means. */
const RESERVED: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'keep-alive',
  'proxy-connection',
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** By lower-case name. A configured Authorization wins over the URL's userinfo. Throws ConfigError. */
export function requestHeaders(
  configured: Readonly<Record<string, string>>,
  authorization: string | undefined,
): Readonly<Record<string, string>> {
  const problem = headersProblem(configured);
  if (problem !== undefined) throw new ConfigError([`loader headers: ${problem}`]);
  const headers: Record<string, string> = { 'user-agent': 'sidecache' };
  if (authorization !== undefined) headers.authorization = authorization;
  for (const [name, value] of Object.entries(configured)) headers[name.toLowerCase()] = value;
  headers['accept-encoding'] = 'identity';
  return headers;
}

/** What is wrong with configured headers, naming the header, never its value; undefined = nothing. */
export function headersProblem(configured: Readonly<Record<string, string>>): string | undefined {
  for (const [name, value] of Object.entries(configured)) {
    if (!isValid(() => validateHeaderName(name))) return `${JSON.stringify(name)} is no header name`;
    if (RESERVED.has(name.toLowerCase())) return `${name} is set by the daemon itself`;
    if (!isValid(() => validateHeaderValue(name, value)))
      return `the value of ${name} has characters that no header may have`;
  }
  return undefined;
}

function isValid(check: () => void): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
