// Short answers in one write. Node's public interface writes a head header by header, each checked, and ends every
// answer with an empty second write; for a hit of a few hundred bytes that is a fifth of its cost (bench/findings.md).
//
// This reaches into OutgoingMessage: `_header` is the head as it will be sent, and `_send('', …, callback)` is the
// empty write. Where a Node version has them otherwise, the public interface is used, with the same bytes on the wire.

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

interface Internals {
  _header: string | null;
  _headerSent: boolean;
  _hasBody: boolean;
  outputData: unknown[];
}

type Send = (data: unknown, encoding?: unknown, callback?: unknown, byteLength?: unknown) => boolean;

const inherited = (ServerResponse.prototype as unknown as { _send?: Send })._send;
const isAsExpected = looksAsExpected();

export class OneWriteResponse extends ServerResponse {
  /** Leaves the empty write at the end out: what was written before carries the answer. */
  _send(data: unknown, encoding?: unknown, callback?: unknown, byteLength?: unknown): boolean {
    const { _headerSent, outputData } = internals(this);
    if (_headerSent && data === '' && typeof callback === 'function' && outputData.length === 0) {
      process.nextTick(callback);
      return true;
    }
    return inherited!.call(this, data, encoding, callback, byteLength);
  }
}

/** The class for createServer; undefined where Node is not as expected: its own is used then. */
export const responseClass = isAsExpected ? (OneWriteResponse as typeof ServerResponse) : undefined;

/**
 * Sends `head` (the status line and every header but Date and those of the connection, each line ended) and `body`,
 * text of one byte a character. False, and nothing is sent, where that is to be done through the public interface.
 */
export function sendAtOnce(
  request: IncomingMessage,
  response: ServerResponse,
  head: string,
  body: string,
  nowMs: number,
): boolean {
  if (!isAsExpected || !response.shouldKeepAlive || request.httpVersionMinor !== 1) return false;
  internals(response)._header = `${head}Date: ${dateAt(nowMs)}\r\n${KEEP_ALIVE}\r\n`;
  response.end(body, 'latin1');
  return true;
}

/** Longer than the 90 s after which Gorouter drops an idle connection, so that it is never we who do first. */
export const KEEP_ALIVE_SECONDS = 95;
const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_SECONDS}\r\n`;

let datedSecond = Number.NaN;
let date = '';

/** One date a second: making it costs more than the rest of the head. */
function dateAt(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== datedSecond) {
    datedSecond = second;
    date = new Date(second * 1000).toUTCString();
  }
  return date;
}

function internals(response: ServerResponse): Internals {
  return response as unknown as Internals;
}

function looksAsExpected(): boolean {
  if (inherited === undefined) return false;
  const fresh = internals(new ServerResponse(new IncomingMessage(new Socket())));
  const { _header, _headerSent, _hasBody, outputData } = fresh;
  return _header === null && _headerSent === false && _hasBody === true && Array.isArray(outputData);
}
