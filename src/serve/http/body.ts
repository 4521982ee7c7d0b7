// Request bodies: a value into a draft, as memory allows; a small form into text.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError, RoomError, TooLargeError } from '../../errors.ts';
import type { Draft } from '../../store/draft.ts';
import type { Context } from './context.ts';

/** A sender that sends nothing for this long is given up. */
const SILENT_AFTER_MS = 30_000;

/** Receives the whole body. Throws RequestError, TooLargeError or RoomError; the draft is the caller's to release. */
export async function receiveValue(
  request: IncomingMessage,
  response: ServerResponse,
  draft: Draft,
  { uploads, garbage }: Pick<Context, 'uploads' | 'garbage'>,
): Promise<void> {
  const announced = contentLength(request);
  if (announced !== undefined) await uploads.admit(() => draft.expect(announced), request);
  goOn(request, response);
  await eachChunk(request, (chunk) => {
    draft.append(chunk);
    garbage.passed(chunk.length);
  });
}

/** Receives at most `maxBytes` as text, one byte a character. Throws RequestError, TooLargeError, RoomError. */
export async function receiveText(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  context: Pick<Context, 'headroom' | 'garbage'>,
): Promise<string> {
  return (await receiveBytes(request, response, maxBytes, context)).toString('latin1');
}

/** Receives at most `maxBytes`. Throws RequestError, TooLargeError, RoomError. */
export async function receiveBytes(
  request: IncomingMessage,
  response: ServerResponse,
  maxBytes: number,
  { headroom, garbage }: Pick<Context, 'headroom' | 'garbage'>,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let chargedBytes = 0;
  const take = (length: number): void => {
    if (length > maxBytes) throw new TooLargeError(`this body may have at most ${maxBytes} bytes`);
    if (length <= chargedBytes) return;
    if (!headroom.charge(length - chargedBytes)) throw new RoomError('there is no memory left for this body');
    chargedBytes = length;
  };
  try {
    take(contentLength(request) ?? 0);
    goOn(request, response);
    await eachChunk(request, (chunk) => {
      bytes += chunk.length;
      take(bytes);
      chunks.push(chunk);
    });
    return Buffer.concat(chunks);
  } finally {
    headroom.release(chargedBytes);
    garbage.passed(TIMES_COPIED * bytes);
  }
}

/** As it came, as one, and as text. */
const TIMES_COPIED = 3;

function contentLength(request: IncomingMessage): number | undefined {
  const text = request.headers['content-length'];
  return text === undefined ? undefined : Number(text);
}

/** A client that asked whether to send is told to, now that nothing speaks against it. */
function goOn(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.expect?.toLowerCase() === '100-continue') response.writeContinue();
}

function eachChunk(request: IncomingMessage, take: (chunk: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // Its events are over then: nothing would tell.
    if (request.destroyed) {
      reject(endedEarly());
      return;
    }
    const silent = setTimeout(
      () => fail(new RequestError('bad_request', 'the body did not come')),
      SILENT_AFTER_MS,
    );
    const fail = (error: unknown): void => {
      clearTimeout(silent);
      request.off('data', onData);
      request.pause();
      reject(error);
    };
    const onData = (chunk: Buffer): void => {
      silent.refresh();
      try {
        take(chunk);
      } catch (error) {
        fail(error);
      }
    };
    const cut = (): void => fail(endedEarly());
    request.on('data', onData);
    request.once('end', () => {
      clearTimeout(silent);
      resolve();
    });
    request.once('aborted', cut);
    request.once('error', cut);
    request.once('close', cut);
  });
}

function endedEarly(): RequestError {
  return new RequestError('bad_request', 'the body ended before its announced length');
}
