// The one place where bytes are charged and released: everything the daemon holds for others counts here.

/** Frees at least `bytes` by dropping what may be dropped; false where that is not possible. */
export type MakeRoom = (bytes: number) => boolean;

export class Budget {
  readonly limitBytes: number;
  #usedBytes = 0;
  #makeRoom: MakeRoom = () => false;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get freeBytes(): number {
    return this.limitBytes - this.#usedBytes;
  }

  /** The store says how room is made; without it a full budget simply refuses. */
  onFull(makeRoom: MakeRoom): void {
    this.#makeRoom = makeRoom;
  }

  /** Charges `bytes`, evicting for them where needed; false and unchanged where there is no room. */
  charge(bytes: number): boolean {
    const missing = this.#usedBytes + bytes - this.limitBytes;
    if (missing > 0 && !this.#makeRoom(missing)) return false;
    this.#usedBytes += bytes;
    return true;
  }

  /** Charges what is held already, room or not. */
  force(bytes: number): void {
    this.#usedBytes += bytes;
  }

  release(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}
