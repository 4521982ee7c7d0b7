// What one client is sent without having asked for it: messages, and names of what changed. It is gathered, and leaves
// soon, or behind the reply under way; never before a value that was read before it.

import { RoomError } from '../../errors.ts';
import type { Account } from './account.ts';
import type { Client } from './client.ts';
import type { Outbox } from './outbox.ts';
import type { PendingReplies } from './pending-replies.ts';
import { Reply } from './reply.ts';

/** What may wait to leave of what was not asked for. */
const MOST_PUSHED_BYTES = 1 << 20;
/** Over so many bytes they do not wait for more to come. */
const SEND_PUSHES_AT_BYTES = 4096;

type Write = (reply: Reply) => void;

export interface PushesParts {
  readonly client: Pick<Client, 'proto' | 'closed'>;
  readonly account: Account;
  readonly outbox: Pick<Outbox, 'bytes' | 'send'>;
  readonly pending: Pick<PendingReplies, 'isEmpty' | 'place'>;
  /** The client takes less than it is sent, or there is no memory for it. */
  readonly failed: () => void;
}

export class Pushes {
  readonly #parts: PushesParts;
  #gathered: Reply | undefined;
  #isWriting = false;
  /** Told while another was written: to make room for that one, what these tell of had to go. */
  readonly #behind: Write[] = [];
  /** They leave when all that runs now has run. */
  #isLeaving = false;

  constructor(parts: PushesParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#gathered === undefined;
  }

  /** Gathers what `write` appends: all of it, or none. True where it is to be sent. */
  add(write: Write): boolean {
    if (this.#parts.client.closed) return false;
    if (this.#isWriting) {
      this.#behind.push(write);
      return false;
    }
    this.#isWriting = true;
    try {
      let isAdded = this.#write(write);
      while (isAdded && this.#behind.length > 0) isAdded = this.#write(this.#behind.shift()!);
      return isAdded;
    } finally {
      this.#isWriting = false;
      this.#behind.length = 0;
    }
  }

  /** No command is being run. */
  sendSoon(): void {
    // What is told to many is not to be held for all of them at one time.
    if (this.#gathered && this.#gathered.length > SEND_PUSHES_AT_BYTES) this.send();
    else if (!this.#isLeaving) {
      this.#isLeaving = true;
      queueMicrotask(() => this.send());
    }
  }

  /** At once, or behind those that wait for a load. */
  send(): void {
    const { client, outbox, pending } = this.#parts;
    this.#isLeaving = false;
    if (!pending.isEmpty && !client.closed) {
      // Not before a value that was read before: who was told of it first would keep it.
      this.append();
      return;
    }
    const gathered = this.#take();
    if (!gathered) return;
    if (!client.closed) outbox.send(gathered);
    gathered.discharge();
  }

  /** Behind the reply that was just made. */
  append(): void {
    const gathered = this.#take();
    if (!gathered) return;
    const target = this.#parts.pending.place();
    try {
      target.raw(gathered.bytes.subarray(0, gathered.length));
    } catch {
      this.#parts.failed();
    }
    gathered.discharge();
  }

  // --- the inside

  /** False where the client is given up. */
  #write(write: Write): boolean {
    const { client, account, outbox, failed } = this.#parts;
    // By what was not taken before: one that takes all it is sent may be sent more than the bound at one time.
    if (outbox.bytes + (this.#gathered?.length ?? 0) > MOST_PUSHED_BYTES) {
      failed();
      return false;
    }
    this.#gathered ??= new Reply(undefined, account);
    const gathered = this.#gathered;
    gathered.proto = client.proto;
    const { mark } = gathered;
    try {
      write(gathered);
      return true;
    } catch (error) {
      if (!(error instanceof RoomError)) throw error;
      gathered.truncate(mark);
      failed();
      return false;
    }
  }

  #take(): Reply | undefined {
    const gathered = this.#gathered;
    this.#gathered = undefined;
    return gathered;
  }
}
