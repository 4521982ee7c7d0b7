// What all connections together may send of long heads in one turn of the event loop: the rest is left unread until the
// next. A turn may read from everyone, and only after it are connections closed and the memory of their parsers freed.

import type { Socket } from 'node:net';
import { holdUnread, readAgain } from './http/reading.ts';

const TURN_BYTES = 1 << 20;

export class Brake {
  readonly #sockets: () => Iterable<Socket>;
  #takenBytes = 0;
  #isOn = false;
  #turn: NodeJS.Immediate | undefined;

  constructor(sockets: () => Iterable<Socket>) {
    this.#sockets = sockets;
  }

  /** So many bytes became, or may become, a long head. */
  took(bytes: number): void {
    this.#takenBytes += bytes;
    this.#turn ??= setImmediate(() => this.#turnEnds());
    if (this.#isOn || this.#takenBytes <= TURN_BYTES) return;
    this.#isOn = true;
    for (const socket of this.#sockets()) holdUnread(socket);
  }

  /** What was answered is closed after this turn, and its parser freed at the end of the next. */
  #turnEnds(): void {
    this.#takenBytes = 0;
    this.#turn = this.#isOn ? setImmediate(() => this.#release()) : undefined;
  }

  #release(): void {
    this.#turn = undefined;
    this.#takenBytes = 0;
    this.#isOn = false;
    for (const socket of this.#sockets()) readAgain(socket);
  }
}
