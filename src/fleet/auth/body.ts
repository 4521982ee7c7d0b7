// The body of a message, received up to its announced length, and believed only if it has the digest that was signed.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../cache/clock.ts';
import { digestOf } from './keyring.ts';

export const MAX_MESSAGE_BYTES = 1 << 20;

/** From the head to the last byte. */
export const BODY_WITHIN_MS = 10_000;

export type BodyProblem = 'truncated' | 'too_slow' | 'bad_digest';

/** Never rejects. `lengthBytes` is what is held, and is bounded by the caller. */
export async function receiveBody(
  request: IncomingMessage,
  lengthBytes: number,
  digest: string,
  clock: Clock,
): Promise<Buffer | BodyProblem> {
  const received = await receiveBytes(request, lengthBytes, clock);
  if (typeof received === 'string') return received;
  return digestOf(received) === digest ? received : 'bad_digest';
}

function receiveBytes(
  request: IncomingMessage,
  lengthBytes: number,
  clock: Clock,
): Promise<Buffer | BodyProblem> {
  return new Promise((resolve) => {
    // Its events are over then: nothing would tell.
    if (request.destroyed) return resolve('truncated');
    const bytes = Buffer.alloc(lengthBytes);
    let at = 0;
    const onData = (chunk: Buffer): void => {
      chunk.copy(bytes, at);
      at += chunk.length;
    };
    const onEnd = (): void => finish(at === lengthBytes ? bytes : 'truncated');
    const onCut = (): void => finish('truncated');
    const finish = (result: Buffer | BodyProblem): void => {
      late.cancel();
      request.off('data', onData).off('end', onEnd).off('close', onCut);
      resolve(result);
    };
    const late = clock.after(BODY_WITHIN_MS, () => finish('too_slow'));
    request.on('data', onData).once('end', onEnd).once('close', onCut);
  });
}
