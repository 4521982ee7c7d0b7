// A reply as tests compare it: strings of one character a byte, numbers, null and lists; errors begin with `-`.

import * as assert from 'uvu/assert';
import type { Reply } from '../../../src/serve/resp/reply.ts';

export type Said = string | number | boolean | null | Said[];

/** The one value that the reply holds. */
export function valueIn(reply: Reply): Said {
  const bytes = wholeOf(reply);
  const [value, end] = valueAt(bytes, 0);
  assert.is(end, bytes.length, `one reply, not more: ${bytes}`);
  return value;
}

/** CRLF as a blank. */
export function textIn(reply: Reply): string {
  return wholeOf(reply).trimEnd().replaceAll('\r\n', ' ');
}

/** With the values that are held, which are let go. */
function wholeOf(reply: Reply): string {
  let text = '';
  let at = 0;
  for (const { at: heldAt, value } of reply.held) {
    const bytes = Buffer.alloc(value.length);
    value.copy(0, bytes, 0, bytes.length);
    value.release();
    text += reply.bytes.toString('latin1', at, heldAt) + bytes.toString('latin1');
    at = heldAt;
  }
  return text + reply.bytes.toString('latin1', at, reply.length);
}

function valueAt(bytes: string, at: number): [value: Said, end: number] {
  const lineEnd = bytes.indexOf('\r\n', at);
  assert.is.not(lineEnd, -1, `a whole reply: ${bytes.slice(at)}`);
  const [type, line, next] = [bytes[at]!, bytes.slice(at + 1, lineEnd), lineEnd + 2];
  if (type === '+') return [line, next];
  if (type === '-') return [`-${line}`, next];
  if (type === ':') return [Number(line), next];
  if (type === '_') return [null, next];
  if (type === '#') return [line === 't', next];
  const length = Number(line);
  if (length === -1) return [null, next];
  if (type === '$') return [bytes.slice(next, next + length), next + length + 2];
  return listAt(bytes, next, type === '%' ? length * 2 : length);
}

function listAt(bytes: string, at: number, length: number): [value: Said, end: number] {
  const list: Said[] = [];
  let next = at;
  for (let i = 0; i < length; i++) {
    const [value, end] = valueAt(bytes, next);
    list.push(value);
    next = end;
  }
  return [list, next];
}
