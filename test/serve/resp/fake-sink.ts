// Where a connection writes, as a socket is: takes what it is given at once, or when it is told to.

import type { Sink } from '../../../src/serve/resp/outbox.ts';

export class FakeSink implements Sink {
  /** All that was written, one byte a character. */
  text = '';
  writes = 0;
  /** Takes nothing at once. */
  isSlow = false;
  #waiting: { readonly length: number; readonly sent: (error?: Error | null) => void }[] = [];

  get writableLength(): number {
    return this.#waiting.reduce((sum, { length }) => sum + length, 0);
  }

  write(bytes: Uint8Array, sent: (error?: Error | null) => void): boolean {
    this.writes++;
    this.text += Buffer.from(bytes).toString('latin1');
    if (!this.isSlow && this.#waiting.length === 0) {
      queueMicrotask(() => sent());
      return true;
    }
    this.#waiting.push({ length: bytes.length, sent });
    return false;
  }

  /** What was written since this was asked last. */
  takeText(): string {
    const { text } = this;
    this.text = '';
    return text;
  }

  /** The system takes the first write that waits. */
  take(error?: Error): void {
    this.#waiting.shift()?.sent(error);
  }

  /** All of them, also those that come of it. */
  takeAll(): void {
    while (this.#waiting.length > 0) this.take();
  }
}
