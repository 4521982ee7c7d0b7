// The HTTP loader of several keys at once: what is missed together is asked for in one request, and answered by one
// JSON object of values by key.
//
// Its members go into the loads' sinks while they arrive, so each is charged, and bounded by max_value, as the body of
// any other load; the object as a whole is never held.

import { isUtf8 } from 'node:buffer';
import type { Loaded, Loader, LoadRequest } from '../cache/loader.ts';
import { RequestError } from '../errors.ts';
import { encodePercent } from '../units/percent.ts';
import { isAbsent, readingValue, type Said } from './answer.ts';
import type { Attempt } from './attempt.ts';
import { Batcher } from './batch.ts';
import type { Clock } from './deadline.ts';
import type { LoaderParts } from './http.ts';
import { Delivery, deliver } from './members.ts';
import type { Answer } from './wire.ts';

/** Longer URLs are refused by many servers. A key that is longer by itself goes alone. */
const MAX_URL_BYTES = 8000;

export function createBatchLoader({ template, origin, rules, config, deps }: LoaderParts): Loader {
  const read = async (
    deliveries: readonly Delivery[],
    answer: Answer,
    attempt: Attempt,
  ): Promise<Loaded[]> => {
    const { status } = answer;
    if (await isAbsent(answer, attempt)) return deliveries.map(() => ({ kind: 'absent', status }));
    return await readingValue(answer, rules, attempt, async (said) => {
      await deliver(answer, deliveries, rules.maxValueBytes, attempt);
      if (said.terms.unstorable !== undefined) deps.onUnstorable?.(said.terms.unstorable);
      return deliveries.map(({ isThere }) =>
        isThere ? valueFor(said, status) : { kind: 'absent', status: 404 },
      );
    });
  };

  const batcher = new Batcher<Delivery, Loaded>({
    fetch: (deliveries, signal) => {
      const url = template.fillMany([...new Set(deliveries.map(({ key }) => encodePercent(key)))]);
      return origin.ask({ url, etag: undefined, signal }, (answer, attempt) =>
        read(deliveries, answer, attempt),
      );
    },
    limits: {
      windowMs: config.batchWindowMs,
      size: config.batchSize,
      maxBytes: Math.max(1, MAX_URL_BYTES - template.bytes),
      concurrency: config.concurrency,
    },
    clock: { now: deps.now, after: (delayMs, run) => after(deps, delayMs, run) },
    bytesOf: ({ key }) => encodePercent(key).length + 1,
  });

  const load = async (request: LoadRequest): Promise<Loaded> => {
    refuseUnnameable(request.key);
    const delivery = new Delivery(request);
    const loaded = await batcher.load(delivery, request.signal);
    if (delivery.failure !== undefined) throw delivery.failure;
    return loaded;
  };

  return {
    load,
    reachable: origin.reachable,
    close: () => {
      batcher.close();
      origin.close();
    },
  };
}

/** Of no ETag: the answer's is one of all its keys. */
function valueFor({ tags, terms }: Said, status: number): Loaded {
  return { kind: 'value', contentType: 'application/json', etag: undefined, tags: [...tags], terms, status };
}

/** What no member of a JSON object can be called, or no list of keys can show. */
function refuseUnnameable(key: Buffer): void {
  if (key.length === 0)
    throw new RequestError('bad_key', 'an empty key cannot stand in the list of a loader');
  if (!isUtf8(key))
    throw new RequestError('bad_key', 'a key that is no UTF-8 cannot stand in the list of a loader');
}

function after(clock: Clock, delayMs: number, run: () => void): { cancel(): void } {
  const stop = new AbortController();
  const over = (): void => {
    if (!stop.signal.aborted) run();
  };
  clock.delay(delayMs, stop.signal).then(over, () => undefined);
  return { cancel: () => stop.abort('over') };
}
