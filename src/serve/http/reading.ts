// Whether a connection of node:http is read, and what its parser keeps: Node's server resumes one by itself whenever a
// request ends, and reads from its system's handle past the streams.

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * As Node's own server handles it: `_paused` keeps requests that end from having the connection read on, `onIncoming`
 * is called with each request parsed, the function at `kOnExecute` with how many bytes of each chunk were parsed.
 * Without them the bounds hold all the same, later.
 */
interface Parser {
  onIncoming?: () => number;
  resume(): void;
  remove?: unknown;
  close?: unknown;
  readonly constructor: { readonly kOnExecute?: unknown };
  [index: number]: unknown;
}

interface Handle {
  readonly reading?: boolean;
  readStop?: unknown;
  readStart?: unknown;
}

type HttpSocket = Socket & { _paused?: boolean; parser?: Parser | null; _handle?: Handle | null };

export function stopReading(socket: HttpSocket): void {
  socket._paused = true;
  socket.pause();
}

export function readOn(socket: HttpSocket): void {
  socket._paused = false;
  socket.parser?.resume();
  socket.resume();
}

/**
 * No request is taken from the connection any more, not even of what was received already: behind the next head Node
 * stops parsing, as for a protocol that HTTP was left for.
 */
export function ignoreRequests(socket: HttpSocket): void {
  if (socket.parser) socket.parser.onIncoming = () => 2;
}

/** For a moment nothing more is received, whatever the streams over it think of that. */
export function holdUnread(socket: HttpSocket): void {
  const handle = socket._handle;
  if (handle?.reading && typeof handle.readStop === 'function') handle.readStop();
}

/** Ends `holdUnread`; who stopped reading otherwise meanwhile is left so. */
export function readAgain(socket: HttpSocket): void {
  const handle = socket._handle;
  if (handle?.reading && typeof handle.readStart === 'function') handle.readStart();
}

/** Has `received` told the length of every chunk, after it was parsed and before the next is read. */
export function onReceived(socket: HttpSocket, received: (bytes: number) => void): void {
  const { parser } = socket;
  const index = parser?.constructor.kOnExecute;
  if (!parser || typeof index !== 'number') return;
  const executed = parser[index];
  if (typeof executed !== 'function') return;
  parser[index] = (parsed: unknown) => {
    if (typeof parsed === 'number') received(parsed);
    executed(parsed);
  };
}

/** The characters of a head, but those between its parts. */
export function headLength({ url, rawHeaders }: IncomingMessage): number {
  let length = url!.length;
  for (const text of rawHeaders) length += text.length;
  return length;
}

/**
 * For a connection that was closed. Node keeps its parser for another, and that keeps the target and headers that came
 * in pieces until their like come again: who had long ones does without.
 */
export function discardParser(socket: HttpSocket): void {
  const { parser } = socket;
  if (typeof parser?.remove !== 'function' || typeof parser.close !== 'function') return;
  socket.parser = null;
  parser.remove();
  parser.close();
}
