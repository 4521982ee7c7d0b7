// Replies that keep their place on one connection while commands wait for loads. Each command that waits has one of its
// own; what is run behind it is answered in one behind that. They leave in order, each once nothing before it waits.

import type { Account } from './account.ts';
import type { Outbox } from './outbox.ts';
import { Reply } from './reply.ts';
import type { RespServer } from './resp-server.ts';

/** Commands of one connection that wait for loads, or for such a one before them. */
const MOST_PENDING = 1024;
const PENDING_COST_BYTES = 1024;

/** A reply that has to keep its place. */
interface Pending {
  reply: Reply;
  done: boolean;
}

export interface PendingRepliesParts {
  /** Whose scratch replies are made in while none waits. */
  readonly shared: Pick<RespServer, 'scratch'>;
  readonly account: Account;
  readonly outbox: Pick<Outbox, 'send'>;
  /** What is in the scratch stands before the one that waits from now on: it is to leave. */
  readonly parted: () => void;
  /** One that was waited for is there, and what it kept from leaving has left. */
  readonly arrived: () => void;
  /** There is no memory to keep a place with. */
  readonly failed: () => void;
}

export class PendingReplies {
  readonly #parts: PendingRepliesParts;
  /** The first one waits. */
  readonly #pending: Pending[] = [];
  #closed = false;

  constructor(parts: PendingRepliesParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  get isFull(): boolean {
    return this.#pending.length >= MOST_PENDING;
  }

  /** The reply in which is answered what is run next. */
  place(): Reply {
    const last = this.#pending[this.#pending.length - 1];
    if (!last) return this.#parts.shared.scratch;
    if (last.done) return last.reply;
    return this.#add(new Reply(undefined, this.#parts.account), true).reply;
  }

  /** The command's reply, which is at its `place` behind the mark, keeps its place until it is there. */
  park(reply: Reply, mark: number, waits: Promise<void>): void {
    const { shared, account, parted } = this.#parts;
    const head = reply.splitHead(mark, account);
    const last = this.#pending[this.#pending.length - 1];
    if (!last) {
      shared.scratch = head;
      parted();
    } else if (head.length > 0) last.reply = head;
    else this.#dropLast(head);
    const pending = this.#add(reply, false);
    void waits.then(() => this.#arrived(pending));
  }

  /** None of them leaves any more; what is there lets go of what it holds, what is not yet does so when it comes. */
  close(): void {
    this.#closed = true;
    for (const { reply, done } of this.#pending) if (done) reply.truncate(0);
  }

  // --- the inside

  #add(reply: Reply, done: boolean): Pending {
    const pending = { reply, done };
    this.#pending.push(pending);
    if (!this.#parts.account.charge(PENDING_COST_BYTES)) this.#parts.failed();
    return pending;
  }

  /** The place was made for the reply that is to have one of its own: there is nothing else in it. */
  #dropLast(empty: Reply): void {
    this.#pending.pop();
    this.#parts.account.release(PENDING_COST_BYTES);
    empty.discharge();
  }

  #arrived(pending: Pending): void {
    const { account, outbox, arrived } = this.#parts;
    pending.done = true;
    if (this.#closed) {
      pending.reply.truncate(0);
      pending.reply.discharge();
      return;
    }
    while (this.#pending[0]?.done) {
      const { reply } = this.#pending.shift()!;
      account.release(PENDING_COST_BYTES);
      outbox.send(reply);
      reply.discharge();
    }
    arrived();
  }
}
