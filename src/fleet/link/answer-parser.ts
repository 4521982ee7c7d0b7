// One answer to one request, read from the bytes of a connection as they come, however they are split. It keeps no
// piece of what it is given, holds at most twice what an answer may have, and reads nothing behind the answer's end.

import { type AnswerHead, type Fault, readHead } from './answer-head.ts';
import type { HttpAnswer } from './exchange.ts';

export interface Parsed {
  readonly answer: HttpAnswer;
  /** Nothing came behind it, and its sender keeps the connection. */
  readonly isKept: boolean;
}

/** Of all lines of an answer but the sizes of chunks: those of answers before the answer (1xx) included. */
const MAX_HEAD_BYTES = 64 << 10;
const MAX_CHUNK_LINE_BYTES = 256;
const FIRST_BYTES = 512;
const BEGINNING = 'HTTP/1.';
const LINE_FEED = 10;

/** Digits of a size up to 4 GiB, and extensions, which say nothing to us. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})[ \t]*(?:;.*)?$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be in a line
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

type Awaiting = 'head' | 'bytes' | 'chunk-line' | 'chunk-end' | 'trailer' | 'close';

export class AnswerParser {
  readonly #maxBodyBytes: number;
  #awaiting: Awaiting = 'head';
  /** The beginning of a line whose end has not come. */
  #part = '';
  #lines: string[] = [];
  #headBytes = 0;
  #head: AnswerHead | undefined;
  /** Of the body, or the chunk, that are still to come. */
  #missingBytes = 0;
  #body: Buffer = Buffer.alloc(0);
  #bodyBytes = 0;
  #hasBegun = false;

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Its status is known. */
  get hasHead(): boolean {
    return this.#head !== undefined;
  }

  /** Undefined while there is more to come. Not to be called again after it was not. */
  push(bytes: Buffer): Parsed | Fault | undefined {
    if (bytes.length > 0) this.#hasBegun = true;
    let at = 0;
    while (at < bytes.length) {
      const isLine = this.#awaiting !== 'bytes' && this.#awaiting !== 'close';
      const end = isLine ? bytes.indexOf(LINE_FEED, at) + 1 || bytes.length : this.#endOfBytes(bytes, at);
      const result = isLine
        ? this.#takeText(bytes.toString('latin1', at, end), bytes[end - 1] === LINE_FEED)
        : this.#takeBytes(bytes, at, end);
      at = end;
      if (result === undefined) continue;
      return result === 'complete' ? this.#complete(at === bytes.length) : result;
    }
    return undefined;
  }

  /** The other side ended the connection. */
  end(): Parsed | Fault {
    return this.#awaiting === 'close' ? this.#complete(false) : { fault: 'ECONNRESET' };
  }

  #complete(isLast: boolean): Parsed {
    const { status, fields, isKept } = this.#head!;
    const header = (name: string): string => fields.get(name.toLowerCase()) ?? '';
    const body = this.#body.subarray(0, this.#bodyBytes);
    return { answer: { status, header, body }, isKept: isKept && isLast };
  }

  #takeText(text: string, isLine: boolean): Fault | 'complete' | undefined {
    const isBeginning = this.#part.length < BEGINNING.length && this.#awaiting === 'head';
    this.#part += text;
    const isOfChunk = this.#awaiting === 'chunk-line' || this.#awaiting === 'chunk-end';
    const allowed = isOfChunk ? MAX_CHUNK_LINE_BYTES : MAX_HEAD_BYTES - this.#headBytes;
    if (this.#part.length > allowed) return { fault: 'HPE_HEADER_OVERFLOW' };
    if (isBeginning && this.#lines.length === 0 && !begins(this.#part)) {
      return { fault: 'HPE_INVALID_CONSTANT' };
    }
    if (!isLine) return undefined;
    const line = this.#part;
    this.#part = '';
    if (!isOfChunk) this.#headBytes += line.length;
    const content = line.slice(0, -2);
    if (!line.endsWith('\r\n') || CONTROL.test(content)) return { fault: 'HPE_INVALID_CHARACTER' };
    return this.#takeLine(content);
  }

  #takeLine(line: string): Fault | 'complete' | undefined {
    switch (this.#awaiting) {
      case 'head':
        if (line === '') return this.#takeHead();
        this.#lines.push(line);
        return undefined;
      case 'chunk-line':
        return this.#takeChunkLine(line);
      case 'chunk-end':
        this.#awaiting = 'chunk-line';
        return line === '' ? undefined : { fault: 'HPE_INVALID_CHUNK_SIZE' };
      default:
        return line === '' ? 'complete' : undefined;
    }
  }

  #takeHead(): Fault | 'complete' | undefined {
    const head = readHead(this.#lines);
    this.#lines = [];
    if ('fault' in head) return head;
    // An answer before the answer: what is meant is still to come.
    if (head.status < 200) return undefined;
    this.#head = head;
    const { body } = head;
    if (typeof body === 'string') {
      this.#awaiting = body === 'chunked' ? 'chunk-line' : 'close';
      return undefined;
    }
    if (body > this.#maxBodyBytes) return { fault: 'TOO_LARGE' };
    this.#awaiting = 'bytes';
    this.#missingBytes = body;
    return body === 0 ? 'complete' : undefined;
  }

  #takeChunkLine(line: string): Fault | undefined {
    const size = CHUNK_LINE.exec(line)?.[1];
    if (size === undefined) return { fault: 'HPE_INVALID_CHUNK_SIZE' };
    this.#missingBytes = Number.parseInt(size, 16);
    if (this.#bodyBytes + this.#missingBytes > this.#maxBodyBytes) return { fault: 'TOO_LARGE' };
    this.#awaiting = this.#missingBytes === 0 ? 'trailer' : 'bytes';
    return undefined;
  }

  #endOfBytes(bytes: Buffer, at: number): number {
    return this.#awaiting === 'close' ? bytes.length : Math.min(bytes.length, at + this.#missingBytes);
  }

  #takeBytes(bytes: Buffer, from: number, to: number): Fault | 'complete' | undefined {
    const total = this.#bodyBytes + to - from;
    if (total > this.#maxBodyBytes) return { fault: 'TOO_LARGE' };
    this.#makeRoom(total);
    bytes.copy(this.#body, this.#bodyBytes, from, to);
    this.#bodyBytes = total;
    if (this.#awaiting === 'close') return undefined;
    this.#missingBytes -= to - from;
    if (this.#missingBytes > 0) return undefined;
    if (this.#head!.body !== 'chunked') return 'complete';
    this.#awaiting = 'chunk-end';
    return undefined;
  }

  /** As much again each time: many small pieces cost no more than one that is large. */
  #makeRoom(total: number): void {
    if (total <= this.#body.length) return;
    const room = Buffer.allocUnsafe(
      Math.max(total, Math.min(2 * this.#body.length, this.#maxBodyBytes), FIRST_BYTES),
    );
    this.#body.copy(room, 0, 0, this.#bodyBytes);
    this.#body = room;
  }
}

/** Whether it is, or may become, the first line of an answer. */
function begins(text: string): boolean {
  return text.length < BEGINNING.length ? BEGINNING.startsWith(text) : text.startsWith(BEGINNING);
}
