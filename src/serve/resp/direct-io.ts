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
export const READ_BYTES = 8192;

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
let sharedBytes: Buffer | undefined;
let lastPart: Buffer | undefined;

/**
 * From now on `received` is called with what comes, in memory that is read into again afterwards. False where that
 * cannot be, and nothing was done.
 */
export function readDirectly(socket: Socket, received: (bytes: Buffer) => void): boolean {
  const handle = handleOf(socket);
  const symbols = symbolsOf(socket);
  if (!handle || !symbols) return false;
  sharedBytes ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const bytes = sharedBytes;
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[symbols.buffer] = bytes;
  fields[symbols.callback] = (length: number): boolean => {
    received(sharedPart(length));
    return true;
  };
  handle.useUserBuffer(bytes);
  if (streams) hearOf(handle, streams, socket, received);
  return true;
}

/** Has bytes that came go straight to `received`; the end and errors go where they did. */
function hearOf(
  handle: Handle,
  { streamBaseState, kReadBytesOrError }: StreamWrap,
  socket: Socket,
  received: (bytes: Buffer) => void,
): void {
  const { onread } = handle;
  handle.onread = (bytes) => {
    const length = streamBaseState[kReadBytesOrError]!;
    if (length > 0 && !socket.destroyed) received(sharedPart(length));
    else return onread.call(handle, bytes);
  };
}

/** The beginning of what is read into; the same object as before where that was as long. */
function sharedPart(length: number): Buffer {
  if (lastPart?.length !== length) lastPart = sharedBytes!.subarray(0, length);
  return lastPart;
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
    if (!handle || !isIdle) return this.#socket.write(bytes, sent);
    spareRequest ??= new streams!.WriteWrap();
    const status = handle.writeBuffer(spareRequest, bytes);
    const isAsync = streams!.streamBaseState[streams!.kLastWriteWasAsync] !== 0;
    if (isAsync) this.#await(bytes, sent);
    if (status !== 0) this.#socket.destroy();
    return status === 0 && !isAsync;
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
