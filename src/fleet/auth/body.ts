// The body of a message, received up to its announced length, and believed only if it has the digest that was signed.
//
// The length is announced by anybody: memory is charged for what has come, in steps, and for none of what may come.

import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../cache/clock.ts';
import { digestOf } from './keyring.ts';

export const MAX_MESSAGE_BYTES = 1 << 20;
/** Anybody may send one that was recorded. */
export const MAX_HELLO_BYTES = 4 << 10;

/** From the head to the last byte. */
export const BODY_WITHIN_MS = 10_000;

const FIRST_BYTES = 1 << 10;
/** Up to here what the values take is little, however small they are. */
const SMALL_BYTES = 16 << 10;
/** As it came, as text, and either twice for a moment. */
const TIMES_HELD = 3;

export type BodyProblem = 'truncated' | 'too_slow' | 'bad_digest' | 'no_room';

/** What is held for one message. */
export interface Held {
  /** False where there is no memory for so much more. */
  charge(bytes: number): boolean;
}

/** Never rejects. `lengthBytes` is bounded by the caller, who releases what was charged. */
export async function receiveBody(
  request: IncomingMessage,
  lengthBytes: number,
  digest: string,
  clock: Clock,
  held: Held,
): Promise<Buffer | BodyProblem> {
  const received = await receiveBytes(request, lengthBytes, clock, held);
  if (typeof received === 'string') return received;
  return digestOf(received) === digest ? received : 'bad_digest';
}

function receiveBytes(
  request: IncomingMessage,
  lengthBytes: number,
  clock: Clock,
  held: Held,
): Promise<Buffer | BodyProblem> {
  return new Promise((resolve) => {
    // Its events are over then: nothing would tell.
    if (request.destroyed) return resolve('truncated');
    const isSmall = lengthBytes <= SMALL_BYTES;
    let bytes: Buffer = Buffer.alloc(0);
    let at = 0;
    const onData = (chunk: Buffer): void => {
      const larger = roomFor(at + chunk.length, bytes, lengthBytes, held);
      if (larger === undefined || !(isSmall || held.charge(parsedBytes(chunk)))) {
        finish('no_room');
        return;
      }
      bytes = larger;
      at += chunk.copy(bytes, at);
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

/** The same bytes, with room for so many; undefined where there is no memory for them. */
function roomFor(neededBytes: number, bytes: Buffer, lengthBytes: number, held: Held): Buffer | undefined {
  if (neededBytes <= bytes.length) return bytes;
  const grownBytes = Math.min(lengthBytes, Math.max(FIRST_BYTES, 2 * bytes.length, neededBytes));
  if (!held.charge(TIMES_HELD * (grownBytes - bytes.length))) return undefined;
  const larger = Buffer.alloc(grownBytes);
  bytes.copy(larger);
  return larger;
}

/** By byte: what a value of each kind takes. */
const COSTS = new Uint8Array(256);
for (const [text, bytes] of Object.entries({ '{': 64, '[': 48, ':': 64, ',': 24 })) {
  COSTS[text.charCodeAt(0)] = bytes;
}

/** What the JSON takes once it is parsed, beside its texts: many small values take twenty times their text. */
function parsedBytes(json: Buffer): number {
  let bytes = 0;
  for (let at = 0; at < json.length; at++) bytes += COSTS[json[at]!]!;
  return bytes;
}
