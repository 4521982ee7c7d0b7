// The loader's URL template: checked and cut once, then filled with the bytes of a key, or of several, for every load.

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
  /** It holds {keys}: one request asks for several. */
  readonly takesMany: boolean;
  /** Of the URL without any key. */
  readonly bytes: number;
  /** Throws RequestError('bad_key') where the key could mean another resource than one under the template. */
  fill(key: Buffer): string;
  /** Of keys that are percent-encoded already and not empty: they are parted by raw commas. */
  fillMany(encodedKeys: readonly string[]): string;
}

type Placeholder = '{key}' | '{keys}';
/** A part `.` or `..` between slashes or backslashes: origins resolve it, some of them after decoding %2F. */
const DOT_PART = /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/;

/** Throws ConfigError. */
export function compileUrlTemplate(template: string): UrlTemplate {
  const problem = templateProblem(template);
  if (problem !== undefined) throw new ConfigError([`loader url: ${problem}`]);
  const marker = markerFor(template);
  const placeholder = placeholderOf(template);
  const url = new URL(template.replaceAll(placeholder, marker));
  const parts = partsAround(url, marker);
  const inPath = url.pathname.includes(marker);
  return {
    origin: url.origin,
    secure: url.protocol === 'https:',
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
    authorization: basicAuthorization(url),
    takesMany: takesMany(template),
    bytes: parts.join('').length,
    fill: (key) => {
      if (inPath) refuseUnsafeInPath(key);
      return filled(parts, encodePercent(key));
    },
    fillMany: (encodedKeys) => filled(parts, encodedKeys.join(',')),
  };
}

/** Whether one request asks for several keys. */
export function takesMany(template: string): boolean {
  return template.includes('{keys}');
}

function placeholderOf(template: string): Placeholder {
  return takesMany(template) ? '{keys}' : '{key}';
}

function filled(parts: readonly string[], encoded: string): string {
  const url = parts.join(encoded);
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
  const placeholder = placeholderOf(template);
  const times = template.split(placeholder).length - 1;
  if (times === 0) return 'must hold {key} in a path segment or a query value, or {keys} in a query value';
  if (placeholder === '{keys}' && (times > 1 || template.includes('{key}'))) {
    return 'must hold {keys} once, and no {key} beside it';
  }
  // A half escape before the key would make bytes of it that the key does not have.
  if (/%[0-9a-fA-F]?\{keys?\}/.test(template)) return `must not have a % right before ${placeholder}`;
  const marker = markerFor(template);
  const url = parsed(template.replaceAll(placeholder, marker));
  if (url === undefined) return `must be a URL, and ${placeholder} stand in ${placesOf(placeholder)} of it`;
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://';
  return userinfoProblem(url) ?? placeProblem(url, marker, placeholder, times);
}

function placesOf(placeholder: Placeholder): string {
  return placeholder === '{key}' ? 'a path segment or a query value' : 'a query value';
}

function placeProblem(url: URL, marker: string, placeholder: Placeholder, times: number): string | undefined {
  if (url.host.includes(marker)) return `must not have ${placeholder} in the host or port`;
  if (`${url.username}:${url.password}`.includes(marker))
    return `must not have ${placeholder} in the user or password`;
  if (url.hash.includes(marker)) return `must not have ${placeholder} in the fragment, which is never sent`;
  const fields = url.search.slice(1).split('&');
  if (fields.some((field) => field.split('=', 1)[0]?.includes(marker))) {
    return `must not have ${placeholder} in the name of a query parameter, only in its value`;
  }
  if (url.href.split(marker).length - 1 !== times) {
    return `must not leave the path segment of ${placeholder} by ..`;
  }
  const segments = url.pathname.split('/').filter((segment) => segment.includes(marker));
  if (placeholder === '{keys}' && segments.length > 0)
    return 'must not have {keys} in the path, only in a query value';
  return segments.some((segment) => besideDots(segment, marker))
    ? `must not have dots alone beside ${placeholder} in a path segment`
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
