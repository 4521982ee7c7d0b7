// From a socket to a RESP connection: the one place where the events of the one become calls of the other.

import type { Socket } from 'node:net';
import type { SidecacheError } from '../../errors.ts';
import type { Connections } from '../connections.ts';
import { RespConnection } from './connection.ts';
import { readDirectly } from './direct-io.ts';
import type { Peer } from './peer.ts';
import type { RespServer } from './resp-server.ts';

/** `first`: what came already; the socket is not being read. */
export function acceptResp(
  shared: RespServer,
  connections: Connections,
  socket: Socket,
  first: Buffer,
  peer: Peer,
): void {
  const connection = new RespConnection(shared, socket, peer);
  connections.handOver(socket, connection);
  socket.on('error', () => {});
  socket.on('end', () => connection.ended());
  socket.on('close', () => connection.closed());
  const isDirect = readDirectly(socket, (bytes, isMore) => connection.receivedShared(bytes, isMore));
  if (!isDirect) socket.on('data', (chunk: Buffer) => connection.received(chunk));
  connection.received(first);
}

/** For who cannot be served at all: told why, and closed. */
export function refuseResp(socket: Socket, error: SidecacheError): void {
  socket.on('error', () => {});
  const text = error.message.replace(/[\r\n]+/g, '; ');
  socket.end(`-ERR ${text}\r\n`);
  socket.destroySoon();
}
