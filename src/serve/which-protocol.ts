// Tells what is spoken on a connection of the socket, HTTP or RESP, by what comes first; it never switches.
//
// `*` begins RESP. Of anything else the first line decides: one that ends as a request of HTTP does is HTTP, else it is a
// command typed by hand. What came is put back: HTTP is read by Node's own server as if it had accepted the connection.

import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../cache/clock.ts';
import type { Connections } from './connections.ts';

const ASTERISK = 0x2a;
const LF = 0x0a;
/** The longest first line. */
const MAX_LINE_BYTES = 262_144;
const LINE_WITHIN_MS = 10_000;
/** The end of a request line, with the CR that may follow. */
const ENDS_AS_HTTP = / HTTP\/1\.[01]\r?$/;
const END_BYTES = 10;

export interface ProtocolsParts {
  readonly connections: Connections;
  readonly clock: Clock;
  /** Takes a connection of RESP, with what came of it. */
  readonly takeResp: (socket: Socket, first: Buffer) => void;
}

/** From now on the server's connections that speak RESP are handed to `takeResp`. */
export function tellProtocols(server: Server, parts: ProtocolsParts): void {
  const takeHttp = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!parts.connections.admit(server, socket)) {
      for (const take of takeHttp) take.call(server, socket);
      return;
    }
    readFirst(socket, parts, () => {
      for (const take of takeHttp) take.call(server, socket);
    });
  });
}

function readFirst(socket: Socket, parts: ProtocolsParts, takeHttp: () => void): void {
  const { connections, clock, takeResp } = parts;
  let first: Buffer | undefined;
  const late = clock.after(LINE_WITHIN_MS, () => socket.destroy());
  const decided = (): void => {
    late.cancel();
    socket.off('data', onData);
    socket.off('error', onError);
    socket.off('end', onEnd);
  };
  const onData = (chunk: Buffer): void => {
    first = first ? Buffer.concat([first, chunk]) : chunk;
    const protocol = protocolOf(first);
    if (protocol === undefined) {
      connections.saw(socket, chunk.length);
      return;
    }
    decided();
    socket.pause();
    if (protocol === 'resp') {
      takeResp(socket, first);
      return;
    }
    socket.unshift(first);
    takeHttp();
    connections.saw(socket, first.length);
    socket.resume();
  };
  const onEnd = (): void => {
    decided();
    if (first) socket.unshift(first);
    takeHttp();
  };
  const onError = (): void => {};
  socket.on('data', onData);
  socket.on('error', onError);
  socket.on('end', onEnd);
  socket.once('close', () => late.cancel());
}

/** Undefined: the first line is still coming. */
export function protocolOf(bytes: Buffer): 'http' | 'resp' | undefined {
  if (bytes[0] === ASTERISK) return 'resp';
  const lfAt = bytes.indexOf(LF);
  if (lfAt === -1 && bytes.length <= MAX_LINE_BYTES) return undefined;
  if (lfAt === -1 || lfAt > MAX_LINE_BYTES) return 'resp';
  return ENDS_AS_HTTP.test(bytes.toString('latin1', Math.max(0, lfAt - END_BYTES), lfAt)) ? 'http' : 'resp';
}
