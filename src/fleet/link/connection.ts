// One connection to a place: one request at a time, one answer to each. What comes unasked ends it.

import type { Socket } from 'node:net';
import type { Fault } from './answer-head.ts';
import { AnswerParser, type Parsed } from './answer-parser.ts';
import type { Broken, HttpAnswer } from './exchange.ts';

export interface Life {
  /** A connection that nobody uses is closed after so long. */
  readonly idleMs: number;
  /** Its answer came, and it can carry another request. */
  freed(): void;
  gone(): void;
}

type Settle = (result: HttpAnswer | Broken) => void;

const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

export class Connection {
  readonly #socket: Socket;
  readonly #life: Life;
  #parser: AnswerParser | undefined;
  #settle: Settle | undefined;
  #wasUsed = false;
  #isClosed = false;

  /** `open`: hands on what comes in, in pieces that are its own again afterwards. */
  constructor(open: (read: (bytes: Buffer) => void) => Socket, life: Life) {
    this.#life = life;
    const socket = open((bytes) => this.#read(bytes));
    this.#socket = socket;
    socket.on('error', (error: NodeJS.ErrnoException) => this.#broke(error.code ?? ''));
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#broke('ECONNRESET'));
    socket.setTimeout(life.idleMs);
    socket.on('timeout', () => {
      if (this.#settle === undefined) this.close();
    });
  }

  /** `settle` is called once, and not from within. Together in one write, where they are given as one. */
  send(head: string, body: Buffer | undefined, maxReplyBytes: number, settle: Settle): void {
    this.#parser = new AnswerParser(maxReplyBytes);
    this.#settle = settle;
    const socket = this.#socket;
    if (this.#wasUsed) socket.ref();
    if (body !== undefined) socket.cork();
    socket.write(head, 'latin1');
    if (body === undefined) return;
    socket.write(body);
    socket.uncork();
  }

  /** Nobody waits for the answer any more. */
  abort(): void {
    this.#broke('ABORTED');
  }

  close(): void {
    this.#broke('ECONNRESET');
  }

  #read(bytes: Buffer): void {
    if (this.#isClosed) return;
    const result = this.#parser === undefined ? UNASKED : this.#parser.push(bytes);
    if (result !== undefined) this.#take(result);
  }

  #ended(): void {
    if (this.#parser === undefined || this.#isClosed) this.close();
    else this.#take(this.#parser.end());
  }

  #take(result: Parsed | Fault): void {
    if ('fault' in result) {
      this.#broke(result.fault);
      return;
    }
    const settle = this.#settle;
    this.#parser = undefined;
    this.#settle = undefined;
    // An answer that came before all of the request was sent is the last.
    if (result.isKept && this.#socket.writableLength === 0) this.#keep();
    else this.close();
    settle?.(result.answer);
  }

  #keep(): void {
    this.#wasUsed = true;
    this.#socket.unref();
    this.#life.freed();
  }

  /** The first that says why counts. */
  #broke(broken: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const [parser, settle] = [this.#parser, this.#settle];
    this.#parser = undefined;
    this.#settle = undefined;
    this.#socket.destroy();
    this.#life.gone();
    const stale = this.#wasUsed && parser?.hasBegun === false && STALE.has(broken);
    settle?.({ broken, answered: parser?.hasHead === true, stale });
  }
}

const UNASKED: Fault = { fault: 'ECONNRESET' };
