// Whether a connection of node:http is read: its server resumes one by itself whenever a request ends.

import type { Socket } from 'node:net';

/**
 * As Node's own server handles it: `_paused` keeps requests that end from having the connection read on, `onIncoming`
 * is called with each request parsed. Without them the bounds hold all the same, later.
 */
type HttpSocket = Socket & {
  _paused?: boolean;
  parser?: { onIncoming?: () => number; resume(): void } | null;
};

export function stopReading(socket: HttpSocket): void {
  socket._paused = true;
  socket.pause();
}

export function readOn(socket: HttpSocket): void {
  socket._paused = false;
  socket.parser?.resume();
  socket.resume();
}

/** No request is taken from the connection any more, not even of what was received already. */
export function ignoreRequests(socket: HttpSocket): void {
  if (socket.parser) socket.parser.onIncoming = () => 0;
}
