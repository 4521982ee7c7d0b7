// The answer for several keys: each member of its JSON object goes to the loads that wait for the key of that name.

import type { LoadRequest } from '../cache/loader.ts';
import type { LoadError } from '../errors.ts';
import { type Attempt, badAnswer } from './attempt.ts';
import { chunksOf, tooLarge } from './body.ts';
import { JsonMembers } from './json-members.ts';
import type { Answer } from './wire.ts';

/** Bytes that no load waits for: names, white space, members that nobody asked for. Or `max_value`, if that is more. */
const MAX_UNWANTED_BYTES = 1024 * 1024;
/** A part up to this long is copied out of its chunk: a sink may keep it, and the whole chunk with it. */
const MAX_COPIED_BYTES = 4096;
/** A character of a key may be written as six: `\u0061`. */
const MAX_ESCAPED = 6;

/** What one load gets of the answer. It holds nothing of its key, which may be long and wait for long. */
export class Delivery {
  isThere = false;
  /** Of this load alone. */
  failure: unknown;
  readonly #request: LoadRequest;
  #sunkBytes = 0;

  constructor(request: LoadRequest) {
    this.#request = request;
  }

  get key(): Buffer {
    return this.#request.key;
  }

  append(part: Uint8Array, maxBytes: number, tooLarge: () => LoadError): void {
    // Who has given up has released the sink.
    if (this.failure !== undefined || this.#request.signal.aborted) return;
    this.#sunkBytes += part.length;
    try {
      if (this.#sunkBytes > maxBytes) throw tooLarge();
      this.#request.sink.append(part);
    } catch (error) {
      this.failure = error;
    }
  }
}

/** Throws LoadError where the answer as a whole cannot be used. */
export async function deliver(
  answer: Answer,
  deliveries: readonly Delivery[],
  maxValueBytes: number,
  attempt: Attempt,
): Promise<void> {
  const members = new Members(deliveries, maxValueBytes, attempt);
  const json = new JsonMembers(members, members.maxNameBytes);
  let bytes = 0;
  for await (const chunk of chunksOf(answer, attempt)) {
    bytes += chunk.length;
    if (!json.write(chunk)) throw noObject(attempt);
    if (members.repeated) throw badAnswer(attempt, 'answered with a JSON object that has a key twice');
    const unwantedBytes = bytes - attempt.sunkBytes;
    if (unwantedBytes > Math.max(MAX_UNWANTED_BYTES, maxValueBytes)) {
      throw badAnswer(attempt, 'answered with too much that was not asked for');
    }
  }
  if (!json.isWhole) throw noObject(attempt);
}

function noObject(attempt: Attempt): LoadError {
  return badAnswer(attempt, 'answered with something that is not a JSON object');
}

class Members {
  /** A key that was asked for came again: which of the two it is, nobody can say. */
  repeated = false;
  readonly maxNameBytes: number;
  /** A Map, as keys may be called like the properties of objects. */
  readonly #byKey = new Map<string, Delivery[]>();
  readonly #maxValueBytes: number;
  readonly #attempt: Attempt;
  #current: readonly Delivery[] = [];

  constructor(deliveries: readonly Delivery[], maxValueBytes: number, attempt: Attempt) {
    for (const delivery of deliveries) {
      // An earlier try may have got as far as its name.
      delivery.isThere = false;
      const name = delivery.key.toString();
      const others = this.#byKey.get(name);
      if (others === undefined) this.#byKey.set(name, [delivery]);
      else others.push(delivery);
    }
    this.maxNameBytes = 2 + MAX_ESCAPED * Math.max(...deliveries.map(({ key }) => key.length));
    this.#maxValueBytes = maxValueBytes;
    this.#attempt = attempt;
  }

  begin(name: string | undefined): void {
    this.#current = (name === undefined ? undefined : this.#byKey.get(name)) ?? [];
    for (const delivery of this.#current) {
      this.repeated ||= delivery.isThere;
      delivery.isThere = true;
    }
  }

  append(part: Uint8Array): void {
    if (this.#current.length === 0) return;
    this.#attempt.sunkBytes += part.length;
    const own = part.length > MAX_COPIED_BYTES ? part : copied(part);
    const tooMuch = (): LoadError => tooLarge(this.#attempt, this.#maxValueBytes);
    for (const delivery of this.#current) delivery.append(own, this.#maxValueBytes, tooMuch);
  }
}

/** Not of Node's pool, a slab of which would be held for a few bytes. */
function copied(part: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafeSlow(part.length);
  bytes.set(part);
  return bytes;
}
