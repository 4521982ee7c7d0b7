// Sends a value: a short one at once, a long one piece by piece as fast as the client takes it.

import type { ServerResponse } from 'node:http';
import type { Value } from '../../store/value.ts';

/** Values up to here are copied and sent together with the head. */
export const SENT_AT_ONCE_BYTES = 16_384;
const PIECE_BYTES = 65_536;

/** A client that takes nothing for this long is cut off: it holds memory that others could use. */
const STALLED_AFTER_MS = 30_000;

/** Sends the whole value after a head that was written, and releases it, however it ends. */
export function sendValue(response: ServerResponse, value: Value): void {
  if (value.length <= SENT_AT_ONCE_BYTES) {
    const bytes = Buffer.allocUnsafe(value.length);
    value.copy(0, bytes, 0, value.length);
    value.release();
    response.end(bytes);
    return;
  }
  let position = 0;
  const stop = (): void => {
    clearTimeout(stalled);
    value.release();
  };
  const stalled = setTimeout(() => response.destroy(), STALLED_AFTER_MS).unref();
  const send = (): void => {
    while (position < value.length) {
      const length = Math.min(PIECE_BYTES, value.length - position);
      const piece = Buffer.allocUnsafeSlow(length);
      value.copy(position, piece, 0, length);
      position += length;
      if (!response.write(piece)) break;
    }
    if (position === value.length) response.end();
    else stalled.refresh();
  };
  response.on('drain', send);
  response.once('close', stop);
  send();
}
