// Headers as they came: a flat list of names and values, their case, order and repetitions kept.

export type RawHeaders = readonly string[];

/** Headers of one connection only (RFC 9110, 7.6.1). A proxy does not pass them on. */
const HOP_BY_HOP = [
  'connection',
  'proxy-connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** The first line of this name; '' where there is none. `name` in lower case. */
export function firstValue(headers: RawHeaders, name: string): string {
  return linesOf(headers).find(([one]) => one.toLowerCase() === name)?.[1] ?? '';
}

/** `names` in lower case. */
export function withoutHeaders(headers: RawHeaders, names: readonly string[]): RawHeaders {
  return linesOf(headers)
    .filter(([name]) => !names.includes(name.toLowerCase()))
    .flat();
}

/** In place of whatever was there by this name. */
export function withHeader(headers: RawHeaders, name: string, value: string): RawHeaders {
  return [...withoutHeaders(headers, [name.toLowerCase()]), name, value];
}

/** Those that concern both ends: what `Connection` names is of one connection, too. */
export function endToEnd(headers: RawHeaders): RawHeaders {
  const named = linesOf(headers)
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((one) => one.trim().toLowerCase()));
  return withoutHeaders(headers, [...HOP_BY_HOP, ...named]);
}

/** As they stand on the wire: `: ` and the end of the line count as well. */
export function bytesOf(headers: RawHeaders): number {
  return linesOf(headers).reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0);
}

function linesOf(headers: RawHeaders): (readonly [name: string, value: string])[] {
  const lines: (readonly [string, string])[] = [];
  for (let at = 0; at < headers.length; at += 2) lines.push([headers[at] ?? '', headers[at + 1] ?? '']);
  return lines;
}
