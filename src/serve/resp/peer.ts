// Who is at the other end of a RESP connection.

import type { Socket } from 'node:net';

export interface Peer {
  readonly address: string;
  readonly localAddress: string;
  /** Need not say who it is. */
  readonly isTrusted: boolean;
  readonly takesInline: boolean;
}

/** Over the Unix socket: its mode says who may connect. */
export function socketPeer(path: string): Peer {
  return { address: `${path}:0`, localAddress: `${path}:0`, isTrusted: true, takesInline: true };
}

/** Over loopback TCP, where any program of this machine, or a page that a browser shows, may connect. */
export function tcpPeer(socket: Socket, isTrusted: boolean): Peer {
  return {
    address: `${socket.remoteAddress}:${socket.remotePort}`,
    localAddress: `${socket.localAddress}:${socket.localPort}`,
    isTrusted,
    takesInline: false,
  };
}
