// A value that stays readable while it is being sent, whatever happens to its entry meanwhile.

export interface Value {
  readonly length: number;
  /** Copies `length` bytes from `position` into `target[at…]`. */
  copy(position: number, target: Uint8Array, at: number, length: number): void;
  /** One more who will call `release`. */
  retain(): Value;
  /** To be called once by each who holds it, when nothing more is read from it. */
  release(): void;
}
