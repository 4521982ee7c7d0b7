// Parameters as a key carries them: name=value, percent-encoded, & between them. A + is a plus: nobody's form was posted.

import { isUtf8 } from 'node:buffer';
import { decodePercent, encodePercent } from '../units/percent.ts';

export type Parameter = readonly [name: string, value: string];

/** Undefined where a part is no name=value, or none of UTF-8. */
export function parseParameters(text: string): Parameter[] | undefined {
  const parameters: Parameter[] = [];
  for (const part of text.split('&')) {
    const equals = part.indexOf('=');
    if (equals < 1) return undefined;
    const [name, value] = [decoded(part.slice(0, equals)), decoded(part.slice(equals + 1))];
    if (name === undefined || value === undefined) return undefined;
    parameters.push([name, value]);
  }
  return parameters;
}

export function formatParameters(parameters: Iterable<Parameter>): string {
  return Array.from(parameters, ([name, value]) => `${encoded(name)}=${encoded(value)}`).join('&');
}

function decoded(text: string): string | undefined {
  const bytes = decodePercent(text);
  return bytes !== undefined && isUtf8(bytes) ? bytes.toString() : undefined;
}

function encoded(text: string): string {
  return encodePercent(Buffer.from(text));
}
