// Connections for which there is neither place nor memory: told so, and closed.

import type { Socket } from 'node:net';
import type { Clock } from '../cache/clock.ts';
import { discardParser, holdUnread, onReceived } from './http/reading.ts';
import { refusal, refuseOn } from './http/refusal.ts';

/** Who is turned away may take so long to hear why, while they are few. */
const HEARD_WITHIN_MS = 500;
const MOST = 32;

const NO_PLACE = refusal('no_room', 'there is no place or no memory for another connection; try again later');

export class TurnedAway {
  readonly #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closing at once would break off the request that is just being sent, before its sender has read why. */
  add(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#count >= MOST) {
      refuseOn(socket, NO_PLACE);
      return;
    }
    this.#count++;
    socket.end(NO_PLACE);
    const late = this.#clock.after(HEARD_WITHIN_MS, () => socket.destroy());
    socket.once('close', () => {
      this.#count--;
      late.cancel();
      discardParser(socket);
    });
  }

  /** Nothing of it is read after its first chunk, once Node has given the connection its parser. */
  watch(socket: Socket): void {
    onReceived(socket, () => holdUnread(socket));
  }
}
