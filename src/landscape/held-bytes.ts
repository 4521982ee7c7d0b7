// A document that all who are sent it hold together: charged once, and released with the last of them.

import { RoomError } from '../errors.ts';
import type { Value } from '../store/value.ts';

/** What memory is charged to. */
export interface Room {
  /** False and unchanged where there is none. */
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

/** It is held in pieces of this size: one of a whole document would be there twice while it is made. */
const PIECE_BYTES = 65_536;

export class HeldBytes implements Value {
  readonly #room: Room;
  readonly #pieces: Buffer[] = [];
  #length = 0;
  #holders = 1;

  /** Throws RoomError. */
  constructor(texts: Iterable<string>, room: Room) {
    this.#room = room;
    try {
      for (const text of texts) this.#append(Buffer.from(text));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  get length(): number {
    return this.#length;
  }

  copy(position: number, target: Uint8Array, at: number, length: number): void {
    for (let done = 0; done < length; ) {
      const [piece, from] = [Math.floor((position + done) / PIECE_BYTES), (position + done) % PIECE_BYTES];
      done += this.#pieces[piece]!.copy(target, at + done, from, Math.min(PIECE_BYTES, from + length - done));
    }
  }

  retain(): this {
    this.#holders++;
    return this;
  }

  release(): void {
    if (this.#holders === 0 || --this.#holders > 0) return;
    this.#room.release(this.#pieces.length * PIECE_BYTES);
    this.#pieces.length = 0;
  }

  #append(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      const at = this.#length % PIECE_BYTES;
      if (at === 0) this.#grow();
      const length = Math.min(bytes.length - done, PIECE_BYTES - at);
      this.#pieces.at(-1)!.set(bytes.subarray(done, done + length), at);
      done += length;
      this.#length += length;
    }
  }

  #grow(): void {
    if (!this.#room.charge(PIECE_BYTES)) throw new RoomError('there is no memory for this document');
    this.#pieces.push(Buffer.allocUnsafeSlow(PIECE_BYTES));
  }
}
