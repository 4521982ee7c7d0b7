// A document that several who are sent it hold together: charged once, and released with the last of them.

import { RoomError } from '../errors.ts';
import type { Value } from '../store/value.ts';

/** What memory is charged to. */
export interface Room {
  /** False and unchanged where there is none. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

export class HeldBytes implements Value {
  readonly #bytes: Buffer;
  readonly #room: Room;
  #holders = 1;

  /** Throws RoomError. */
  constructor(text: string, room: Room) {
    const length = Buffer.byteLength(text);
    if (!room.charge(length)) throw new RoomError('there is no memory for this document');
    this.#bytes = Buffer.allocUnsafeSlow(length);
    this.#bytes.write(text);
    this.#room = room;
  }

  get length(): number {
    return this.#bytes.length;
  }

  copy(position: number, target: Uint8Array, at: number, length: number): void {
    this.#bytes.copy(target, at, position, position + length);
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return;
    this.#room.release(this.#bytes.length);
  }
}
