// Replies of the short way that leave together, when all sockets that had something to read were read from. A client that
// sleeps is woken by the first of them, and finds the others when it looks; were each sent as soon as it is made, the client
// would fall asleep between any two of them, and waking it takes as long as several commands.

import type { Outbox } from './outbox.ts';
import type { Reply } from './reply.ts';

/** Each has memory of its own. */
const MOST_REPLIES = 16;
/** So many bytes do not wait for more: the processor has them at hand. */
const MOST_BYTES = 24_576;

export interface DeparturesParts {
  readonly newReply: () => Reply;
  /** Told that something waits for the end of the turn. */
  readonly planned: () => void;
  /** For what nobody foresaw. */
  readonly defect: (error: unknown) => void;
}

export class Departures {
  readonly #parts: DeparturesParts;
  readonly #replies: (Reply | undefined)[] = [];
  /** Of each reply, by which it leaves. */
  readonly #outboxes: (Outbox | undefined)[] = [];
  #count = 0;
  /** The first one that has not left. */
  #next = 0;
  #bytes = 0;
  /** Empty ones. */
  readonly #spare: Reply[] = [];

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  /** The reply leaves by the outbox, before anything else does and at the end of the turn at the latest. Returns an empty one. */
  add(reply: Reply, outbox: Outbox): Reply {
    this.#replies[this.#count] = reply;
    this.#outboxes[this.#count] = outbox;
    this.#count++;
    outbox.isExpecting = true;
    this.#bytes += reply.length;
    if (this.#bytes > MOST_BYTES || this.#count === MOST_REPLIES) this.leave();
    else this.#parts.planned();
    return this.#spare.pop() ?? this.#parts.newReply();
  }

  /** All leave now. What is called on the way may add to them, or have them leave as well. */
  leave(): void {
    while (this.#next < this.#count) {
      const reply = this.#replies[this.#next]!;
      const outbox = this.#outboxes[this.#next]!;
      // Both may be gone before there are others in their place.
      this.#replies[this.#next] = undefined;
      this.#outboxes[this.#next] = undefined;
      this.#next++;
      outbox.isExpecting = false;
      this.#send(reply, outbox);
    }
    this.#next = 0;
    this.#bytes = 0;
    this.#count = 0;
  }

  // --- the inside

  #send(reply: Reply, outbox: Outbox): void {
    try {
      if (outbox.send(reply)) this.#spare.push(reply);
      else reply.discharge();
    } catch (error) {
      this.#parts.defect(error);
      reply.discharge();
      outbox.fail();
    }
  }
}
