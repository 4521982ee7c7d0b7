// Cache-Control, Age, Set-Cookie and Vary of an answer → Terms. Pure. Sources: RFC 9111 (sections 4.2, 5.2), RFC 5861.

import type { Terms } from '../cache/loader.ts';

/** A header's value by its lower-case name, lines joined with a comma; null = not sent. */
export type HeaderLookup = (name: string) => string | null;

/** The longest time of a directive, in seconds (RFC 9111, section 1.2.2): larger ones mean this. */
const MAX_SECONDS = 2 ** 31;

/** One directive at a time: its name, then its value, quoted or bare. Each match takes all up to the comma. */
const DIRECTIVE = /[\s,]*([^\s,="]+)?\s*(?:=\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*)))?[^,]*/y;

/**
 * `ignore` means Cache-Control and Age as a whole, `no-store` with them: the operator knows better than the origin
 * how long its answers are good for. Set-Cookie and `Vary: *` hold all the same: they say that the answer is
 * somebody's in particular. `private` is stored: the one app that is served here is not "shared" (DESIGN, Loader).
 */
export function parseTerms(header: HeaderLookup, cacheControl: 'honour' | 'ignore'): Terms {
  const honoured = cacheControl === 'honour';
  const directives = parseCacheControl(honoured ? (header('cache-control') ?? '') : '');
  return {
    ...timesOf(directives),
    ageMs: honoured ? ageMs(header('age')) : 0,
    unstorable: unstorableReason(directives, header),
  };
}

function timesOf(
  directives: Directives,
): Pick<Terms, 'freshMs' | 'staleWhileRevalidateMs' | 'staleIfErrorMs'> {
  const never = directives.has('no-cache');
  const strict = directives.has('must-revalidate');
  const freshMs = durationMs(directives, 's-maxage') ?? durationMs(directives, 'max-age');
  return {
    freshMs: never ? 0 : freshMs,
    staleWhileRevalidateMs: never || strict ? 0 : durationMs(directives, 'stale-while-revalidate'),
    staleIfErrorMs: strict ? 0 : durationMs(directives, 'stale-if-error'),
  };
}

function unstorableReason(directives: Directives, header: HeaderLookup): string | undefined {
  if (directives.has('no-store')) return 'no-store';
  if (header('set-cookie') !== null) return 'set-cookie';
  const varied = header('vary')?.split(',') ?? [];
  return varied.some((name) => name.trim() === '*') ? 'vary' : undefined;
}

/** Directive → its values in order; '' where there was none. */
type Directives = ReadonlyMap<string, readonly string[]>;

export function parseCacheControl(text: string): Directives {
  const directives = new Map<string, string[]>();
  DIRECTIVE.lastIndex = 0;
  while (DIRECTIVE.lastIndex < text.length) {
    // Never null, as every part may be empty; and it takes at least one character of what is left.
    const match = DIRECTIVE.exec(text);
    if (match === null) break;
    const name = match[1]?.toLowerCase();
    if (name === undefined) continue;
    const values = directives.get(name);
    const value = match[2] ?? match[3]?.trim() ?? '';
    if (values === undefined) directives.set(name, [value]);
    else values.push(value);
  }
  return directives;
}

/** Of contradicting values the shortest counts; one that is no number counts as 0 (RFC 9111, section 4.2.1). */
function durationMs(directives: Directives, name: string): number | undefined {
  const values = directives.get(name);
  if (values === undefined) return undefined;
  return Math.min(...values.map((value) => seconds(value) ?? 0)) * 1000;
}

/** Of several Age values the first counts; nonsense counts as none (RFC 9111, section 5.1). */
function ageMs(text: string | null): number {
  return (seconds(text?.split(',', 1)[0]?.trim() ?? '') ?? 0) * 1000;
}

function seconds(text: string): number | undefined {
  return /^[0-9]+$/.test(text) ? Math.min(Number(text), MAX_SECONDS) : undefined;
}
