// A RESP client that hides nothing: replies are trees, in order; it knows no command and no type of value.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CLOSED, readTree, type Tree } from './reply-tree.ts';

const LIMIT_MS = 20_000;

export class RawClient {
  /** Frames that nobody took yet, the oldest first. */
  readonly #frames: Tree[] = [];
  readonly #waiting: ((frame: Tree) => void)[] = [];
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #closed = false;
  /** What came that is no RESP. */
  #fault: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
    socket.once('close', () => this.#end());
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get socket(): Socket {
    return this.#socket;
  }

  write(bytes: Buffer | string): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next frame, a push as well as a reply; `closed` when there will be none. */
  async next(): Promise<Tree> {
    const frame = this.#frames.shift();
    if (frame) return frame;
    if (this.#fault) throw this.#fault;
    if (this.#closed) return CLOSED;
    return this.#nextToCome();
  }

  send(...args: readonly (string | Buffer)[]): Promise<Tree> {
    this.write(encodeCommand(args));
    return this.next();
  }

  /** All that comes until the connection is closed. */
  async rest(): Promise<Tree[]> {
    const frames: Tree[] = [];
    for (;;) {
      const frame = await this.next();
      if (frame === CLOSED) return frames;
      frames.push(frame);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #nextToCome(): Promise<Tree> {
    return new Promise((resolve, reject) => {
      const take = (frame: Tree): void => {
        clearTimeout(late);
        if (this.#fault) reject(this.#fault);
        else resolve(frame);
      };
      const late = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(take), 1);
        reject(new Error(`no reply within ${LIMIT_MS} ms`));
      }, LIMIT_MS);
      this.#waiting.push(take);
    });
  }

  #take(bytes: Buffer): void {
    this.#bytes = this.#bytes.length === 0 ? bytes : Buffer.concat([this.#bytes, bytes]);
    let at = 0;
    try {
      for (let read = readTree(this.#bytes, at); read; read = readTree(this.#bytes, at)) {
        at = read.end;
        this.#give(read.tree);
        if (at === this.#bytes.length) break;
      }
    } catch (error) {
      this.#fault = error as Error;
      this.#socket.destroy();
    }
    this.#bytes = this.#bytes.subarray(at);
  }

  #give(frame: Tree): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting(frame);
    else this.#frames.push(frame);
  }

  #end(): void {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting(CLOSED);
  }
}

/** A command as every client sends it: an array of bulk strings. Strings are latin1. */
export function encodeCommand(args: readonly (string | Buffer)[]): Buffer {
  const parts: Buffer[] = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = typeof arg === 'string' ? Buffer.from(arg, 'latin1') : arg;
    parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(parts);
}

const CRLF = Buffer.from('\r\n');
