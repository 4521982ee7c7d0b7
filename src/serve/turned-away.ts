// Connections for which there is neither place nor memory: told so in the protocol they speak, and closed.

import type { Socket } from 'node:net';
import type { Clock } from '../cache/clock.ts';
import { discardParser, holdUnread, onReceived } from './http/reading.ts';
import { refusal, refuseOn } from './http/refusal.ts';
import { protocolOf } from './which-protocol.ts';

/** What a listener's clients speak; `either`: what comes first tells, and nobody else reads the connection. */
export type Speaks = 'http' | 'resp' | 'either';

/** Who is turned away may take so long to hear why, while they are few. */
const HEARD_WITHIN_MS = 500;
const MOST = 32;

const NO_PLACE = refusal('no_room', 'there is no place or no memory for another connection; try again later');
/** As Redis says it. */
const RESP_NO_PLACE = '-ERR max number of clients reached\r\n';
const RESP_NO_ROOM = '-OOM command not allowed: there is no memory left for another connection\r\n';

export class TurnedAway {
  readonly #clock: Clock;
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closing at once would break off the request that is just being sent, before its sender has read why. */
  add(socket: Socket, speaks: Speaks, isFull: boolean): void {
    const answerTo = (protocol: string | undefined): string => {
      if (protocol !== 'resp') return NO_PLACE;
      return isFull ? RESP_NO_PLACE : RESP_NO_ROOM;
    };
    socket.on('error', () => {});
    if (this.#count >= MOST) {
      refuseOn(socket, answerTo(speaks));
      return;
    }
    this.#count++;
    if (speaks === 'either') {
      socket.once('data', (first: Buffer) => {
        socket.pause();
        socket.end(answerTo(protocolOf(first)));
      });
    } else {
      socket.end(answerTo(speaks));
    }
    const late = this.#clock.after(HEARD_WITHIN_MS, () => {
      if (socket.writable) refuseOn(socket, NO_PLACE);
      else socket.destroy();
    });
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
