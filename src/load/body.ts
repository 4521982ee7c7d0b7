// The body of an answer: poured into the sink while it is counted, or thrown away. Either way no connection is left hanging.

import type { BodySink } from '../cache/loader.ts';
import type { LoadError } from '../errors.ts';
import { type Attempt, badAnswer, brokenOff } from './attempt.ts';
import type { Answer } from './wire.ts';

/** A body that nobody wants is read up to here, so that its connection can be used again; beyond it is closed. */
const MAX_DISCARDED_BYTES = 64 * 1024;

/** Throws LoadError, and whatever the sink throws. */
export async function pour(
  answer: Answer,
  sink: BodySink,
  maxBytes: number,
  attempt: Attempt,
): Promise<void> {
  const announcedBytes = contentLength(answer);
  try {
    if ((announcedBytes ?? 0) > maxBytes) throw tooLarge(attempt, maxBytes);
    if (announcedBytes !== undefined) sink.expect(announcedBytes);
    for await (const chunk of chunksOf(answer, attempt)) {
      if (attempt.sunkBytes + chunk.length > maxBytes) throw tooLarge(attempt, maxBytes);
      attempt.sunkBytes += chunk.length;
      sink.append(chunk);
    }
  } finally {
    answer.body.destroy();
  }
}

/** Turns what breaks the stream into a LoadError, so that what the reader of the chunks throws stays as it is. */
export async function* chunksOf(answer: Answer, attempt: Attempt): AsyncGenerator<Buffer, void, undefined> {
  const chunks: AsyncIterator<Buffer> = answer.body[Symbol.asyncIterator]();
  for (;;) {
    const next = await chunks.next().catch((error: unknown) => {
      throw brokenOff(attempt, error);
    });
    if (next.done === true) break;
    yield next.value;
  }
  // Node's parser knows whether the answer ended or only its bytes did.
  if (attempt.answer?.complete === false) throw brokenOff(attempt, new Error('the answer is not complete'));
}

/** Never throws: what was to be known of the answer is known. */
export async function discard(answer: Answer): Promise<void> {
  try {
    let discardedBytes = 0;
    const chunks: AsyncIterable<Buffer> = answer.body;
    for await (const chunk of chunks) {
      discardedBytes += chunk.length;
      if (discardedBytes > MAX_DISCARDED_BYTES) break;
    }
  } catch {
    // The connection is gone, as it would be anyway.
  } finally {
    answer.body.destroy();
  }
}

/** Of an answer that Node's parser accepted, so a number if it is there at all. */
function contentLength(answer: Answer): number | undefined {
  const text = answer.headers.get('content-length');
  return text !== null && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

export function tooLarge(attempt: Attempt, maxBytes: number): LoadError {
  return badAnswer(attempt, `answered with more than the ${maxBytes} bytes of max_value`);
}
