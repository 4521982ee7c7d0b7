// Reads and writes of a socket without the streams that Node puts over it, which take more time than a short command.
//
// Reads: Node can be told, when a socket is made, to read into memory of the owner's (the option `onread` of net.Socket);
// here that is done to a socket that was accepted. Writes: the handle below the socket takes bytes and says at once whether
// the system took them. Both use what is not part of Node's interface, so all of it is looked for first, and where a piece
// is not as it is known to be, the socket is used as anybody does.
// Known to be there in Node 20, 22 and 24: lib/net.js, lib/internal/stream_base_commons.js, src/stream_base.cc, and of
// process.binding what is called stream_wrap.

import type { Socket } from 'node:net';
import type { Sink } from './outbox.ts';

/** One turn reads one socket after another, and each is done with what came before the next is read. What came of one for
 * which there is no room is kept all the same: hence no more. */
const READ_BYTES = 8192;
/** Where more than that comes at one time, fewer reads are faster; only so many sockets are read with more. */
const WIDE_READ_BYTES = 32_768;
const MOST_WIDE = 64;

interface WriteRequest {
  oncomplete: (status: number) => void;
  buffer: Uint8Array | undefined;
}

/** What is below all streams. */
interface StreamWrap {
  readonly WriteWrap: new () => WriteRequest;
  /** Facts of the call before, at places that are named beside it. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
  readonly kReadBytesOrError: number;
}

interface Handle {
  /** Told of each read: of how many bytes, the state says. */
  onread: (this: Handle, bytes: unknown) => unknown;
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  useUserBuffer(bytes: Uint8Array): void;
}

const streams = streamWrap();
/** Not handed to the system: it takes a request only where it could not write all at once. */
let spareRequest: WriteRequest | undefined;
/** What is read into by all, by most only the beginning of it. */
let wideBytes: Buffer | undefined;
let narrowBytes: Buffer | undefined;
/** Beginnings of it, by their length: what comes is of a few lengths mostly, and each of them is an object. */
const parts: Buffer[] = [];
const PARTS_MASK = 63;
let wideSockets = 0;

/** Told of what came; `isMore`: it filled the memory that was read into, so there may be more. */
type Received = (bytes: Buffer, isMore: boolean) => void;

/**
 * From now on `received` is called with what comes, in memory that is read into again afterwards. False where that
 * cannot be, and nothing was done.
 */
export function readDirectly(socket: Socket, received: Received): boolean {
  const handle = handleOf(socket);
  const symbols = symbolsOf(socket);
  if (!handle || !symbols) return false;
  wideBytes ??= Buffer.allocUnsafeSlow(WIDE_READ_BYTES);
  narrowBytes ??= wideBytes.subarray(0, READ_BYTES);
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[symbols.buffer] = narrowBytes;
  fields[symbols.callback] = (length: number): boolean => {
    received(firstPart(length), length === READ_BYTES);
    return true;
  };
  handle.useUserBuffer(narrowBytes);
  if (streams) hearOf(handle, streams, socket, received);
  return true;
}

/** Has bytes that came go straight to `received`; the end and errors go where they did. */
function hearOf(
  handle: Handle,
  { streamBaseState, kReadBytesOrError }: StreamWrap,
  socket: Socket,
  received: Received,
): void {
  const { onread } = handle;
  const width = new ReadWidth(socket);
  handle.onread = (bytes) => {
    const length = streamBaseState[kReadBytesOrError]!;
    if (length <= 0 || socket.destroyed) return onread.call(handle, bytes);
    received(firstPart(length), length === width.bytes);
    return width.next(length);
  };
}

/** How much of one socket is read at one time. */
class ReadWidth {
  readonly #socket: Socket;
  bytes = READ_BYTES;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** What is read into from now on, where that is to be other memory than before. */
  next(length: number): Buffer | undefined {
    if (this.bytes === READ_BYTES ? length < READ_BYTES : length > READ_BYTES) return undefined;
    if (this.bytes !== READ_BYTES) return this.#narrow();
    if (wideSockets === MOST_WIDE || this.#socket.destroyed) return undefined;
    wideSockets++;
    this.#socket.once('close', this.#narrow);
    this.bytes = WIDE_READ_BYTES;
    return wideBytes;
  }

  readonly #narrow = (): Buffer | undefined => {
    wideSockets--;
    this.#socket.off('close', this.#narrow);
    this.bytes = READ_BYTES;
    return narrowBytes;
  };
}

/** The beginning of what is read into, so long. */
function firstPart(length: number): Buffer {
  const at = length & PARTS_MASK;
  if (parts[at]?.length !== length) parts[at] = wideBytes!.subarray(0, length);
  return parts[at]!;
}

/** Where bytes go: the handle below the socket, or the socket. */
export class DirectSink implements Sink {
  readonly #socket: Socket;
  readonly #handle: Handle | undefined;
  /** Handed to the system and not taken by it yet, or on its way through the socket. */
  #isWaiting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#handle = streams && handleOf(socket);
  }

  get writableLength(): number {
    return this.#isWaiting ? 1 : this.#socket.writableLength;
  }

  write(bytes: Uint8Array, sent: (error?: Error | null) => void): boolean {
    const handle = this.#handle;
    const isIdle = !this.#isWaiting && this.#socket.writableLength === 0 && this.#socket.writable;
    if (!handle || !isIdle) {
      this.#socket.write(bytes, sent);
      return this.writableLength === 0;
    }
    spareRequest ??= new streams!.WriteWrap();
    const status = handle.writeBuffer(spareRequest, bytes);
    const isAsync = streams!.streamBaseState[streams!.kLastWriteWasAsync] !== 0;
    if (isAsync) this.#await(bytes, sent);
    if (status !== 0) this.#socket.destroy();
    return !isAsync;
  }

  /** The system has the request until it says so. */
  #await(bytes: Uint8Array, sent: (error?: Error | null) => void): void {
    const request = spareRequest!;
    spareRequest = undefined;
    this.#isWaiting = true;
    request.buffer = bytes;
    request.oncomplete = (failed) => {
      this.#isWaiting = false;
      request.buffer = undefined;
      if (failed < 0) this.#socket.destroy();
      else sent();
    };
  }
}

function streamWrap(): StreamWrap | undefined {
  try {
    const { binding } = process as unknown as { binding: (name: string) => Partial<StreamWrap> };
    const wrap = binding('stream_wrap');
    const { WriteWrap, streamBaseState, kLastWriteWasAsync, kReadBytesOrError } = wrap;
    const isKnown =
      typeof WriteWrap === 'function' &&
      streamBaseState instanceof Int32Array &&
      [kLastWriteWasAsync, kReadBytesOrError].every((at) => at !== undefined && at < streamBaseState.length);
    return isKnown ? (wrap as StreamWrap) : undefined;
  } catch {
    return undefined;
  }
}

function handleOf(socket: Socket): Handle | undefined {
  const { _handle: handle } = socket as unknown as { _handle: Partial<Handle> | null };
  const { writeBuffer, useUserBuffer, onread } = handle ?? {};
  if ([writeBuffer, useUserBuffer, onread].some((known) => typeof known !== 'function')) return undefined;
  return handle as Handle;
}

/** The fields in which Node keeps what `onread` gave. */
function symbolsOf(socket: Socket): { buffer: symbol; callback: symbol } | undefined {
  let buffer: symbol | undefined;
  let callback: symbol | undefined;
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    if (symbol.description === 'kBuffer') buffer = symbol;
    else if (symbol.description === 'kBufferCb') callback = symbol;
  }
  return buffer && callback && { buffer, callback };
}
