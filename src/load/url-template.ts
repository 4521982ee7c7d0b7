// The loader's URL template: checked and cut once, then filled with the bytes of a key for every load.

import { ConfigError, RequestError } from '../errors.ts';
import { encodePercent } from '../units/percent.ts';

export interface UrlTemplate {
  /** scheme://host[:port] — all of the URL that messages may name. */
  readonly origin: string;
  readonly secure: boolean;
  /** As net.connect wants it: an IPv6 address without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** The userinfo as a Basic Authorization value: clients refuse credentials within a URL. */
  readonly authorization: string | undefined;
  /** Throws RequestError('bad_key') where the key could mean another resource than one under the template. */
  fill(key: Buffer): string;
}

const PLACEHOLDER = '{key}';
/** A part `.` or `..` between slashes or backslashes: origins resolve it, some of them after decoding %2F. */
const DOT_PART = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/;

/** Throws ConfigError. */
export function compileUrlTemplate(template: string): UrlTemplate {
  const problem = templateProblem(template);
  if (problem !== undefined) throw new ConfigError([`loader url: ${problem}`]);
  const marker = markerFor(template);
  const url = new URL(template.replaceAll(PLACEHOLDER, marker));
  const parts = partsAround(url, marker);
  const inPath = url.pathname.includes(marker);
  return {
    origin: url.origin,
    secure: url.protocol === 'https:',
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    authorization: basicAuthorization(url),
    fill: (key) => fill(parts, key, inPath),
  };
}

function fill(parts: readonly string[], key: Buffer, inPath: boolean): string {
  if (inPath) refuseUnsafeInPath(key);
  const url = parts.join(encodePercent(key));
  // What the parser of URLs would change is not what was meant. No key is known to get here; none shall.
  if (new URL(url).href !== url)
    throw new RequestError('bad_key', 'the key cannot stand in the URL of the loader');
  return url;
}

function refuseUnsafeInPath(key: Buffer): void {
  if (key.length === 0)
    throw new RequestError('bad_key', 'an empty key cannot stand in the path of the loader');
  if (DOT_PART.test(key.toString('latin1'))) {
    throw new RequestError('bad_key', 'a key with a part . or .. cannot stand in the path of the loader');
  }
}

function partsAround(url: URL, marker: string): string[] {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare.href.split(marker);
}

function basicAuthorization(url: URL): string | undefined {
  if (url.username === '' && url.password === '') return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Stands for the key while the URL is parsed, as braces would not survive: lower case, as hosts become. */
function markerFor(template: string): string {
  let marker = 'sidecachekey';
  while (template.toLowerCase().includes(marker)) marker += 'x';
  return marker;
}

/** What is wrong with a template, without repeating it (it may hold a password); undefined = nothing. */
export function templateProblem(template: string): string | undefined {
  if (!template.includes(PLACEHOLDER)) return 'must hold {key} in a path segment or a query value';
  // A half escape before the key would make bytes of it that the key does not have.
  if (/%[0-9a-fA-F]?\{key\}/.test(template)) return 'must not have a % right before {key}';
  const marker = markerFor(template);
  const url = parsed(template.replaceAll(PLACEHOLDER, marker));
  if (url === undefined) return 'must be a URL, and {key} stand in a path segment or a query value of it';
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  return userinfoProblem(url) ?? placeProblem(url, marker, template.split(PLACEHOLDER).length - 1);
}

function placeProblem(url: URL, marker: string, wanted: number): string | undefined {
  if (url.host.includes(marker)) return 'must not have {key} in the host or port';
  if (`${url.username}:${url.password}`.includes(marker))
    return 'must not have {key} in the user or password';
  if (url.hash.includes(marker)) return 'must not have {key} in the fragment, which is never sent';
  const fields = url.search.slice(1).split('&');
  if (fields.some((field) => field.split('=', 1)[0]?.includes(marker))) {
    return 'must not have {key} in the name of a query parameter, only in its value';
  }
  if (url.href.split(marker).length - 1 !== wanted) return 'must not leave the path segment of {key} by ..';
  const segments = url.pathname.split('/').filter((segment) => segment.includes(marker));
  return segments.some((segment) => besideDots(segment, marker))
    ? 'must not have dots alone beside {key} in a path segment'
    : undefined;
}

/** `..{key}` with the key `/x` would be `../x` to an origin that decodes before it resolves. */
function besideDots(segment: string, marker: string): boolean {
  const affixes = segment
    .replace(/%2f|%5c/gi, '/')
    .replace(/%2e/gi, '.')
    .split(marker);
  return affixes.some((affix) => affix.split('/').some((part) => /^\.+$/.test(part)));
}

function userinfoProblem(url: URL): string | undefined {
  try {
    basicAuthorization(url);
    return undefined;
  } catch {
    return 'must have its user and password percent-encoded';
  }
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
