// Sends a value: a short one at once, a long one piece by piece as fast as the client takes it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RoomError } from '../../errors.ts';
import type { Value } from '../../store/value.ts';
import type { Context } from './context.ts';
import { sendError } from './problem.ts';

/** Values up to here are copied and sent together with the head. */
export const SENT_AT_ONCE_BYTES = 16_384;
/** Of a longer one so much at a time, where there is room; each who is being sent one holds a piece. */
const PIECES_BYTES = [65_536, 16_384];

/** A client that takes nothing for this long is cut off: it holds memory that others could use. */
const STALLED_AFTER_MS = 30_000;

/** Sends head and value, and releases the value, however it ends; 503 where there is no room for a piece of it. */
export function sendValue(
  { headroom, garbage }: Pick<Context, 'headroom' | 'garbage'>,
  value: Value,
  headers: string[],
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // Who left while it was loaded will not leave again: nobody would be told when to let it go.
  if (response.destroyed) {
    value.release();
    return;
  }
  if (value.length <= SENT_AT_ONCE_BYTES) {
    const bytes = Buffer.allocUnsafe(value.length);
    value.copy(0, bytes, 0, value.length);
    value.release();
    response.writeHead(200, headers).end(bytes);
    return;
  }
  const pieceBytes = PIECES_BYTES.find((bytes) => headroom.charge(bytes));
  if (pieceBytes === undefined) {
    value.release();
    sendError(request, response, new RoomError('too many large values are being sent; try again later'));
    return;
  }
  const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, value.length));
  const stalled = setTimeout(() => response.destroy(), STALLED_AFTER_MS).unref();
  let position = 0;
  const send = (error?: Error | null): void => {
    if (error) return;
    stalled.refresh();
    const length = Math.min(piece.length, value.length - position);
    value.copy(position, piece, 0, length);
    position += length;
    // The piece is used again only when all of it has left.
    if (position < value.length) response.write(piece.subarray(0, length), send);
    else response.end(piece.subarray(0, length));
  };
  response.once('close', () => {
    clearTimeout(stalled);
    value.release();
    headroom.release(pieceBytes);
    garbage.passed(piece.length);
  });
  response.writeHead(200, headers);
  send();
}
