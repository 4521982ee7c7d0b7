// Tells what is spoken on a connection of the socket, HTTP or RESP, by what comes first; it never switches.
//
// `*` begins RESP, and what is no text can only be refused, as HTTP is. Of anything else the first line decides: one that
// ends as a request of HTTP does, of whatever version, is left to HTTP; else it is a command typed by hand. What came is put back: HTTP is read by Node's own server as if it had accepted the connection.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../cache/clock.ts';
import type { Connections } from './connections.ts';
import { refusal, refuseOn } from './http/refusal.ts';

const ASTERISK = 0x2a;
const LF = 0x0a;
const LINE_ENDS = [LF, 0x0d, 0x09];
const SPACE = 0x20;
const DELETE = 0x7e;
/** The longest first line. */
const MAX_LINE_BYTES = 262_144;
const LINE_WITHIN_MS = 10_000;
/** Of a line that comes byte by byte each piece would take some hundred bytes. */
const MOST_PIECES = 8;
/** The end of a request line, with the CR that may follow. */
const ENDS_AS_HTTP = / HTTP\/\d\.\d\r?$/;
const END_BYTES = 10;

export interface ProtocolsParts {
  readonly connections: Connections;
  readonly clock: Clock;
  /** Takes a connection of RESP, with what came of it. */
  readonly takeResp: (socket: Socket, first: Buffer) => void;
}

const TOO_LATE = refusal('bad_request', 'the request did not come to its end in time', 408);

const NOT_ALL = refusal('bad_request', 'the connection ended before its first line did');

/** From now on the server's connections that speak RESP are handed to `takeResp`. */
export function tellProtocols(server: Server, parts: ProtocolsParts): void {
  const takeHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!parts.connections.admit(server, socket, 'either')) return;
    readFirst(socket, parts, () => {
      for (const take of takeHttp) take.call(server, socket);
    });
  });
}

function readFirst(socket: Socket, parts: ProtocolsParts, takeHttp: () => void): void {
  const { connections, clock, takeResp } = parts;
  const pieces: Buffer[] = [];
  let bytes = 0;
  const late = clock.after(LINE_WITHIN_MS, () => refuseOn(socket, TOO_LATE));
  const decided = (): void => {
    late.cancel();
    socket.off('data', onData);
    socket.off('end', onEnd);
  };
  const onData = (chunk: Buffer): void => {
    pieces.push(chunk);
    bytes += chunk.length;
    // Joined only where that may decide, or where they are many: what is joined takes its memory twice for a while.
    const mayDecide = pieces.length === 1 || bytes > MAX_LINE_BYTES || chunk.includes(LF);
    if (pieces.length > 1 && (mayDecide || pieces.length > MOST_PIECES))
      pieces.splice(0, pieces.length, Buffer.concat(pieces));
    const protocol = mayDecide ? protocolOf(pieces[0]!) : undefined;
    if (protocol === undefined) {
      connections.saw(socket, chunk.length);
      return;
    }
    const first = pieces[0]!;
    decided();
    socket.pause();
    if (protocol === 'resp') {
      takeResp(socket, first);
      return;
    }
    socket.unshift(first);
    takeHttp();
    const { length } = first;
    // Not before this chunk is through: the stream would read on whatever HTTP says, and hold all that is sent (measured).
    process.nextTick(() => {
      socket.resume();
      // Once it was parsed: what was no part of a body then is a head that is still coming.
      process.nextTick(() => connections.saw(socket, length));
    });
  };
  const onEnd = (): void => {
    decided();
    refuseOn(socket, NOT_ALL);
  };
  const onError = (): void => {};
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('end', onEnd);
  socket.once('close', () => late.cancel());
}

/** Undefined: the first line is still coming. */
export function protocolOf(bytes: Buffer): 'http' | 'resp' | undefined {
  const first = bytes[0]!;
  if (first === ASTERISK) return 'resp';
  if (first > DELETE || (first < SPACE && !LINE_ENDS.includes(first))) return 'http';
  const lfAt = bytes.indexOf(LF);
  if (lfAt === -1 && bytes.length <= MAX_LINE_BYTES) return undefined;
  if (lfAt === -1 || lfAt > MAX_LINE_BYTES) return 'resp';
  return ENDS_AS_HTTP.test(bytes.toString('latin1', Math.max(0, lfAt - END_BYTES), lfAt)) ? 'http' : 'resp';
}
