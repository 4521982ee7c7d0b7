// What is held for one client beyond the cost of its connection: charged to the budget, and released with it at the latest.

/** Where memory held for clients is charged; the daemon's headroom is one. */
export interface Room {
  charge(bytes: number): boolean;
  release(bytes: number): void;
}

export class Account {
  readonly #room: Room;
  #bytes = 0;
  #closed = false;

  constructor(room: Room) {
    this.#room = room;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** False and unchanged where there is no room. */
  charge(bytes: number): boolean {
    if (this.#closed || !this.#room.charge(bytes)) return false;
    // Making room may have ended this very client.
    if (this.#closed) {
      this.#room.release(bytes);
      return false;
    }
    this.#bytes += bytes;
    return true;
  }

  release(bytes: number): void {
    if (this.#closed) return;
    this.#bytes -= bytes;
    this.#room.release(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#room.release(this.#bytes);
    this.#bytes = 0;
  }
}
