// Request targets, decoded from the raw text to bytes: `+` is `+`, and nothing is normalised.

import { MAX_KEY_BYTES } from '../../cache/attributes.ts';
import { RequestError } from '../../errors.ts';

const PERCENT = 0x25;

/** Values of a hexadecimal digit by its character code, -1 for all else. */
const HEX = new Int8Array(256).fill(-1);
for (const [i, digit] of [...'0123456789abcdef'].entries()) {
  HEX[digit.charCodeAt(0)] = i;
  HEX[digit.toUpperCase().charCodeAt(0)] = i;
}

/** The path of a target and its query, both as they came; the scheme and host of an absolute target are left out. */
export function splitTarget(target: string): { path: string; query: string } {
  const from = target.startsWith('/') ? 0 : pathStart(target);
  const mark = target.indexOf('?', from);
  if (mark === -1) return { path: target.slice(from) || '/', query: '' };
  return { path: target.slice(from, mark) || '/', query: target.slice(mark + 1) };
}

function pathStart(target: string): number {
  const authority = target.indexOf('://');
  if (authority === -1) return 0;
  const end = target.slice(authority + 3).search(/[/?]/);
  return end === -1 ? target.length : authority + 3 + end;
}

/**
 * Decodes `text[start, end)` into `into`; returns how many bytes it is.
 * Throws RequestError 'bad_query' for a malformed `%`, 'bad_key' where `into` is too short.
 */
export function decodeInto(into: Buffer, text: string, start: number, end: number): number {
  const percent = text.indexOf('%', start);
  if ((percent === -1 || percent >= end) && end - start <= into.length) {
    return into.write(text.slice(start, end), 'latin1');
  }
  let length = 0;
  for (let i = start; i < end; i++) {
    if (length === into.length) throw new RequestError('bad_key', `a key has at most ${MAX_KEY_BYTES} bytes`);
    const code = text.charCodeAt(i);
    if (code !== PERCENT) {
      into[length++] = code;
      continue;
    }
    const high = i + 2 < end ? HEX[text.charCodeAt(i + 1) & 0xff]! : -1;
    const low = i + 2 < end ? HEX[text.charCodeAt(i + 2) & 0xff]! : -1;
    if (high < 0 || low < 0) throw malformedPercent();
    into[length++] = (high << 4) | low;
    i += 2;
  }
  return length;
}

/** One parameter: its name as text, its value as bytes, and whether it had a `=`. */
export interface Parameter {
  readonly name: string;
  readonly value: Buffer;
  readonly hasValue: boolean;
}

/** What 10,000 selectors, each with its cache beside it, need; more would only cost memory. */
const MAX_PARAMETERS = 20_000;

/** Throws RequestError 'bad_query'. */
export function parseQuery(query: string): Parameter[] {
  const parameters: Parameter[] = [];
  for (let start = 0; start < query.length; ) {
    const mark = query.indexOf('&', start);
    const end = mark === -1 ? query.length : mark;
    if (end > start) parameters.push(parseParameter(query, start, end));
    if (parameters.length > MAX_PARAMETERS)
      throw new RequestError('bad_query', `a query or form has at most ${MAX_PARAMETERS} parameters`);
    start = end + 1;
  }
  return parameters;
}

function parseParameter(query: string, start: number, end: number): Parameter {
  const found = query.indexOf('=', start);
  const hasValue = found !== -1 && found < end;
  const nameEnd = hasValue ? found : end;
  return {
    name: decode(query, start, nameEnd).toString('latin1'),
    value: hasValue ? decode(query, nameEnd + 1, end) : NOTHING,
    hasValue,
  };
}

const NOTHING = Buffer.alloc(0);

/** As `application/x-www-form-urlencoded` says: there a `+` is a space. */
export function parseForm(body: string): Parameter[] {
  return parseQuery(body.replaceAll('+', '%20'));
}

/** The bytes of percent-encoded text. Throws RequestError 'bad_query'. */
export function decode(text: string, start: number, end: number): Buffer {
  const bytes = Buffer.allocUnsafe(end - start);
  return bytes.subarray(0, decodeInto(bytes, text, start, end));
}

function malformedPercent(): RequestError {
  return new RequestError('bad_query', 'malformed %-encoding: a % is followed by two hexadecimal digits');
}
